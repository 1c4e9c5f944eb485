//! The last hour as a person looks at it, kept in the process: whoever has no Prometheus sees as well how things move.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus::proto::{MetricFamily, MetricType};

use crate::service::telemetry::metrics::Metrics;

/// Time between two samples.
pub const EVERY: Duration = Duration::from_secs(10);
/// Samples kept: an hour.
const MOST: usize = 360;

/// The metrics of one moment.
pub struct Readings(Vec<MetricFamily>);

impl Readings {
    /// As they are.
    pub fn of(metrics: &Metrics) -> Self {
        Self(metrics.gather())
    }

    /// Every series of a metric: its labels and its value; of a histogram its sum.
    fn series(&self, name: &str) -> impl Iterator<Item = (BTreeMap<&str, &str>, f64)> {
        let family = self.0.iter().find(|family| family.name() == name);
        let kind = family.map_or(MetricType::GAUGE, MetricFamily::get_field_type);
        family.into_iter().flat_map(MetricFamily::get_metric).map(move |metric| {
            let labels = metric.get_label().iter().map(|label| (label.name(), label.value())).collect();
            let value = match kind {
                MetricType::COUNTER => metric.get_counter().get_value(),
                MetricType::HISTOGRAM => metric.get_histogram().get_sample_sum(),
                MetricType::GAUGE | MetricType::SUMMARY | MetricType::UNTYPED => metric.get_gauge().get_value(),
            };
            (labels, value)
        })
    }

    /// The sum over all series.
    pub fn sum(&self, name: &str) -> f64 {
        self.series(name).map(|(_, value)| value).sum()
    }

    /// The greatest of all series; `None` where there is none.
    pub fn most(&self, name: &str) -> Option<f64> {
        self.series(name).map(|(_, value)| value).reduce(f64::max)
    }

    /// The sum for each value of a label.
    pub fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for (labels, value) in self.series(name) {
            *sums.entry(labels.get(label).copied().unwrap_or_default().to_owned()).or_default() += value;
        }
        sums
    }
}

/// One moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Input records so far.
    pub records: f64,
    /// Dead letters so far.
    pub dead_letters: f64,
    /// Records that wait.
    pub lag_records: f64,
    /// Age of the oldest of them, in seconds.
    pub lag_seconds: f64,
}

impl Sample {
    /// Whether records are taken as they come.
    pub const fn is_caught_up(&self) -> bool {
        self.lag_records == 0.0 || self.lag_seconds < 60.0
    }
}

/// The samples of the last hour, ascending.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<Sample>>);

impl Recent {
    /// Takes one now, and gives it.
    pub fn take(&self, metrics: &Metrics) -> Sample {
        let readings = Readings::of(metrics);
        let sample = Sample {
            at: Instant::now(),
            records: readings.sum("churnwatch_records_total"),
            dead_letters: readings.sum("churnwatch_dead_letters_total"),
            lag_records: readings.sum("churnwatch_lag_records"),
            lag_seconds: readings.most("churnwatch_lag_seconds").unwrap_or_default(),
        };
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() == MOST {
            samples.pop_front();
        }
        samples.push_back(sample);
        sample
    }

    /// All that are kept.
    pub fn samples(&self) -> Vec<Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
