//! What several benchmarks run on: the events of a generated shop, and the default model.

#![allow(dead_code, reason = "each benchmark uses its own part of the support")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as it should be")]

use std::sync::Arc;

use churnwatch::config::load::{check, load};
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::Batch;
use churnwatch::processor::setup::Time;
use churnwatch::processor::topology::Processor;
use churnwatch::shop::event_json::{customer_id, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::event::RawRecord;
use serde_json::json;

pub(crate) mod living;

/// The day after the last of the shop, and its midnight.
const END: Day = Day(20_300);
/// The time of every benchmark.
pub(crate) const WALL: Millis = Millis(20_300 * 86_400_000);
/// Records of a batch.
const BATCH: usize = 5_000;

/// A record's key and its JSON value.
pub(crate) type Record = (Vec<u8>, Vec<u8>);

/// Keys and JSON values of a generated shop, in the order of time; kept to the end of the process.
pub(crate) fn records(customers: u32, days: u32) -> &'static [Record] {
    let mut shop = Shop::new(ShopSettings { customers, days, seed: 1, end: END });
    let mut records = Vec::new();
    while let Some(events) = shop.next_day() {
        for event in events {
            let mut value = Vec::new();
            write_json(event, "CNY", &mut value);
            records.push((customer_id(event.customer).into_bytes(), value));
        }
    }
    records.leak()
}

/// The record of a key and a value.
pub(crate) fn raw((key, value): &Record) -> RawRecord<'_> {
    RawRecord::new(Some(key), Some(value), WALL)
}

/// The model that the service starts with.
pub(crate) fn model() -> Arc<Model> {
    Arc::new(Artifact::read(include_bytes!("../../models/default.json")).unwrap().model().unwrap())
}

/// A processor of the default configuration that has not seen anything yet.
pub(crate) fn processor() -> Processor {
    Processor::new(Arc::new(load(None).unwrap().until(None).setup(1)), 0, model())
}

/// One that keeps what profiles are made of, so that customers can be merged.
#[allow(dead_code, reason = "not every bench merges")]
pub(crate) fn merging() -> Processor {
    let settings = check(json!({ "identity": { "merge": true } })).unwrap();
    Processor::new(Arc::new(settings.until(None).setup(1)), 0, model())
}

/// Takes the records in, those of offset `first` and after, with the closes that they make due; a commit after every batch.
pub(crate) fn process(processor: &mut Processor, first: usize, records: &[Record], batch: &mut Batch) {
    for (offset, record) in (first..).zip(records) {
        processor.process(0, offset as i64, &raw(record), WALL, batch);
        while processor.closing() {
            processor.advance(&Time { wall: WALL, at_end: &[false], source_alive: true }, batch);
        }
        if (offset + 1).is_multiple_of(BATCH) {
            processor.flush(batch);
            batch.clear();
            processor.committed();
        }
    }
}
