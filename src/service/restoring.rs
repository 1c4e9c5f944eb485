//! How far the restoring of a worker's partitions has come: in the metrics all the while, in the log every few seconds.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing::info;

use crate::service::telemetry::metrics::Metrics;

/// How often the log tells.
const SPEAK: Duration = Duration::from_secs(3);

/// The restoring of a worker's partitions. However it ends, nothing of it is left to do in the metrics.
pub struct Restoring {
    metrics: Metrics,
    started: Instant,
    records: AtomicU64,
    left: AtomicI64,
    /// How often the log told.
    spoken: AtomicU64,
}

impl Restoring {
    /// Nothing read yet, and nothing known.
    pub fn begin(metrics: Metrics) -> Self {
        let (records, left, spoken) = (AtomicU64::new(0), AtomicI64::new(0), AtomicU64::new(0));
        Self { metrics, started: Instant::now(), records, left, spoken }
    }

    /// So many more records were read, and so many more offsets are left, or fewer.
    pub fn step(&self, records: u64, left: i64) {
        self.metrics.restored(records);
        self.metrics.left_to_restore(left);
        let records = self.records.fetch_add(records, Ordering::Relaxed) + records;
        let left = self.left.fetch_add(left, Ordering::Relaxed) + left;
        let due = self.started.elapsed().as_secs() / SPEAK.as_secs();
        if self.spoken.fetch_max(due, Ordering::Relaxed) < due {
            info!(records, offsets_left = left, "restoring");
        }
    }

    /// Everything was read: so many customers of so many partitions.
    pub fn end(self, partitions: usize, customers: usize) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.metrics.restore(seconds);
        let seconds = (seconds * 1e3).round() / 1e3;
        info!(partitions, records = self.records.load(Ordering::Relaxed), customers, seconds, "restored");
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        self.metrics.left_to_restore(-self.left.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::Restoring;
    use crate::service::telemetry::metrics::Metrics;

    #[test]
    fn what_is_left_goes_down_and_is_forgotten_by_a_failure() {
        let metrics = Metrics::new().unwrap();
        let shows = |left: i64, records: u64| {
            let text = metrics.text();
            assert!(text.contains(&format!("churnwatch_restore_left_offsets {left}\n")), "{text}");
            assert_eq!(metrics.total("restored_records_total"), records);
        };
        let restoring = Restoring::begin(metrics.clone());
        restoring.step(0, 100);
        restoring.step(0, 50);
        shows(150, 0);
        restoring.step(30, -40);
        shows(110, 30);
        drop(restoring);
        shows(0, 30);
    }
}
