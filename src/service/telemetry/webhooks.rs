//! Prometheus metrics of `churnwatch webhooks`. Labels are names of endpoints, which the configuration bounds; never a
//! customer.

use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use crate::service::telemetry::base::Base;
use crate::service::telemetry::spans::SpanMetrics;
use crate::service::webhooks::post::Ending;

/// Of one request: from a receiver next door to the longest timeout that can be set.
const ATTEMPT_SECONDS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Every metric of the command.
#[derive(Clone)]
pub struct WebhookMetrics {
    base: Base,
    ready: IntGauge,
    attempts: IntCounterVec,
    seconds: HistogramVec,
    dead_letters: IntCounterVec,
    unwanted: IntCounterVec,
    lag: IntGaugeVec,
    lag_seconds: GaugeVec,
    waiting: IntGaugeVec,
    disabled: IntGaugeVec,
}

impl WebhookMetrics {
    /// All metrics, none of them with an endpoint yet. Fails only if two had the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let base = Base::new()?;
        let register = base.register();
        let of_endpoint = ["endpoint"];
        Ok(Self {
            ready: register.whole_gauge("ready", "1 while it is a member of its groups, as /readyz says")?,
            attempts: register.counters(
                "webhook_attempts_total",
                "Requests by how they ended: delivered, refused, busy (429, 503), gone (410), timeout, unreachable, tls, secrets",
                &["endpoint", "outcome"],
            )?,
            seconds: register.histograms(
                "webhook_attempt_duration_seconds",
                "Time of one request, its answer included",
                &ATTEMPT_SECONDS,
                &of_endpoint,
            )?,
            dead_letters: register.counters(
                "webhook_dead_letters_total",
                "Alerts that the endpoint did not take and that were put aside",
                &of_endpoint,
            )?,
            unwanted: register.counters(
                "webhook_unwanted_alerts_total",
                "Alerts that the endpoint's types, bands or tiers leave out",
                &of_endpoint,
            )?,
            lag: register.whole_gauges(
                "webhook_lag_records",
                "Alerts of this process's partitions that are not done",
                &of_endpoint,
            )?,
            lag_seconds: register.gauges(
                "webhook_lag_seconds",
                "Age of the oldest alert taken that is not done; 0 where none is",
                &of_endpoint,
            )?,
            waiting: register.whole_gauges(
                "webhook_waiting_alerts",
                "Alerts in memory that wait or are under way",
                &of_endpoint,
            )?,
            disabled: register.whole_gauges(
                "webhook_endpoint_disabled",
                "1 where the endpoint answered 410 Gone and gets nothing until the next start",
                &of_endpoint,
            )?,
            base,
        })
    }

    /// An endpoint's own, all at zero.
    pub fn of(&self, endpoint: &str) -> EndpointMetrics {
        for ending in Ending::OF_TRIES {
            self.attempts.with_label_values(&[endpoint, ending.name()]);
        }
        self.seconds.with_label_values(&[endpoint]);
        self.dead_letters.with_label_values(&[endpoint]);
        self.unwanted.with_label_values(&[endpoint]);
        let own = EndpointMetrics { all: self.clone(), endpoint: endpoint.to_owned() };
        own.stand(0, 0.0, 0);
        self.disabled.with_label_values(&[endpoint]).set(0);
        own
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

/// The metrics of one endpoint.
#[derive(Clone)]
pub struct EndpointMetrics {
    all: WebhookMetrics,
    endpoint: String,
}

impl EndpointMetrics {
    /// A request ended.
    pub fn tried(&self, ending: Ending, seconds: f64) {
        self.all.attempts.with_label_values(&[&self.endpoint, ending.name()]).inc();
        self.all.seconds.with_label_values(&[&self.endpoint]).observe(seconds);
    }

    /// An alert was put aside.
    pub fn buried(&self) {
        self.all.dead_letters.with_label_values(&[&self.endpoint]).inc();
    }

    /// An alert was passed over.
    pub fn passed_over(&self) {
        self.all.unwanted.with_label_values(&[&self.endpoint]).inc();
    }

    /// The endpoint wants nothing any more.
    pub fn gone(&self) {
        self.all.disabled.with_label_values(&[&self.endpoint]).set(1);
    }

    /// How far the endpoint is.
    pub fn stand(&self, lag: i64, lag_seconds: f64, waiting: usize) {
        self.all.lag.with_label_values(&[&self.endpoint]).set(lag);
        self.all.lag_seconds.with_label_values(&[&self.endpoint]).set(lag_seconds);
        self.all.waiting.with_label_values(&[&self.endpoint]).set(waiting as i64);
    }
}
