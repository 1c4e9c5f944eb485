//! Segments and tiers as a customer lives through them: one segment at every close, told when it changes, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use churnwatch::config::load::check;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::segment::{Bounds, Segment, Segments};
use churnwatch::engine::alerting::value::Tier;
use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::effect::Effect;
use churnwatch::engine::event::{Body, Event, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::partition::Engine;
use churnwatch::engine::step::{Input, Outcome};
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use serde_json::{Value, json};

use support::model::{engine, model};

const START: i32 = 20_000;

/// One shop: purchases, closes, and what was told of the customers.
struct Shop {
    engine: Engine,
    number: u64,
    told: Vec<(i32, String, Option<Tag>, Option<Tier>)>,
}

impl Shop {
    fn new(policy: Policy) -> Self {
        Self { engine: engine(Policy { holdout_share: 0.0, ..policy }), number: 0, told: Vec::new() }
    }

    fn buys(&mut self, customer: &str, day: i32, cents: i64) {
        self.number += 1;
        let body = Body::Purchase { order: None, amount: Money(cents), manner: Manner::default() };
        let day = Day(START + day);
        let time = Millis(i64::from(day.0) * 86_400_000 + self.number as i64);
        let event = Event { tag: Tag::from_bits(self.number), customer, time, day, body };
        self.engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut Vec::new());
    }

    /// Closes a day; gives how many customers it wrote.
    fn closes(&mut self, day: i32) -> usize {
        self.engine.committed();
        let mut effects = Vec::new();
        let input = Input::Close { day: Day(START + day), stale: false, budget: 1_000 };
        assert_eq!(self.engine.step(input, &mut effects), Outcome::Closed);
        self.told.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Risk(risk) => Some((day, risk.customer.to_string(), risk.segment, risk.tier)),
            Effect::Alert(_)
            | Effect::Matured(_)
            | Effect::ForgetProfile { .. }
            | Effect::Merge { .. }
            | Effect::Merged { .. }
            | Effect::Forward { .. } => None,
        }));
        self.engine.state().touched_len()
    }

    fn segment(&self, customer: &str) -> Option<String> {
        let (_, one) = self.engine.state().iter().find(|(_, one)| one.id == customer).unwrap();
        one.standing.segment.map(|tag| self.engine.names().get(tag).unwrap().to_owned())
    }
}

#[test]
fn a_life_in_segments_is_told_change_by_change_and_a_lapsed_customer_costs_no_writing() {
    let mut shop = Shop::new(Policy { thresholds: Some([0.2, 0.4, 0.6]), outcome_days: 0, ..Policy::default() });
    let mut life: Vec<(i32, String)> = Vec::new();
    let mut writes_after_lapse = 0;
    for day in 0..900 {
        if day <= 300 && day % 10 == 0 {
            shop.buys("ann", day, 40_000);
        }
        let written = shop.closes(day);
        let segment = shop.segment("ann").unwrap();
        if life.last().is_none_or(|(_, last)| *last != segment) {
            life.push((day, segment));
        }
        writes_after_lapse += if day > 391 { written } else { 0 };
    }
    let names: Vec<&str> = life.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"new"), "{life:?}");
    assert!(names.contains(&"champion") && names.contains(&"at_risk"), "{life:?}");
    assert_eq!(
        life.iter().rev().take(2).map(|(day, name)| (*day, name.as_str())).collect::<Vec<_>>(),
        [(665, "lost"), (390, "lapsed"),]
    );
    // From the lapse on: once where it becomes lost, and once for each tier that it loses.
    assert!((1..=3).contains(&writes_after_lapse), "{writes_after_lapse}");
    // Every change of the segment was told on its day.
    for (day, name) in &life {
        assert!(shop.told.iter().any(|told| told.0 == *day && told.2 == Some(Tag::of(name))), "{day} {name}");
    }
}

#[test]
fn a_year_s_spend_about_an_edge_does_not_change_the_tier_every_day() {
    let edge = model().tier_edges[1].0;
    let mut shop = Shop::new(Policy::default());
    // A year later what each purchase adds, another one has left.
    shop.buys("ann", 0, edge * 8 / 100);
    shop.buys("ann", 20, edge - edge * 8 / 100);
    let mut tiers = Vec::new();
    for day in 20..900 {
        if day == 400 {
            // Down to nine tenths less a little.
            shop.buys("ann", 400, edge * 88 / 100);
        }
        shop.closes(day);
        let (_, ann) = shop.engine.state().iter().next().unwrap();
        let tier = ann.standing.tier.unwrap();
        if tiers.last().is_none_or(|(_, last)| *last != tier) {
            tiers.push((day, tier));
        }
    }
    // Day 365: 92 % of the edge are left, and it stays high; day 385: nothing; day 400: not quite, but below the edge.
    assert_eq!(tiers[..3], [(20, Tier::High), (385, Tier::Low), (400, Tier::Mid)], "{tiers:?}");
}

