//! What became of the spans of sampled events, in the metrics of every command that makes some.

use prometheus::IntCounter;

use crate::service::telemetry::register::Register;

/// Spans by what became of them.
#[derive(Clone, Debug)]
pub struct SpanMetrics {
    exported: IntCounter,
    dropped: IntCounter,
    failed: IntCounter,
}

impl SpanMetrics {
    pub(crate) fn new(register: &Register<'_>) -> Result<Self, prometheus::Error> {
        let help =
            "Spans of sampled events: exported, failed (the collector did not take them), dropped (too many waited)";
        let spans = register.counters("trace_spans_total", help, &["outcome"])?;
        let [exported, dropped, failed] =
            ["exported", "dropped", "failed"].map(|outcome| spans.with_label_values(&[outcome]));
        Ok(Self { exported, dropped, failed })
    }

    pub(crate) fn exported(&self, spans: usize) {
        self.exported.inc_by(spans as u64);
    }

    pub(crate) fn dropped(&self, spans: usize) {
        self.dropped.inc_by(spans as u64);
    }

    pub(crate) fn failed(&self, spans: usize) {
        self.failed.inc_by(spans as u64);
    }
}
