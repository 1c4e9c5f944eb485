//! Prometheus metrics, observed after a commit. Labels come from closed sets; never a customer.

use std::collections::{BTreeMap, BTreeSet};

use iso_currency::Currency;
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use crate::engine::alerting::segment::Segments;
use crate::engine::day::Day;
use crate::engine::drift::DriftFigures;
use crate::engine::event::Reason;
use crate::engine::packed::census::Census;
use crate::processor::stats::{Stats, event_type};
use crate::service::status::Phase;
use crate::service::telemetry::base::Base;
use crate::service::telemetry::business::Business;
use crate::service::telemetry::modelled::Modelled;
use crate::service::telemetry::registry::RegistryMetrics;
use crate::service::telemetry::spans::SpanMetrics;

/// Of a transaction: from a broker next door to one that is given up on.
const COMMIT_SECONDS: [f64; 11] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Of the close of a day: from a small partition to where Kafka takes it away.
const CLOSE_SECONDS: [f64; 11] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// Of a restore: the sizes of docs/operations.md.
const RESTORE_SECONDS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// How far a partition is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headway {
    /// The last closed day.
    pub closed_day: Option<i32>,
    /// Days that are due to close by the wall clock and are not closed; `None` where no wall clock closes days.
    pub closes_due: Option<i32>,
    /// Offsets not yet committed; `None` where no broker tells.
    pub lag_records: Option<i64>,
    /// How old the oldest record is that waits to be committed.
    pub lag_seconds: Option<f64>,
}

/// Every metric of the service.
#[derive(Clone)]
pub struct Metrics {
    base: Base,
    business: Business,
    modelled: Modelled,
    registry: RegistryMetrics,
    records: IntCounter,
    events: IntCounterVec,
    duplicates: IntCounter,
    erased: IntCounter,
    unused: IntCounter,
    unknown_fields: IntCounter,
    dead_letters: IntCounterVec,
    closes: IntCounter,
    close_seconds: Histogram,
    commits: IntCounter,
    commit_seconds: Histogram,
    rolled_back: IntCounter,
    rebuilt: IntCounter,
    offset_gaps: IntCounter,
    restored_records: IntCounter,
    restore_seconds: Histogram,
    restore_left: IntGauge,
    ready: IntGauge,
    workers: IntGaugeVec,
    state_bytes: IntGaugeVec,
    customers: IntGaugeVec,
    state_limit: IntGaugeVec,
    closed_day: IntGaugeVec,
    closes_due: IntGaugeVec,
    lag: IntGaugeVec,
    lag_seconds: GaugeVec,
    source_silent: IntGauge,
}

