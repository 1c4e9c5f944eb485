//! The service's metrics read back from Prometheus' text format.

/// A series: the value of its only label, if it has one, and its number.
pub type Series = (Option<String>, f64);

/// What `/metrics` said.
#[derive(Clone, Debug, Default)]
pub struct Figures(String);

impl Figures {
    /// Of a page.
    pub const fn new(page: String) -> Self {
        Self(page)
    }

    /// Whether these are the service's metrics.
    pub fn are_ours(&self) -> bool {
        self.0.contains("churnwatch_")
    }

    /// All series of a metric with one label or none, by its name without the prefix.
    pub fn all(&self, name: &str) -> Vec<Series> {
        let name = format!("churnwatch_{name}");
        let series = self.0.lines().filter_map(|line| {
            let rest = line.strip_prefix(&name)?;
            if let Some(value) = rest.strip_prefix(' ') {
                return Some((None, value.parse().ok()?));
            }
            let (label, value) = rest.strip_prefix('{')?.rsplit_once("} ")?;
            let label = label.split_once("=\"").and_then(|(_, rest)| rest.strip_suffix('"'));
            Some((label.map(str::to_owned), value.parse().ok()?))
        });
        series.collect()
    }

    /// The sum of a metric's series; `None` where there is none.
    pub fn sum(&self, name: &str) -> Option<f64> {
        let all = self.all(name);
        (!all.is_empty()).then(|| all.iter().map(|(_, value)| value).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;
    use crate::engine::drift::DriftFigures;
    use crate::service::telemetry::metrics::Metrics;

    #[test]
    fn what_the_registry_writes_is_read_back() {
        let metrics = Metrics::new().unwrap();
        metrics.state(0, 7, Some(10), 900);
        metrics.state(3, 5, Some(10), 100);
        metrics.transaction(0.25);
        metrics.source_silent(true);
        metrics.drift(DriftFigures::default(), None);
        let figures = Figures::new(metrics.text());
        assert!(figures.are_ours() && !Figures::new("up 1\n".into()).are_ours());
        assert_eq!(figures.all("customers"), [(Some("0".to_owned()), 7.0), (Some("3".to_owned()), 5.0)]);
        assert_eq!(figures.sum("state_bytes"), Some(1_000.0));
        assert_eq!(figures.sum("commit_duration_seconds_sum"), Some(0.25));
        assert_eq!(figures.sum("source_silent"), Some(1.0));
        assert!(figures.sum("model_calibration_ratio").is_some_and(f64::is_nan));
        assert_eq!(figures.sum("nothing"), None);
    }
}
