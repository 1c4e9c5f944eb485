//! The path that most events take asks for no memory: an interaction of a known customer, from JSON to the profile; and the
//! look at a record that is not traced.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::alloc::System;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use churnwatch::config::load::{check, load};
use churnwatch::engine::day::Millis;
use churnwatch::processor::batch::Batch;
use churnwatch::processor::topology::Processor;
use churnwatch::service::telemetry::metrics::Metrics;
use churnwatch::service::traces::tracer::{Topics, Tracer};
use churnwatch::service::traces::way::{Way, Ways};
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::event::RawRecord;
use rdkafka::Timestamp;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time: memory is counted for the whole process.
static ONE: Mutex<()> = Mutex::new(());

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
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
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

/// With tracing on: whether a record is sampled is seen without memory, be it by its header or by drawing.
#[test]
fn a_record_that_is_not_traced_asks_for_no_memory() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let endpoint = serde_json::json!({ "endpoint": "http://127.0.0.1:9", "sample_ratio": 0.0 });
    let settings = check(serde_json::json!({ "tracing": endpoint })).unwrap();
    let topics = Topics { group: "g".into(), inputs: vec!["in".into()], outputs: [const { String::new() }; 6] };
    let tracer = Tracer::start(&settings, topics, Metrics::new().unwrap().spans()).unwrap().unwrap();
    let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let header = OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(unsampled) });
    for (name, headers) in [("no header", None), ("an unsampled header", Some(header))] {
        let message = OwnedMessage::new(None, None, "in".into(), Timestamp::NotAvailable, 0, 0, headers);
        assert!(Way::follow(&tracer, &message, 0).is_none(), "the random numbers of a thread are made at its first");
        let (region, begun) = (Region::new(ALLOCATOR), Instant::now());
        for _ in 0..100_000 {
            assert!(Way::follow(&tracer, &message, 0).is_none());
        }
        let (change, took) = (region.change(), begun.elapsed());
        println!("{name}: {:.0} ns", took.as_secs_f64() * 1e9 / 1e5);
        // The thread that posts spans may be starting meanwhile.
        let asked = change.allocations + change.reallocations;
        assert!(asked < 100, "{name}: memory was asked for {asked} times in 100,000 records");
    }
    let sampled =
        OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(&unsampled.replace("-00", "-01")) });
    let message = OwnedMessage::new(None, None, "in".into(), Timestamp::NotAvailable, 0, 0, Some(sampled));
    let (mut ways, mut batch, begun) = (Ways::default(), Batch::new(), Instant::now());
    for _ in 0..200 {
        let way = Way::follow(&tracer, &message, 0).unwrap();
        ways.worked(way, &mut batch, 0);
    }
    ways.seal();
    ways.committed(&tracer);
    println!("sampled, its three spans told: {:.0} ns", begun.elapsed().as_secs_f64() * 1e9 / 200.0);
}