impl Metrics {
    /// All metrics at zero. Fails only if two had the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let base = Base::new()?;
        let register = base.register();
        let partitioned = |name: &str, help: &str| register.whole_gauges(name, help, &["partition"]);
        let metrics = Self {
            business: Business::new(&register)?,
            modelled: Modelled::new(&register)?,
            registry: RegistryMetrics::new(&register)?,
            records: register.counter("records_total", "Input records read and committed")?,
            events: register.counters("events_total", "Usable events by type", &["type"])?,
            duplicates: register.counter("duplicate_events_total", "Events that were known already")?,
            erased: register
                .counter("erased_events_total", "Events from before their customer asked to be forgotten, dropped")?,
            unused: register.counter("unused_records_total", "Records of foreign shapes that tell nothing of ours")?,
            unknown_fields: register.counter("unknown_fields_total", "Fields of events that nobody here knows")?,
            dead_letters: register.counters(
                "dead_letters_total",
                "Inputs that could not be used, by reason",
                &["reason"],
            )?,
            closes: register.counter("closes_total", "Days closed, over all partitions")?,
            close_seconds: register.histogram(
                "close_duration_seconds",
                "Time that the close of one day in one partition took, transactions in it included",
                &CLOSE_SECONDS,
            )?,
            commits: register.counter("commits_total", "Committed transactions")?,
            commit_seconds: register.histogram(
                "commit_duration_seconds",
                "Time of one transaction, from its hand-over to its end",
                &COMMIT_SECONDS,
            )?,
            rolled_back: register.counter("rolled_back_batches_total", "Transactions aborted and done again")?,
            rebuilt: register.counter(
                "rebuilds_total",
                "Producers replaced and states read again after a commit of unknown outcome, or because a client had lost its brokers",
            )?,
            offset_gaps: register.counter("offset_gaps_total", "Input records that were gone before they were read")?,
            restored_records: register
                .counter("restored_records_total", "Changelog records read at start and after rebalances")?,
            restore_seconds: register.histogram(
                "restore_duration_seconds",
                "Time that a worker took to read its partitions from the changelog",
                &RESTORE_SECONDS,
            )?,
            restore_left: register.whole_gauge(
                "restore_left_offsets",
                "Offsets of the changelog still to be read before the partitions are ready; 0 when nothing is being restored",
            )?,
            ready: register.whole_gauge("ready", "1 while every worker is at work, as /readyz says")?,
            workers: register.whole_gauges("workers", "Workers of this process by what they do", &["phase"])?,
            state_bytes: partitioned("state_bytes", "Memory that the customers take, index included")?,
            customers: partitioned("customers", "Customers in memory")?,
            state_limit: partitioned(
                "state_limit_customers",
                "Most customers that the partition takes in; none without service.max_customers_per_partition",
            )?,
            closed_day: partitioned("closed_day", "Last closed day, as days since 1970-01-01")?,
            closes_due: partitioned(
                "closes_due",
                "Days that are due to close by the wall clock and are not closed; none with the event clock",
            )?,
            lag: partitioned("lag_records", "Input records not yet committed")?,
            lag_seconds: register.gauges(
                "lag_seconds",
                "Age of the oldest record that waits to be committed; 0 where none waits",
                &["partition"],
            )?,
            source_silent: register.whole_gauge(
                "source_silent",
                "1 while no input has moved for time.source_silence, so that days are held open",
            )?,
            base,
        };
        metrics.name_labels();
        Ok(metrics)
    }

    /// Makes every series known from the start, so that a rate over a first event is not lost.
    fn name_labels(&self) {
        for at in 0..crate::processor::stats::EVENT_TYPES {
            self.events.with_label_values(&[event_type(at)]);
        }
        for reason in Reason::ALL {
            self.dead_letters.with_label_values(&[reason.words()]);
        }
        self.phases(&[], false);
    }

    /// The segments that customers move between, and the currency of money.
    pub fn configured(&self, segments: &Segments, currency: Currency) {
        self.business.configured(segments, currency);
    }

    /// Counts what one commit brought.
    pub fn committed(&self, fresh: &Stats) {
        self.records.inc_by(fresh.records);
        for (at, count) in fresh.events.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.events.with_label_values(&[event_type(at)]).inc_by(*count);
        }
        self.duplicates.inc_by(fresh.duplicates);
        self.erased.inc_by(fresh.erased);
        self.unused.inc_by(fresh.unused);
        self.unknown_fields.inc_by(fresh.unknown_fields);
        for (reason, count) in Reason::ALL.iter().zip(fresh.dead_letters).filter(|(_, count)| *count > 0) {
            self.dead_letters.with_label_values(&[reason.words()]).inc_by(count);
        }
        self.closes.inc_by(fresh.closes);
        self.business.committed(fresh);
    }

    /// One transaction was committed.
    pub fn transaction(&self, seconds: f64) {
        self.commits.inc();
        self.commit_seconds.observe(seconds);
    }

    /// One transaction was aborted.
    pub fn rolled_back(&self) {
        self.rolled_back.inc();
    }

    /// The producer was replaced and the states read again.
    pub fn rebuilt(&self) {
        self.rebuilt.inc();
    }

    /// A day was closed in a partition.
    pub fn closed(&self, seconds: f64) {
        self.close_seconds.observe(seconds);
    }

    /// Records were gone before they were read.
    pub fn offset_gap(&self, records: u64) {
        self.offset_gaps.inc_by(records);
    }

    /// Changelog records were read.
    pub fn restored(&self, records: u64) {
        self.restored_records.inc_by(records);
    }

    /// A worker's partitions are restored.
    pub fn restore(&self, seconds: f64) {
        self.restore_seconds.observe(seconds);
    }

    /// So many more offsets of the changelog are left to be read, or fewer.
    pub fn left_to_restore(&self, more: i64) {
        self.restore_left.add(more);
    }

    /// What the workers do.
    pub fn phases(&self, workers: &[Phase], ready: bool) {
        self.ready.set(i64::from(ready));
        for phase in Phase::ALL {
            let count = workers.iter().filter(|worker| **worker == phase).count();
            self.workers.with_label_values(&[phase.name()]).set(count as i64);
        }
    }

    /// A partition's customers, the most that it takes in, and the memory that they take.
    pub fn state(&self, partition: u32, customers: usize, most: Option<usize>, bytes: usize) {
        let label = partition.to_string();
        self.customers.with_label_values(&[&label]).set(customers as i64);
        self.state_bytes.with_label_values(&[&label]).set(bytes as i64);
        if let Some(most) = most {
            self.state_limit.with_label_values(&[&label]).set(most as i64);
        }
    }

    /// How far a partition is.
    pub fn stand(&self, partition: u32, headway: Headway) {
        let label = partition.to_string();
        let Headway { closed_day, closes_due, lag_records, lag_seconds } = headway;
        let whole = [(&self.closed_day, closed_day), (&self.closes_due, closes_due)];
        for (gauges, days) in whole.into_iter().filter_map(|(gauges, days)| Some((gauges, days?))) {
            gauges.with_label_values(&[&label]).set(i64::from(days));
        }
        if let Some(lag) = lag_records {
            self.lag.with_label_values(&[&label]).set(lag);
        }
        if let Some(seconds) = lag_seconds {
            self.lag_seconds.with_label_values(&[&label]).set(seconds);
        }
    }

    /// How a partition's customers stand since its last close.
    pub fn census(&self, partition: u32, census: Census) {
        self.business.stand(partition, Some(census));
    }

    /// A partition is no longer this process's.
    pub fn partition_gone(&self, partition: u32) {
        let label = partition.to_string();
        let Self { customers, state_limit, state_bytes, closed_day, closes_due, lag, .. } = self;
        for gauges in [customers, state_limit, state_bytes, closed_day, closes_due, lag] {
            let _ = gauges.remove_label_values(&[&label]);
        }
        let _ = self.lag_seconds.remove_label_values(&[&label]);
        self.business.stand(partition, None);
    }

    /// Whether the inputs have been silent for too long.
    pub fn source_silent(&self, silent: bool) {
        self.source_silent.set(i64::from(silent));
    }

    /// A promotion can't be used.
    pub fn model_refused(&self) {
        self.modelled.refused();
    }

    /// Partitions by the model in force; a model that was `shown` and has none left goes.
    pub fn models_in_force(&self, counts: &BTreeMap<&str, i64>, shown: &BTreeSet<String>) {
        self.modelled.in_force(counts, shown);
    }

    /// How customers have moved away from what the training saw, which ended on `trained_until`.
    pub fn drift(&self, figures: DriftFigures, trained_until: Option<Day>) {
        self.modelled.drift(figures, trained_until);
    }

    /// What is told of the schema registry.
    pub const fn registry(&self) -> &RegistryMetrics {
        &self.registry
    }

    /// Input records read and committed so far.
    pub fn records(&self) -> u64 {
        self.records.get()
    }

    /// Dead letters so far by their reasons, those of which there is one.
    pub fn dead_letters(&self) -> BTreeMap<&'static str, u64> {
        let counts =
            Reason::ALL.map(|reason| (reason.words(), self.dead_letters.with_label_values(&[reason.words()]).get()));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// Sum over all series of a counter, by its name without the prefix; 0 where there is none.
    pub fn total(&self, name: &str) -> u64 {
        let families = self.base.own();
        let family = families.iter().find(|family| family.name().strip_prefix("churnwatch_") == Some(name));
        let series = family.map(MetricFamily::get_metric).unwrap_or_default();
        series.iter().map(|metric| metric.get_counter().get_value() as u64).sum()
    }

    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.base.gather()
    }

    /// What became of its spans.
    pub fn spans(&self) -> SpanMetrics {
        self.base.spans.clone()
    }

    /// The metrics in Prometheus's text format.
    pub fn text(&self) -> String {
        self.base.text()
    }

    /// Gives every metric a value, so that none is left out where all are told of.
    pub(crate) fn show(&self) {
        self.state(0, 0, Some(0), 0);
        let headway =
            Headway { closed_day: Some(0), closes_due: Some(0), lag_records: Some(0), lag_seconds: Some(0.0) };
        self.stand(0, headway);
        self.configured(&Segments::default(), Currency::CNY);
        self.modelled.show();
    }
}
