//! How often the hot path asks for memory: `cargo bench --bench allocations`. Prints allocations and bytes an event.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as it should be")]

mod support;

use std::alloc::System;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::processor::batch::Batch;
use churnwatch::processor::setup::Time;
use churnwatch::processor::topology::Processor;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::event::{Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{WALL, raw, records};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let records = records(5_000, 400);
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