#[test]
fn moves_add_up_to_where_everybody_is() {
    let settings = check(json!({"kafka": {"brokers": "x:1"}, "holdout": {"share": 0.0}})).unwrap();
    let until = Day(START + 500);
    let setup = Arc::new(settings.until(Some(until)).setup(1));
    let mut processor = Processor::new(setup, 0, model());
    let (mut batch, wall) = (Batch::new(), Millis(i64::from(until.0) * 86_400_000));
    let mut offset = 0;
    for day in 0..400 {
        for customer in 0..12 {
            if day >= customer * 9 && (day + customer) % (7 + 5 * customer) == 0 && day < 200 + 20 * customer {
                let time = (i64::from(START + day) * 86_400 + 40_000) * 1_000;
                let value = format!(
                    r#"{{"id":"{offset}","type":"purchase","customer_id":"c{customer}","time":{time},"amount":50,"currency":"CNY"}}"#
                );
                let key = format!("c{customer}");
                let raw = RawRecord::new(Some(key.as_bytes()), Some(value.as_bytes()), wall);
                processor.process(0, offset, &raw, wall, &mut batch);
                offset += 1;
                while processor.advance(&Time { wall, at_end: &[false], source_alive: true }, &mut batch)
                    == Progress::More
                {}
            }
        }
    }
    while processor.advance(&Time { wall, at_end: &[true], source_alive: true }, &mut batch) == Progress::More {}
    processor.flush(&mut batch);
    let segments: Vec<(String, Value)> = batch
        .iter()
        .filter(|record| record.topic == OutTopic::Risk)
        .map(|record| {
            let risk: Value = serde_json::from_slice(record.value.unwrap()).unwrap();
            (risk["customer_id"].as_str().unwrap().to_owned(), risk["segment"].clone())
        })
        .collect();
    processor.committed();
    let mut balance: BTreeMap<String, i64> = BTreeMap::new();
    for ((from, to), count) in &processor.stats().segment_moves {
        *balance.entry(from.to_string()).or_default() -= *count as i64;
        *balance.entry(to.to_string()).or_default() += *count as i64;
    }
    let mut there: BTreeMap<String, i64> = BTreeMap::new();
    for profile in processor.profiles_json(Some(until.plus(-1))) {
        *there.entry(profile["segment"].as_str().unwrap().to_owned()).or_default() += 1;
        // The newest risk record says the same as the profile.
        let newest = segments.iter().rev().find(|(customer, _)| *customer == profile["customer_id"]).unwrap();
        assert_eq!(newest.1, profile["segment"]);
    }
    let customers: i64 = there.values().sum();
    assert_eq!((balance.remove("none"), customers), (Some(-12), 12));
    balance.retain(|_, count| *count != 0);
    assert_eq!(balance, there);
}

/// A processor whose days close up to `until`, with a table of segments.
fn processor(until: i32, segments: Segments) -> Processor {
    let settings = check(json!({"kafka": {"brokers": "x:1"}, "holdout": {"share": 0.0}})).unwrap();
    let mut setup = settings.until(Some(Day(START + until))).setup(1);
    setup.policy = Arc::new(Policy { segments, ..(*setup.policy).clone() });
    Processor::new(Arc::new(setup), 0, model())
}

fn run_out(processor: &mut Processor, batch: &mut Batch) {
    let time = Time { wall: Millis(i64::from(START + 500) * 86_400_000), at_end: &[true], source_alive: true };
    while processor.advance(&time, batch) == Progress::More {}
    processor.flush(batch);
}

#[test]
fn another_table_names_everybody_anew_at_the_first_close_after_the_restart() {
    let mut first = processor(3, Segments::default());
    let mut batch = Batch::new();
    let time = (i64::from(START) * 86_400 + 40_000) * 1_000;
    let value =
        format!(r#"{{"id":"1","type":"purchase","customer_id":"ann","time":{time},"amount":50,"currency":"CNY"}}"#);
    let wall = Millis(time + 1);
    let raw = RawRecord::new(Some(b"ann"), Some(value.as_bytes()), wall);
    first.process(0, 0, &raw, wall, &mut batch);
    run_out(&mut first, &mut batch);

    let frequent = Segment { purchase_days: Bounds::from(2), ..Segment::everybody("regular") };
    let mut second = processor(4, Segments(vec![frequent, Segment::everybody("visitor")]));
    for record in batch.iter().filter(|record| record.topic == OutTopic::Profiles) {
        second.restore(record.key.unwrap(), record.value).unwrap();
    }
    let segment = |processor: &Processor| processor.profiles_json(None).next().unwrap()["segment"].clone();
    assert_eq!(segment(&second), "new");
    let mut batch = Batch::new();
    run_out(&mut second, &mut batch);
    second.committed();
    assert_eq!(segment(&second), "visitor");
    let moves: Vec<_> = second.stats().segment_moves.iter().collect();
    assert_eq!(moves, [(&("new".into(), "visitor".into()), &1)]);
    let told = batch.iter().filter(|record| record.topic == OutTopic::Risk).count();
    assert_eq!(told, 1);
}
