//! A promoted model decides from the open of its day on: in every partition, once, whatever is cut or rolled back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::promotion::{Promotion, Schedule};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::recorded::Recorded;
use churnwatch::processor::restoring::ModelDoubt;
use churnwatch::processor::setup::{Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::artifact::{Artifact, ArtifactFault};
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::partition_record::ChangelogKey;
use churnwatch::wire::promotion::{Fit, PromotionFault, read_promotion};
use serde_json::Value;

use support::model::model;

const START: i32 = 20_000;
const CUSTOMERS: usize = 8;

fn day(number: i32) -> Day {
    Day(START + number)
}

/// The default model under another name; `eager` warns of everybody who is silent for a week.
fn named(version: &str, eager: bool) -> Arc<Model> {
    let mut model = Model::clone(&model());
    version.clone_into(&mut model.version);
    model.silence.intercept += if eager { 9.0 } else { -9.0 };
    Arc::new(model)
}

/// Promotions of these models, in the order of their offsets.
fn schedule(promotions: &[(i32, &Arc<Model>)]) -> Arc<Schedule> {
    let promotions: Vec<Promotion> = (0..)
        .zip(promotions)
        .map(|(offset, (effective, model))| Promotion { offset, effective: day(*effective), model: (*model).clone() })
        .collect();
    let end = promotions.len() as i64;
    Arc::new(Schedule::new(promotions, end))
}

fn setup(budget: usize, capacity: Option<u32>) -> Arc<Setup> {
    let mut setup = load(None).unwrap().setup(1);
    let policy = Policy { holdout_share: 0.0, capacity: [capacity; 3], ..(*setup.policy).clone() };
    setup.policy = Arc::new(Policy { publish_from: Some(day(0)), ..policy });
    setup.close_budget = budget;
    Arc::new(setup)
}

/// One partition with what it committed.
struct Life {
    setup: Arc<Setup>,
    configured: Arc<Model>,
    processor: Processor,
    batch: Batch,
    changelog: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    committed: Vec<(OutTopic, Value)>,
}

impl Life {
    /// Everybody buys on the first day; nothing is closed yet.
    fn new(number: u32, setup: &Arc<Setup>, configured: &Arc<Model>) -> Self {
        let mut life = Self {
            setup: setup.clone(),
            configured: configured.clone(),
            processor: Processor::new(setup.clone(), number, configured.clone()),
            batch: Batch::new(),
            changelog: BTreeMap::new(),
            committed: Vec::new(),
        };
        for customer in 0..CUSTOMERS {
            life.buys(customer, 0);
        }
        life.commit();
        life
    }

    fn buys(&mut self, customer: usize, on: i32) {
        let time = i64::from(START + on) * 86_400_000 + 43_200_000;
        let value = format!(
            r#"{{"id":"{customer}-{on}","type":"purchase","customer_id":"c{customer}","time":{time},"amount":"50.00","currency":"CNY"}}"#
        );
        let key = format!("c{customer}");
        let record = RawRecord::new(Some(key.as_bytes()), Some(value.as_bytes()), Millis(time));
        let offset = self.processor.offsets()[0].unwrap_or_default();
        self.processor.process(0, offset, &record, Millis(time), &mut self.batch);
    }

    /// One step of what is due when `today` is `number` days after the start.
    fn step(&mut self, number: i32) -> Progress {
        let wall = Millis(i64::from(START + number) * 86_400_000 + 43_200_000);
        self.processor.advance(&Time { wall, at_end: &[true], source_alive: true }, &mut self.batch)
    }

    /// Lives through days until `number` is today.
    fn live(&mut self, number: i32) {
        while self.step(number) == Progress::More {
            self.commit();
        }
    }

    fn commit(&mut self) {
        self.processor.flush(&mut self.batch);
        for record in self.batch.iter() {
            if record.topic == OutTopic::Profiles {
                self.changelog.insert(record.key.unwrap().to_vec(), record.value.map(<[u8]>::to_vec));
            } else {
                self.committed.push((record.topic, serde_json::from_slice(record.value.unwrap()).unwrap()));
            }
        }
        self.processor.committed();
        self.batch.clear();
    }

    /// The process dies and comes back with what was committed, and with these promotions.
    fn crash(&mut self, schedule: &Arc<Schedule>) -> Vec<ModelDoubt> {
        self.batch.clear();
        self.processor = Processor::new(self.setup.clone(), self.processor.partition(), self.configured.clone());
        for (key, value) in &self.changelog {
            self.processor.restore(key, value.as_deref()).unwrap();
        }
        self.processor.offer(schedule.clone());
        self.processor.restored(Millis(0))
    }

    /// Version in force, and since when.
    fn in_force(&self) -> (String, Option<Day>) {
        let in_force = self.processor.engine().in_force();
        (in_force.model().version.clone(), in_force.since)
    }

    /// Day and model of every record of a topic.
    fn told(&self, topic: OutTopic) -> Vec<(String, String)> {
        let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let of_topic = self.committed.iter().filter(|(one, _)| *one == topic);
        match topic {
            OutTopic::Risk => of_topic.map(|(_, value)| (text(value, "/as_of"), text(value, "/model"))).collect(),
            _ => of_topic.map(|(_, value)| (text(value, "/data/day"), text(value, "/data/model"))).collect(),
        }
    }

    fn told_on(&self, topic: OutTopic, on: i32) -> Vec<String> {
        let on = churnwatch::wire::calendar::day_text(day(on));
        self.told(topic).into_iter().filter(|(day, _)| *day == on).map(|(_, model)| model).collect()
    }
}

fn calm_and_eager() -> (Arc<Model>, Arc<Model>) {
    (named("calm", false), named("eager", true))
}

#[test]
fn every_partition_switches_at_the_open_of_the_day() {
    let (calm, eager) = calm_and_eager();
    for number in 0..3 {
        let mut life = Life::new(number, &setup(5_000, None), &calm);
        life.processor.offer(schedule(&[(20, &eager)]));
        life.live(20);
        assert_eq!(life.in_force(), ("eager".into(), Some(day(20))), "day 19 is closed, so day 20 is open");
        assert_eq!(life.told_on(OutTopic::Alerts, 19), [""; 0]);
        life.live(23);
        assert_eq!(life.told_on(OutTopic::Alerts, 20), ["eager"; CUSTOMERS], "silences already long open at once");
        assert_eq!(life.told_on(OutTopic::Risk, 20), ["eager"; CUSTOMERS]);
        assert_eq!(life.told_on(OutTopic::Risk, 21), [""; 0], "each is told once");
        assert!(
            life.told(OutTopic::Risk).iter().all(|(on, model)| (on.as_str() >= "2024-10-24") == (model == "eager"))
        );
    }
}

#[test]
fn one_that_is_past_the_day_switches_at_its_next_open() {
    let (calm, eager) = calm_and_eager();
    let mut life = Life::new(0, &setup(3, None), &calm);
    life.live(20);
    // In the middle of the close of day 20: the day is decided by one model to its end.
    life.processor.wake_all();
    assert_eq!(life.step(21), Progress::More);
    assert_eq!(life.processor.engine().clock().closing, Some(day(20)));
    life.processor.offer(schedule(&[(5, &eager)]));
    life.live(21);
    assert_eq!(life.told_on(OutTopic::Alerts, 20), [""; 0]);
    assert_eq!(life.in_force(), ("eager".into(), Some(day(21))));
}

#[test]
fn what_is_due_before_the_first_close_decides_from_the_first_day_on() {
    let (calm, eager) = calm_and_eager();
    let mut life = Life::new(0, &setup(5_000, None), &calm);
    life.processor.offer(schedule(&[(-3, &eager), (1, &calm)]));
    life.live(1);
    assert_eq!(life.told_on(OutTopic::Risk, 0), ["eager"; CUSTOMERS]);
    assert_eq!(life.in_force(), ("calm".into(), Some(day(1))));
}

#[test]
fn a_crash_in_the_close_after_a_switch_tells_each_customer_once() {
    let (calm, eager) = calm_and_eager();
    let promotions = schedule(&[(20, &eager)]);
    let mut life = Life::new(0, &setup(3, None), &calm);
    life.processor.offer(promotions.clone());
    life.live(20);
    for cut in 0..3 {
        assert_eq!(life.step(21), Progress::More);
        if cut > 0 {
            life.commit();
        }
        assert_eq!(life.crash(&promotions), []);
        assert_eq!(life.in_force(), ("eager".into(), Some(day(20))));
    }
    life.live(24);
    assert_eq!(life.told_on(OutTopic::Risk, 20), ["eager"; CUSTOMERS]);
    assert_eq!(life.told_on(OutTopic::Alerts, 20), ["eager"; CUSTOMERS]);
    assert_eq!(life.told_on(OutTopic::Risk, 21), [""; 0]);
}

#[test]
fn a_lost_batch_takes_its_switch_back() {
    let (calm, eager) = calm_and_eager();
    let mut life = Life::new(0, &setup(5_000, None), &calm);
    life.processor.offer(schedule(&[(20, &eager)]));
    life.live(19);
    let close = |life: &mut Life| {
        assert_eq!(life.step(20), Progress::More);
        life.processor.flush(&mut life.batch);
        assert_eq!(life.in_force().0, "eager");
        format!("{:?}", life.batch)
    };
    let first = close(&mut life);
    life.processor.roll_back();
    life.batch.clear();
    assert_eq!(life.in_force(), ("calm".into(), Some(day(0))));
    assert_eq!(close(&mut life), first);
}

#[test]
fn a_newer_promotion_replaces_one_that_waits_and_none_is_taken_twice() {
    let (calm, eager) = calm_and_eager();
    let third = named("third", false);
    let mut life = Life::new(0, &setup(5_000, None), &calm);
    life.processor.offer(schedule(&[(20, &eager)]));
    life.live(15);
    let replaced = schedule(&[(20, &eager), (20, &third)]);
    assert_eq!(replaced.pending(None).map(|next| next.model.version.as_str()), Some("third"));
    life.processor.offer(replaced.clone());
    life.live(25);
    assert_eq!(life.in_force(), ("third".into(), Some(day(20))));
    // Promoted again, after a restart too, the same changes nothing.
    assert_eq!(life.crash(&replaced), []);
    life.processor.offer(replaced.clone());
    life.live(26);
    assert_eq!(life.in_force(), ("third".into(), Some(day(20))));
    assert_eq!(life.told_on(OutTopic::Risk, 25), [""; 0]);
    // And back: compaction has left the newest promotion of each model alone.
    let back = Promotion { offset: 2, effective: day(30), model: eager.clone() };
    let kept = Promotion { offset: 1, effective: day(20), model: third.clone() };
    life.processor.offer(Arc::new(Schedule::new(vec![kept, back], 3)));
    life.live(31);
    assert_eq!(life.in_force(), ("eager".into(), Some(day(30))));
}

#[test]
fn silences_past_the_threshold_open_under_the_normal_capacity() {
    let (calm, eager) = calm_and_eager();
    let mut life = Life::new(0, &setup(5_000, Some(2)), &calm);
    life.processor.offer(schedule(&[(20, &eager)]));
    life.live(30);
    for on in 20..24 {
        assert_eq!(life.told_on(OutTopic::Alerts, on).len(), 2, "day {on}");
    }
    assert_eq!(life.told(OutTopic::Alerts).len(), CUSTOMERS);
}

#[test]
fn a_model_that_is_nowhere_gives_way_and_says_so() {
    let (calm, eager) = calm_and_eager();
    let promotions = schedule(&[(10, &eager)]);
    let mut life = Life::new(0, &setup(5_000, None), &calm);
    life.processor.offer(promotions.clone());
    life.live(20);
    let unknown = |recorded: &str, now: &str| ModelDoubt::Unknown { recorded: recorded.into(), now: now.into() };
    // The topic has lost the record in force and holds another.
    let third = named("third", false);
    let other = Promotion { offset: 4, effective: day(12), model: third.clone() };
    assert_eq!(life.crash(&Arc::new(Schedule::new(vec![other], 5))), [unknown("eager", "third")]);
    assert_eq!(life.in_force(), ("third".into(), Some(day(20))));
    life.live(21);
    assert_eq!(life.told_on(OutTopic::Risk, 20), ["third"; CUSTOMERS]);
    // The topic was made anew and is empty: the configured model takes over.
    let doubts = life.crash(&Arc::default());
    assert_eq!(doubts, [ModelDoubt::Anew, unknown("third", "calm")]);
    life.live(22);
    assert_eq!(life.told_on(OutTopic::Risk, 21), ["calm"; CUSTOMERS]);
    // What is promoted on the new topic counts, however low its offset.
    life.processor.offer(promotions);
    life.live(23);
    assert_eq!(life.in_force(), ("eager".into(), Some(day(23))));
}

#[test]
fn a_recorded_history_repeats_its_models() {
    let (calm, eager) = calm_and_eager();
    let mut life = Life::new(0, &setup(3, None), &calm);
    life.processor.offer(schedule(&[(12, &eager)]));
    life.live(15);
    life.buys(3, 15);
    // Known too late for its day.
    life.processor.offer(schedule(&[(12, &eager), (13, &calm)]));
    life.live(40);
    let find = |version: &str| [&calm, &eager].into_iter().find(|model| model.version == version).cloned();
    assert_eq!(Recorded::models(&life.processor, &eager, |_| None).map(drop), Err("calm".into()));
    let (first, promotions) = Recorded::models(&life.processor, &eager, find).unwrap();
    let mut again = Life::new(0, &life.setup, &first);
    again.processor.offer(Arc::new(promotions));
    let mut recorded = Recorded::of(&life.processor);
    let time = Time { wall: Millis(0), at_end: &[true], source_alive: true };
    let mut close = |life: &mut Life| {
        while recorded.advance(&mut life.processor, &time, &mut life.batch) == Progress::More {
            life.commit();
        }
    };
    close(&mut again);
    again.buys(3, 15);
    close(&mut again);
    assert_eq!(again.committed, life.committed);
    assert!(life.committed.len() > 3 * CUSTOMERS);
    let key = ChangelogKey::Closes(0).write();
    assert_eq!(again.changelog[&key], life.changelog[&key]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let kept = include_bytes!("../models/default.json");
    let artifact = Artifact::read(kept).unwrap();
    let version = artifact.model().unwrap().version;
    let fit = |horizon_days: i32, currency: &str| Fit { horizon_days, currency: currency.into() };
    let read = |key: &str, value: &[u8], day: Option<&[u8]>, fit: &Fit| {
        read_promotion(key.as_bytes(), value, day, fit).map(|(day, _, _)| day)
    };
    let (sound, on) = (fit(90, "CNY"), Some(&b"2026-01-02"[..]));
    assert_eq!(read(&version, kept, on, &sound), Ok(Day(20_455)));
    let touched = String::from_utf8(kept.to_vec()).unwrap().replacen("\"seed\": ", "\"seed\": 1", 1);
    let refused = |fault: ArtifactFault| Err(PromotionFault::Artifact(fault));
    assert_eq!(read(&version, touched.as_bytes(), on, &sound), refused(ArtifactFault::Checksum));
    assert!(matches!(read(&version, b"no model", on, &sound), Err(PromotionFault::Artifact(_))));
    let foreign = Artifact { feature_fingerprint: "0".into(), ..artifact.clone() }.write();
    assert_eq!(read(&version, &foreign, on, &sound), refused(ArtifactFault::Fingerprint));
    let horizon = PromotionFault::Horizon { model: 90, configured: 60 };
    assert_eq!(read(&version, kept, on, &fit(60, "CNY")), Err(horizon));
    let currency = PromotionFault::Currency { model: "CNY".into(), configured: "EUR".into() };
    assert_eq!(read(&version, kept, on, &fit(90, "EUR")), Err(currency));
    assert_eq!(read("other", kept, on, &sound), Err(PromotionFault::Key(version.clone())));
    for day in [None, Some(&b"soon"[..]), Some(&b"\xff"[..])] {
        assert_eq!(read(&version, kept, day, &sound), Err(PromotionFault::Day));
    }
}
