//! How often the hot path asks for memory: `cargo bench --bench allocations`. Prints allocations and bytes an event.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as it should be")]

use std::alloc::System;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::processor::batch::Batch;
use churnwatch::processor::setup::Time;
use churnwatch::processor::topology::Processor;
use churnwatch::shop::event_json::{customer_id, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WALL: Millis = Millis(20_300 * 86_400_000);

fn main() {
    let mut shop = Shop::new(ShopSettings { customers: 5_000, days: 400, seed: 1, end: Day(20_300) });
    let mut records = Vec::new();
    while let Some(events) = shop.next_day() {
        for event in events {
            let mut value = Vec::new();
            write_json(event, "CNY", &mut value);
            records.push((customer_id(event.customer).into_bytes(), value));
        }
    }
    let raw =
        |(key, value): &'static (Vec<u8>, Vec<u8>)| RawRecord { key: Some(key), value: Some(value), timestamp: WALL };
    let records: &'static [(Vec<u8>, Vec<u8>)] = records.leak();

    let (rules, mut scratch) = (EventRules::plain(Currency::CNY), Scratch::default());
    let region = Region::new(ALLOCATOR);
    let usable = records.iter().filter(|record| parse(&rules, &raw(record), WALL, &mut scratch).is_ok()).count();
    print("parse", &region, usable);

    let artifact = Artifact::read(include_bytes!("../models/default.json")).unwrap();
    let setup = Arc::new(load(None).unwrap().until(None).setup(1));
    let mut processor = Processor::new(setup, 0, Arc::new(artifact.model().unwrap()));
    let mut batch = Batch::new();
    let (half, mut region) = (records.len() / 2, Region::new(ALLOCATOR));
    for (at, record) in records.iter().enumerate() {
        if at == half {
            region.reset();
        }
        processor.process(0, at as i64, &raw(record), WALL, &mut batch);
        while processor.closing() {
            processor.advance(&Time { wall: WALL, at_end: &[false], source_alive: true }, &mut batch);
        }
        if at % 5_000 == 0 {
            processor.flush(&mut batch);
            batch.clear();
            processor.committed();
        }
    }
    print("process, second half, closes and changelog included", &region, records.len() - half);
}

fn print(what: &str, region: &Region<'_, System>, events: usize) {
    let change = region.change();
    let each = |count: usize| count as f64 / events as f64;
    println!(
        "{what}: {:.3} allocations, {:.3} reallocations, {:.0} bytes an event, over {events} events",
        each(change.allocations),
        each(change.reallocations),
        each(change.bytes_allocated),
    );
}
