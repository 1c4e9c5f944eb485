//! Silence alone warns, by the wall clock; a dead source warns nobody; one wrong date moves nobody's time.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::calendar::day_text;
use churnwatch::wire::event::RawRecord;
use serde_json::Value;

use support::model::model;

const DAY_MILLIS: i64 = 86_400_000;
const START: i32 = 20_000;

/// A partition with the wall clock and no holdout.
fn processor() -> Processor {
    let settings = load(None).unwrap();
    let mut setup = settings.setup(1);
    let policy = churnwatch::engine::alerting::policy::Policy { holdout_share: 0.0, ..(*setup.policy).clone() };
    setup.policy = Arc::new(policy);
    Processor::new(Arc::new(setup), 0, model())
}

fn noon(day: i32) -> Millis {
    Millis(i64::from(START + day) * DAY_MILLIS + DAY_MILLIS / 2)
}

fn buys(processor: &mut Processor, offset: i64, customer: &str, day: i32, wall: Millis, batch: &mut Batch) {
    let value = format!(
        r#"{{"id":"{customer}-{day}","type":"purchase","customer_id":"{customer}","time":{},"amount":"50.00","currency":"CNY"}}"#,
        noon(day).0
    );
    let record = RawRecord::new(Some(customer.as_bytes()), Some(value.as_bytes()), wall);
    processor.process(0, offset, &record, wall, batch);
}

/// Lets the wall clock run day by day; gives day and customer of every opening.
fn silence(
    processor: &mut Processor,
    from: i32,
    days: i32,
    source_alive: bool,
    batch: &mut Batch,
) -> Vec<(String, String)> {
    let mut opened = Vec::new();
    for day in from..from + days {
        let time = Time { wall: noon(day), at_end: &[true], source_alive };
        while processor.advance(&time, batch) == Progress::More {}
        opened.extend(batch.iter().filter(|record| record.topic == OutTopic::Alerts).filter_map(|record| {
            let alert: Value = serde_json::from_slice(record.value.unwrap()).unwrap();
            let text = |pointer: &str| alert.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text("/type") == "churnwatch.alert.opened").then(|| (text("/data/day"), text("/subject")))
        }));
        batch.clear();
        processor.committed();
    }
    opened
}

/// A partition in which ann, alone, buys every ten days up to day 60.
fn ann() -> (Processor, Batch) {
    let (mut processor, mut batch) = (processor(), Batch::new());
    for (offset, day) in (0..=60).step_by(10).enumerate() {
        buys(&mut processor, offset as i64, "ann", day, noon(day), &mut batch);
    }
    processor.committed();
    batch.clear();
    (processor, batch)
}

#[test]
fn a_customer_whose_events_just_stop_is_warned_at_the_predicted_close() {
    let (mut processor, mut batch) = ann();
    // One close, so that there is a forecast.
    assert!(silence(&mut processor, 62, 1, true, &mut batch).is_empty());
    let profile = processor.customer_json("ann").unwrap();
    let forecast = profile.pointer("/forecast").unwrap().as_array().unwrap().clone();
    let predicted = forecast.iter().find(|change| change.get("band").and_then(Value::as_str) != Some("low")).unwrap();
    let predicted = predicted.get("day").and_then(Value::as_str).unwrap().to_owned();
    assert!(predicted > day_text(Day(START + 60 + 7)), "{predicted}");
    assert_eq!(silence(&mut processor, 63, 100, true, &mut batch), [(predicted, "ann".to_owned())]);
}

#[test]
fn a_dead_source_warns_nobody_and_says_so() {
    let (mut processor, mut batch) = ann();
    assert!(silence(&mut processor, 62, 100, false, &mut batch).is_empty());
    assert!(!processor.is_due(&Time { wall: noon(162), at_end: &[true], source_alive: false }));
    assert!(processor.is_due(&Time { wall: noon(162), at_end: &[true], source_alive: true }));
    assert_eq!(processor.stats().closes, 0);
}

#[test]
fn one_event_a_year_ahead_warns_nobody() {
    let (mut processor, mut batch) = ann();
    for (offset, customer) in ["bob", "cy"].into_iter().enumerate() {
        buys(&mut processor, 7 + offset as i64, customer, 61, noon(61), &mut batch);
    }
    let catch_up = |processor: &mut Processor, batch: &mut Batch| {
        while processor.closing() {
            processor.advance(&Time { wall: noon(62), at_end: &[false], source_alive: true }, batch);
        }
    };
    catch_up(&mut processor, &mut batch);
    let closed = processor.closed_day();
    assert!(closed.is_some_and(|closed| closed < Day(START + 61)), "{closed:?}");
    // A clock a year ahead stamped both the event and its record.
    buys(&mut processor, 9, "mallory", 61 + 365, noon(61 + 365), &mut batch);
    catch_up(&mut processor, &mut batch);
    let alerts = batch.iter().filter(|record| record.topic == OutTopic::Alerts).count();
    assert_eq!(alerts, 0);
    // Time stands where the third-newest customer stands, on day 61, and has not followed mallory.
    assert!(processor.closed_day().is_some_and(|closed| closed <= Day(START + 61)), "{:?}", processor.closed_day());
}
