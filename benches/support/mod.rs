//! The events that the benchmarks run on.

use churnwatch::engine::day::{Day, Millis};
use churnwatch::shop::event_json::{customer_id, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};
use churnwatch::wire::event::RawRecord;

/// The day after the last of the shop, and its midnight.
const END: Day = Day(20_300);
/// The time of every benchmark.
pub(crate) const WALL: Millis = Millis(20_300 * 86_400_000);

/// Keys and JSON values of a generated shop, in the order of time; kept to the end of the process.
pub(crate) fn records(customers: u32, days: u32) -> &'static [(Vec<u8>, Vec<u8>)] {
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
pub(crate) fn raw((key, value): &'static (Vec<u8>, Vec<u8>)) -> RawRecord<'static> {
    RawRecord { key: Some(key), value: Some(value), timestamp: WALL }
}
