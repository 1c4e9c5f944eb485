//! What this process knows of models: the promotions as they were last read, and the model in force in each of its
//! partitions. Workers look whether there is news; none waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use serde_json::{Value, json};
use tracing::{error, info, warn};

use crate::config::settings::Settings;
use crate::engine::promotion::{InForce, Schedule};
use crate::engine::scoring::model::Model;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::asking;
use crate::service::kafka::context::{Listening, Reader};
use crate::service::kafka::models::{Promoted, read};
use crate::service::pulse::Pulse;
use crate::service::shared::Shared;
use crate::service::telemetry::metrics::Metrics;
use crate::wire::calendar::day_text;

/// How often the end of the models' topic is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long one look may take.
const ANSWER: Duration = Duration::from_secs(1);

/// Shared between the watch, the workers and HTTP.
#[derive(Clone)]
pub struct Models {
    known: Arc<Mutex<Known>>,
    /// Counts what was published, so that workers see news without waiting.
    news: Arc<AtomicU64>,
    metrics: Metrics,
}

#[derive(Default)]
struct Known {
    schedule: Arc<Schedule>,
    in_force: BTreeMap<u32, InForce>,
    /// Versions that the metric has a series of.
    shown: BTreeSet<String>,
    /// Up to which offset refusals were spoken of.
    told: i64,
}

impl Models {
    /// Nothing promoted, no partitions.
    pub fn new(metrics: Metrics) -> Self {
        Self { known: Arc::default(), news: Arc::default(), metrics }
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
        let Promoted { promotions, refused, end } = read(settings, pulse)?;
        let told = std::mem::replace(&mut self.known().told, end);
        // A topic that ends earlier than it did has been made anew.
        for (offset, fault) in refused.iter().filter(|(offset, _)| *offset >= told || told > end) {
            error!(offset, %fault, topic = settings.file.topics.models, "a promotion is refused, the model in force stays");
            self.metrics.model_refused();
        }
        let schedule = Arc::new(Schedule::new(promotions.into_iter().map(|one| one.promotion).collect(), end));
        self.publish(schedule.clone());
        Ok(schedule)
    }

    /// The model in force in a partition of this process.
    pub fn holds(&self, partition: u32, in_force: &InForce) {
        let known = &mut *self.known();
        if known.in_force.get(&partition) != Some(in_force) {
            known.in_force.insert(partition, in_force.clone());
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
        let known = self.known();
        let mut models: BTreeMap<&str, (&Model, Vec<u32>, Option<String>)> = BTreeMap::new();
        for (partition, one) in &known.in_force {
            let entry = models.entry(&one.model.version).or_insert((&one.model, Vec::new(), None));
            entry.1.push(*partition);
            entry.2 = entry.2.take().max(one.since.map(day_text));
        }
        let mut models: Vec<_> = models.into_values().collect();
        models.sort_by_key(|(_, partitions, _)| std::cmp::Reverse(partitions.len()));
        let first = models.first().map(|(model, _, _)| *model);
        let in_force: Vec<Value> = models
            .iter()
            .map(|(model, partitions, since)| json!({"model": model.version, "partitions": partitions, "since": since}))
            .collect();
        let pending = known.in_force.values().filter_map(|one| {
            known.schedule.pending(one.taken).filter(|promotion| promotion.model.version != one.model.version)
        });
        let pending = pending
            .min_by_key(|promotion| promotion.effective)
            .map(|promotion| json!({"model": promotion.model.version, "effective_day": day_text(promotion.effective)}));
        json!({
            "in_force": in_force,
            "pending": pending,
            "version": first.map(|model| &model.version),
            "horizon_days": first.map(Model::horizon_days),
            "thresholds": first.map(|model| model.thresholds),
            "trained_until": first.map(|model| day_text(model.trained_until)),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn show(&mut self, metrics: &Metrics) {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for one in self.in_force.values() {
            *counts.entry(&one.model.version).or_default() += 1;
        }
        metrics.models_in_force(&counts, &self.shown);
        self.shown = counts.into_keys().map(str::to_owned).collect();
    }
}

/// Starts the watch on the models' topic: it reads it anew whenever its end has moved.
pub fn watch(shared: &Shared, pulse: &Pulse) -> Result<(), ServiceFault> {
    let consumer = asking(&shared.settings, "read_uncommitted").create_with_context(Listening);
    let consumer: Reader = consumer.map_err(|fault| ServiceFault::settings("watching client", &fault))?;
    let (shared, pulse) = (shared.clone(), pulse.clone());
    let thread = std::thread::Builder::new().name("models".into()).spawn(move || look(&consumer, &shared, &pulse));
    thread.map(drop).map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))
}

fn look(consumer: &Reader, shared: &Shared, pulse: &Pulse) {
    let (settings, models) = (&*shared.settings, &shared.models);
    let mut trouble = false;
    while !pulse.stopping() {
        let end = consumer.fetch_watermarks(&settings.file.topics.models, 0, ANSWER).map(|(_, end)| end);
        let known = models.known().schedule.end();
        // A broker that does not answer is everybody's trouble, and the workers speak of it.
        if end.is_ok_and(|end| end != known) {
            match models.refresh(settings, pulse) {
                Ok(schedule) => info!(promotions = schedule.promotions().len(), "promotions read"),
                Err(fault) if !trouble && !pulse.stopping() => warn!(%fault, "promotions could not be read"),
                Err(_) => {}
            }
            trouble = models.known().schedule.end() == known;
        }
        let until = Instant::now() + LOOK;
        while Instant::now() < until && !pulse.stopping() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
