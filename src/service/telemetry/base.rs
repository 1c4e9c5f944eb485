//! What the metrics of every command hold: the registry, the release that runs, what the process uses, and its spans.

use prometheus::Registry;
use prometheus::proto::MetricFamily;

use crate::service::telemetry::process::Usage;
use crate::service::telemetry::register::{Register, text};
use crate::service::telemetry::spans::SpanMetrics;

/// A registry that already tells of release and process.
#[derive(Clone)]
pub(crate) struct Base {
    registry: Registry,
    usage: Usage,
    pub(crate) spans: SpanMetrics,
}

impl Base {
    /// Fails only if two metrics had the same name.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("churnwatch".into()), None)?;
        let register = Register(&registry);
        let build = register.whole_gauges("build_info", "1, for the release that runs", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let (usage, spans) = (Usage::new(&register)?, SpanMetrics::new(&register)?);
        Ok(Self { registry, usage, spans })
    }

    /// Where a command's own metrics are made.
    pub(crate) const fn register(&self) -> Register<'_> {
        Register(&self.registry)
    }

    /// Every metric as it is now, the process looked at for it.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        let mut families = self.usage.gather();
        families.extend(self.own());
        families
    }

    /// A command's own metrics as they are now.
    pub(crate) fn own(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    /// All of them in Prometheus's text format.
    pub(crate) fn text(&self) -> String {
        text(&self.gather())
    }
}
