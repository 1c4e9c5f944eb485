//! Wrong times harm nobody else: events years ahead, at the epoch, in seconds instead of milliseconds, or thirty days late.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::Millis;
use churnwatch::engine::event::Reason;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{ClockMode, Progress, Time};
use churnwatch::processor::stats::Stats;
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use serde_json::Value;

use support::draw::Draw;
use support::model::model;
use support::shop::lines;

const DAY: i64 = 86_400_000;

/// A record as it arrives: its customer, its bytes, and when the broker got it.
type Arrival = (String, Vec<u8>, Millis);

/// What was said of each customer, record by record.
type Said = BTreeMap<String, Vec<(OutTopic, Vec<u8>)>>;

fn play(arrivals: &[Arrival]) -> (Said, Stats, Processor) {
    let mut setup = load(None).unwrap().setup(1);
    setup.clock = ClockMode::Event;
    let mut processor = Processor::new(Arc::new(setup), 0, model());
    let (mut said, mut batch) = (Said::new(), Batch::new());
    for (offset, (customer, value, wall)) in arrivals.iter().enumerate() {
        let time = Time { wall: *wall, at_end: &[false], source_alive: false };
        while processor.advance(&time, &mut batch) == Progress::More {}
        let record = RawRecord::new(Some(customer.as_bytes()), Some(value), *wall);
        processor.process(0, offset as i64, &record, *wall, &mut batch);
        processor.committed();
        for record in batch.iter().filter(|record| record.topic != OutTopic::DeadLetters) {
            let customer = String::from_utf8_lossy(record.key.unwrap()).into_owned();
            said.entry(customer).or_default().push((record.topic, record.value.unwrap_or_default().to_vec()));
        }
        batch.clear();
    }
    let stats = processor.stats().clone();
    (said, stats, processor)
}

fn event(id: &str, customer: &str, time: &str) -> Vec<u8> {
    format!(r#"{{"id":"{id}","type":"purchase","customer_id":"{customer}","time":{time},"amount":"40.00","currency":"CNY"}}"#)
        .into_bytes()
}

/// A shop's events, each as it happens.
fn shop() -> Vec<Arrival> {
    let time = |value: &[u8]| {
        let event: Value = serde_json::from_slice(value).unwrap();
        let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
        Millis(time.as_millisecond())
    };
    lines(400, 400, 5).into_iter().map(|(customer, value)| (customer, value.clone(), time(&value))).collect()
}

#[test]
fn events_with_wrong_times_change_nothing_of_anybody_else() {
    let (plain, mut draw) = (shop(), Draw::new(10));
    let (mut disturbed, mut on_time) = (Vec::new(), Vec::new());
    let (mut ahead, mut old, mut late) = (0, 0, 0);
    for (at, arrival) in plain.iter().enumerate() {
        let (now, id) = (arrival.2, format!("stray-{at}"));
        if draw.below(100) < 4 {
            // Refused: whose they would be does not matter. The shop's own customers are the hardest case.
            let (customer, kind) = (&plain[draw.below(plain.len() as u64) as usize].0, draw.below(4));
            let time = match kind {
                0 => (now.0 + 3_652 * DAY).to_string(),
                1 => "0".to_owned(),
                2 => (now.0 / 1_000).to_string(),
                _ => (now.0 - 30 * DAY).to_string(),
            };
            match kind {
                0 => ahead += 1,
                1 | 2 => old += 1,
                _ => late += 1,
            }
            if kind == 3 {
                let customer = format!("late-{}", draw.below(20));
                on_time.push((now.0 - 30 * DAY, customer.clone(), event(&id, &customer, &time)));
                disturbed.push((customer.clone(), event(&id, &customer, &time), now));
            } else {
                disturbed.push((customer.clone(), event(&id, customer, &time), now));
            }
        }
        disturbed.push(arrival.clone());
    }
    assert!(ahead > 100 && old > 200 && late > 100, "{ahead} ahead, {old} old, {late} late");
    let (said, ..) = play(&plain);
    let (all, stats, processor) = play(&disturbed);
    let others: Said = all.into_iter().filter(|(customer, _)| said.contains_key(customer)).collect();
    let count: usize = said.values().map(Vec::len).sum();
    assert!(count > 5_000, "{count} records");
    assert_eq!(others.keys().collect::<Vec<_>>(), said.keys().collect::<Vec<_>>());
    for (customer, records) in &said {
        let differs = records.iter().zip(&others[customer]).find(|(a, b)| a != b);
        let text = |(topic, value): &(OutTopic, Vec<u8>)| format!("{topic:?} {}", String::from_utf8_lossy(value));
        assert!(differs.is_none(), "{customer}: {:?}", differs.map(|(a, b)| (text(a), text(b))));
        assert_eq!(records.len(), others[customer].len(), "{customer}");
    }
    assert_eq!(stats.dead_letters[Reason::InTheFuture as usize], ahead);
    assert_eq!(stats.dead_letters[Reason::TooOld as usize], old);
    assert_eq!(stats.all_dead_letters(), ahead + old, "what is thirty days late is taken");
    // What came late counts on its own day, as if it had been in time.
    on_time.sort();
    let in_time = on_time.into_iter().map(|(time, customer, value)| (customer, value, Millis(time)));
    let mut in_time: Vec<Arrival> = in_time.chain(plain).collect();
    in_time.sort_by_key(|(_, _, time)| *time);
    let (_, _, expected) = play(&in_time);
    for number in 0..20 {
        let customer = format!("late-{number}");
        let (late, expected) =
            (processor.customer_json(&customer).unwrap(), expected.customer_json(&customer).unwrap());
        for field in ["purchases", "purchase_days", "gross_spend", "first_purchase_day", "last_purchase_day", "windows"]
        {
            assert_eq!(late[field], expected[field], "{customer}: {field}");
        }
    }
}
