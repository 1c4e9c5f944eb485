//! Prometheus metrics of `churnwatch rekey`.

use prometheus::proto::MetricFamily;
use prometheus::{Gauge, IntCounter, IntGauge};

use crate::service::telemetry::base::Base;
use crate::service::telemetry::registry::RegistryMetrics;
use crate::service::telemetry::spans::SpanMetrics;

/// Every metric of the command.
#[derive(Clone)]
pub struct RekeyMetrics {
    base: Base,
    ready: IntGauge,
    registry: RegistryMetrics,
    records: IntCounter,
    events: IntCounter,
    dead_letters: IntCounter,
    unused: IntCounter,
    restarts: IntCounter,
    lag: IntGauge,
    lag_seconds: Gauge,
    waiting: IntGauge,
}

/// What came of the records of one transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Records read.
    pub records: u64,
    /// Events written.
    pub events: u64,
    /// Dead letters written.
    pub dead_letters: u64,
    /// Records that tell nothing of ours.
    pub unused: u64,
}

impl RekeyMetrics {
    /// All metrics at zero. Fails only if two had the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let base = Base::new()?;
        let register = base.register();
        Ok(Self {
            ready: register.whole_gauge("ready", "1 while it is a member of its groups, as /readyz says")?,
            registry: RegistryMetrics::new(&register)?,
            records: register.counter("rekey_records_total", "Records read and committed")?,
            events: register.counter("rekey_events_total", "Events written under their customer's key")?,
            dead_letters: register
                .counter("rekey_dead_letters_total", "Records of which something could not be used")?,
            unused: register.counter("rekey_unused_records_total", "Records that tell nothing of ours")?,
            restarts: register.counter("rekey_restarts_total", "Times that it began anew with fresh clients")?,
            lag: register
                .whole_gauge("rekey_lag_records", "Records of this process's partitions that are not committed")?,
            lag_seconds: register
                .gauge("rekey_lag_seconds", "Age of the oldest record read that is not committed; 0 where none is")?,
            waiting: register
                .whole_gauge("rekey_waiting_records", "Records in memory that wait for other partitions")?,
            base,
        })
    }

    /// A transaction was committed.
    pub fn committed(&self, came: Came) {
        self.records.inc_by(came.records);
        self.events.inc_by(came.events);
        self.dead_letters.inc_by(came.dead_letters);
        self.unused.inc_by(came.unused);
    }

    /// It begins anew.
    pub fn restarted(&self) {
        self.restarts.inc();
    }

    /// How far it is.
    pub fn stand(&self, lag: i64, waiting: usize) {
        self.lag.set(lag);
        self.waiting.set(waiting as i64);
    }

    /// How old the oldest record is that was read and is not committed.
    pub fn oldest(&self, age_seconds: f64) {
        self.lag_seconds.set(age_seconds);
    }

    /// What is told of the schema registry.
    pub const fn registry(&self) -> &RegistryMetrics {
        &self.registry
    }

    /// What became of its spans.
    pub fn spans(&self) -> SpanMetrics {
        self.base.spans.clone()
    }

    /// The metrics in Prometheus's text format; whether it is ready is known where they are asked for.
    pub fn text(&self, is_ready: bool) -> String {
        self.ready.set(i64::from(is_ready));
        self.base.text()
    }

    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.base.gather()
    }
}
