//! What this process knows of models: the promotions as they were last read, and the model in force in each of its
//! partitions. Workers look whether there is news; none waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tracing::error;

use crate::config::settings::Settings;
use crate::engine::drift::Drift;
use crate::engine::promotion::{InForce, Schedule};
use crate::service::fault::ServiceFault;
use crate::service::kafka::models::{Promoted, read};
use crate::service::models_known::{Known, models_json};
use crate::service::pulse::Pulse;
use crate::service::telemetry::metrics::Metrics;

/// Shared between the watch, the workers and HTTP.
#[derive(Clone)]
pub struct Models {
    known: Arc<Mutex<Known>>,
    /// Counts what was published, so that workers see news without waiting.
    news: Arc<AtomicU64>,
    /// Counts the readings of the topic.
    begun: Arc<AtomicU64>,
    metrics: Metrics,
}

impl Models {
    /// Nothing promoted, no partitions.
    pub fn new(metrics: Metrics) -> Self {
        Self { known: Arc::default(), news: Arc::default(), begun: Arc::default(), metrics }
    }

    /// The promotions, if they are news to somebody who has seen as many publications as `seen` says.
    pub fn news(&self, seen: &mut u64) -> Option<Arc<Schedule>> {
        let now = self.news.load(Ordering::Acquire);
        (std::mem::replace(seen, now) != now).then(|| self.known().schedule.clone())
    }

    /// Makes promotions known to the workers.
    pub fn publish(&self, schedule: Arc<Schedule>) {
        self.known().schedule = schedule;
        self.news.fetch_add(1, Ordering::Release);
    }

    /// Reads the topic to its end, and makes known what is on it. What can't be used is spoken of once.
    pub fn refresh(&self, settings: &Settings, pulse: &Pulse) -> Result<Arc<Schedule>, ServiceFault> {
        let reading = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let promoted = read(settings, pulse)?;
        Ok(self.learn(reading, promoted, &settings.file.topics.models))
    }

    fn learn(&self, reading: u64, mut promoted: Promoted, topic: &str) -> Arc<Schedule> {
        let (refused, end) = (std::mem::take(&mut promoted.refused), promoted.end);
        let schedule = Arc::new(promoted.schedule());
        let told = {
            let known = &mut *self.known();
            if reading < known.reading {
                return schedule;
            }
            known.reading = reading;
            std::mem::replace(&mut known.told, end)
        };
        // A topic that ends earlier than it did has been made anew.
        for (offset, fault) in refused.iter().filter(|(offset, _)| *offset >= told || told > end) {
            error!(offset, %fault, topic, "a promotion is refused, the model in force stays");
            self.metrics.model_refused();
        }
        self.publish(schedule.clone());
        schedule
    }

    /// The model in force in a partition of this process, and what its closes saw.
    pub fn holds(&self, partition: u32, in_force: &InForce, drift: &Arc<Drift>) {
        let known = &mut *self.known();
        let same =
            known.in_force.get(&partition).is_some_and(|(old, seen)| old == in_force && Arc::ptr_eq(seen, drift));
        if !same {
            known.in_force.insert(partition, (in_force.clone(), drift.clone()));
            known.show(&self.metrics);
        }
    }

    /// A partition is no longer this process's.
    pub fn gone(&self, partition: u32) {
        let known = &mut *self.known();
        if known.in_force.remove(&partition).is_some() {
            known.show(&self.metrics);
        }
    }

    /// What `/v1/model` shows: the models in force, the one in most partitions first and in full, and what comes next.
    pub fn json(&self) -> Value {
        models_json(&self.known())
    }

    /// The offset up to which the topic was read.
    pub fn end(&self) -> i64 {
        self.known().schedule.end()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn show(&mut self, metrics: &Metrics) {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for (one, _) in self.in_force.values() {
            *counts.entry(&one.model().version).or_default() += 1;
        }
        metrics.models_in_force(&counts, &self.shown);
        let (model, figures) = self.drift().unzip();
        metrics.drift(figures.unwrap_or_default(), model.map(|model| model.trained_until));
        self.shown = counts.into_keys().map(str::to_owned).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::Models;
    use crate::engine::day::Day;
    use crate::engine::promotion::{InForce, Promotion, Schedule};
    use crate::engine::scoring::model::Model;
    use crate::service::kafka::models::Promoted;
    use crate::service::telemetry::metrics::Metrics;
    use crate::wire::artifact::Artifact;
    use crate::wire::promotion::PromotionFault;

    fn model(version: &str) -> Arc<Model> {
        let artifact = Artifact::read(include_bytes!("../../models/default.json")).unwrap();
        Arc::new(Model { version: version.into(), ..artifact.model().unwrap() })
    }

    #[test]
    fn what_is_in_force_is_shown_and_what_went_is_not() {
        let metrics = Metrics::new().unwrap();
        let models = Models::new(metrics.clone());
        let mut old = InForce::first(model("old"));
        old.since = Some(Day(20_000));
        let promotion = Promotion { offset: 0, effective: Day(20_003), model: model("new") };
        for partition in 0..3 {
            models.holds(partition, &old, &Arc::default());
        }
        models.publish(Arc::new(Schedule::new(vec![promotion], 1)));
        let mut new = InForce::first(model("new"));
        (new.taken, new.since) = (Some(0), Some(Day(20_003)));
        models.holds(2, &new, &Arc::default());
        let shown = models.json();
        assert_eq!(
            shown["in_force"],
            json!([
                {"model": "old", "partitions": [0, 1], "since": "2024-10-04"},
                {"model": "new", "partitions": [2], "since": "2024-10-07"},
            ])
        );
        assert_eq!(shown["pending"], json!({"model": "new", "effective_day": "2024-10-07"}));
        assert!(metrics.text().contains("model_in_force{model=\"old\"} 2"));
        models.gone(0);
        models.gone(1);
        assert!(!metrics.text().contains("model=\"old\""));
        assert_eq!(models.json()["pending"], json!(null));
    }

    #[test]
    fn a_reading_that_began_earlier_changes_nothing_and_a_refusal_is_counted_once() {
        let models = Models::new(Metrics::new().unwrap());
        let read = |reading: u64, end: i64| {
            let refused = vec![(0, PromotionFault::Day)];
            models.learn(reading, Promoted { promotions: Vec::new(), refused, end }, "models").end()
        };
        let mut seen = 0;
        assert_eq!([read(2, 5), read(1, 4), read(3, 6)], [5, 4, 6]);
        assert_eq!(models.news(&mut seen).map(|schedule| schedule.end()), Some(6));
        assert_eq!(models.news(&mut seen), None);
        assert_eq!(models.metrics.total("models_refused_total"), 1);
        // A topic that was made anew holds other refusals.
        read(4, 1);
        assert_eq!(models.metrics.total("models_refused_total"), 2);
    }
}
