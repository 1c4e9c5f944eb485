//! The path that most events take asks for no memory: an interaction of a known customer, from JSON to the profile.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::alloc::System;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::Millis;
use churnwatch::processor::batch::Batch;
use churnwatch::processor::topology::Processor;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::event::RawRecord;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIDNIGHT: i64 = 20_000 * 86_400_000;
/// The time of the test: all events are over.
const WALL: Millis = Millis(MIDNIGHT + 86_400_000);
const CUSTOMERS: usize = 1_000;
/// Records of a batch.
const BATCH: usize = 5_000;
const KINDS: [&str; 5] = ["visit", "product_view", "cart", "checkout", "login"];

/// Keys and values of one batch: purchases in the first, interactions in the others, all of one day.
fn records(batch: usize) -> Vec<(String, String)> {
    let record = |at: usize| {
        let (key, time) = (format!("customer-{:04}", at * 7 % CUSTOMERS), MIDNIGHT + at as i64 * 1_000);
        let more = if batch == 0 {
            r#""type":"purchase","amount":"20.50","currency":"CNY""#.to_owned()
        } else {
            format!(r#""type":"{}","channel":"online""#, KINDS[at / CUSTOMERS % KINDS.len()])
        };
        let value = format!(r#"{{"id":"e{at}","customer_id":"{key}","time":{time},{more}}}"#);
        (key, value)
    };
    (batch * BATCH..(batch + 1) * BATCH).map(record).collect()
}

/// In the last of several batches, its commit aside; at most once in ten events, for room that grows.
#[test]
fn an_interaction_of_a_known_customer_asks_for_no_memory() {
    let model = Artifact::read(include_bytes!("../models/default.json")).unwrap().model().unwrap();
    let mut processor = Processor::new(Arc::new(load(None).unwrap().until(None).setup(1)), 0, Arc::new(model));
    let (mut output, mut asked) = (Batch::new(), usize::MAX);
    for batch in 0..5 {
        let records = records(batch);
        let region = Region::new(ALLOCATOR);
        for (offset, (key, value)) in (batch * BATCH..).zip(&records) {
            let record = RawRecord::new(Some(key.as_bytes()), Some(value.as_bytes()), WALL);
            processor.process(0, offset as i64, &record, WALL, &mut output);
        }
        let change = region.change();
        asked = change.allocations + change.reallocations;
        assert!(!processor.closing(), "a close came between");
        assert!(batch == 0 || output.is_empty(), "an interaction told something");
        assert_eq!(processor.touched(), CUSTOMERS);
        processor.flush(&mut output);
        output.clear();
        processor.committed();
    }
    assert!(asked * 10 <= BATCH, "memory was asked for {asked} times in {BATCH} events");
}
