//! How metrics are made: each is registered as it comes into being, so none is forgotten in what Prometheus reads.

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Counter, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Families in Prometheus's text format.
pub(crate) fn text(families: &[MetricFamily]) -> String {
    let mut out = Vec::new();
    if TextEncoder::new().encode(families, &mut out).is_err() {
        out.clear();
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Makes metrics into a registry.
pub(crate) struct Register<'a>(pub(crate) &'a Registry);

/// Fails where two metrics have one name.
type Made<T> = Result<T, prometheus::Error>;

impl Register<'_> {
    fn keep<T: Collector + Clone + 'static>(&self, made: Made<T>) -> Made<T> {
        let made = made?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    pub(crate) fn counter(&self, name: &str, help: &str) -> Made<IntCounter> {
        self.keep(IntCounter::new(name, help))
    }

    /// A counter of parts.
    pub(crate) fn float_counter(&self, name: &str, help: &str) -> Made<Counter> {
        self.keep(Counter::new(name, help))
    }

    pub(crate) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A gauge that holds any number.
    pub(crate) fn gauge(&self, name: &str, help: &str) -> Made<Gauge> {
        self.keep(Gauge::new(name, help))
    }

    /// Gauges that hold any number.
    pub(crate) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Made<GaugeVec> {
        self.keep(GaugeVec::new(Opts::new(name, help), labels))
    }

    pub(crate) fn whole_gauge(&self, name: &str, help: &str) -> Made<IntGauge> {
        self.keep(IntGauge::new(name, help))
    }

    pub(crate) fn whole_gauges(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntGaugeVec> {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram with the upper bounds of its buckets.
    pub(crate) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Made<Histogram> {
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    /// Histograms with the upper bounds of their buckets.
    pub(crate) fn histograms(&self, name: &str, help: &str, buckets: &[f64], labels: &[&str]) -> Made<HistogramVec> {
        self.keep(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels))
    }
}
