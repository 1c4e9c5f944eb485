//! A backfill is quiet: before the first openings are published nothing is told of anybody, then of everybody once, and
//! from there on what would have been told anyway.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{ClockMode, Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::calendar::day_text;
use churnwatch::wire::event::RawRecord;
use serde_json::Value;

use support::model::model;
use support::shop::lines;

/// Of each day its risk records, by customer; in the order of days.
type Told = BTreeMap<String, BTreeMap<String, Value>>;

fn play(publish_from: Option<Day>) -> (Told, Processor) {
    let mut setup = load(None).unwrap().setup(1);
    setup.clock = ClockMode::Event;
    setup.policy = Arc::new(Policy { holdout_share: 0.0, publish_from, ..(*setup.policy).clone() });
    let mut processor = Processor::new(Arc::new(setup), 0, model());
    let (mut told, mut batch, wall) = (Told::new(), Batch::new(), Millis(i64::MAX / 2));
    let time = Time { wall, at_end: &[false], source_alive: false };
    for (offset, (customer, value)) in lines(300, 300, 8).into_iter().enumerate() {
        while processor.advance(&time, &mut batch) == Progress::More {}
        let record = RawRecord::new(Some(customer.as_bytes()), Some(&value), wall);
        processor.process(0, offset as i64, &record, wall, &mut batch);
        for record in batch.iter().filter(|record| record.topic == OutTopic::Risk) {
            let risk: Value = serde_json::from_slice(record.value.unwrap()).unwrap();
            let text = |name: &str| risk.get(name).unwrap().as_str().unwrap().to_owned();
            told.entry(text("as_of")).or_default().insert(text("customer_id"), risk);
        }
        batch.clear();
    }
    (told, processor)
}

#[test]
fn a_backfill_tells_of_everybody_once_and_then_goes_on_as_ever() {
    let (loud, processor) = play(None);
    let from = processor.closed_day().unwrap().plus(-100);
    let (quiet, _) = play(Some(from));
    let (eve, first) = (day_text(from.plus(-1)), day_text(from));
    assert_eq!(quiet.keys().next(), Some(&eve));
    assert!(loud.range(..eve.clone()).count() > 100, "the other run is not quiet");
    // Everybody who had bought by then is told of as it stood in the end.
    let mut newest = BTreeMap::new();
    for (customer, risk) in loud.range(..first.clone()).flat_map(|(_, told)| told) {
        newest.insert(customer.clone(), risk.clone());
    }
    let told = quiet.get(&eve).unwrap();
    assert!(told.len() > 200 && told.keys().all(|customer| newest.contains_key(customer)));
    // But for those who were known to have bought the next day, whose close tells of them.
    let next = quiet.get(&first).unwrap();
    assert!(newest.keys().all(|customer| told.contains_key(customer) || next.contains_key(customer)));
    for (customer, risk) in told {
        for name in ["band", "tier", "segment", "opted_out", "contactable", "currency"] {
            assert_eq!(risk.get(name), newest.get(customer).unwrap().get(name), "{customer}: {name}");
        }
    }
    let later =
        |told: &Told| told.range(first.clone()..).map(|(day, told)| (day.clone(), told.clone())).collect::<Told>();
    assert_eq!(later(&quiet), later(&loud));
}
