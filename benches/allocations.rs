//! How often the hot path asks for memory: `cargo bench --bench allocations`. Prints allocations and bytes an event, and
//! the bytes that a customer takes in memory and in the changelog.

mod support;

use std::alloc::System;

use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{WALL, process, processor, raw, records};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let records = records(5_000, 400);
    let (rules, mut scratch) = (EventRules::plain(Currency::CNY), Scratch::default());
    let region = Region::new(ALLOCATOR);
    let usable = records.iter().filter(|record| parse(&rules, &raw(record), WALL, &mut scratch).is_ok()).count();
    print("parse", &region, usable);

    let (mut processor, mut batch) = (processor(), Batch::new());
    let (first, second) = records.split_at(records.len() / 2);
    process(&mut processor, 0, first, &mut batch);
    let region = Region::new(ALLOCATOR);
    process(&mut processor, first.len(), second, &mut batch);
    print("process, second half, closes and changelog included", &region, second.len());
    customers("without interactions", false, support::processor());
    customers("with 10 open interactions of 5 kinds", true, support::processor());
    customers("that can be merged", false, support::merging());
    customers("that can be merged, with 10 open interactions of 5 kinds", true, support::merging());
}

/// Customers of the measurement: as far below a power of two, to which the table grows, as a million is.
const CUSTOMERS: u32 = 31_250;

/// Prints what a customer of ten purchase days takes, index included; its two newest orders are open.
fn customers(what: &str, interacting: bool, mut processor: Processor) {
    let region = Region::new(ALLOCATOR);
    let (mut batch, mut offset, mut changelog) = (Batch::new(), 0, 0);
    let mut tell = |processor: &mut Processor, batch: &mut Batch, day: i64, customer: u32, more: &str| {
        let time = ((19_900 + day) * 86_400 + 43_200) * 1_000;
        let key = format!("customer-{customer:07}");
        let value = format!(r#"{{"id":"{offset}","customer_id":"{key}","time":{time},{more}}}"#);
        let record = RawRecord::new(Some(key.as_bytes()), Some(value.as_bytes()), WALL);
        processor.process(0, offset, &record, WALL, batch);
        offset += 1;
    };
    for customer in 0..CUSTOMERS {
        for turn in 0..10 {
            let more = format!(
                r#""type":"purchase","amount":"{}.50","currency":"CNY","order_id":"o{offset}","channel":"store","items":[{{"category":"cat-{}","quantity":2,"unit_price":9}}]"#,
                20 + customer % 90,
                (customer + turn) % 3,
                offset = u64::from(customer) * 10 + u64::from(turn),
            );
            tell(&mut processor, &mut batch, i64::from(turn) * 30, customer, &more);
        }
        let kinds = ["visit", "product_view", "cart", "checkout", "login"];
        for (day, kind) in (0..10).zip(kinds.iter().cycle()).filter(|_| interacting) {
            tell(&mut processor, &mut batch, 271 + day, customer, &format!(r#""type":"{kind}""#));
        }
        if customer % 625 == 624 {
            processor.flush(&mut batch);
            let profiles = batch.iter().filter(|record| record.topic == OutTopic::Profiles);
            changelog += profiles
                .filter(|record| record.key.is_some_and(|key| key.starts_with(b"customer-")))
                .map(|record| record.value.map_or(0, <[u8]>::len))
                .sum::<usize>();
            batch.clear();
            processor.committed();
        }
    }
    drop(batch);
    let change = region.change();
    let held = change.bytes_allocated as i64 - change.bytes_deallocated as i64;
    println!(
        "a customer of 10 purchase days {what}: {} bytes in memory, {} in the changelog",
        held / i64::from(CUSTOMERS),
        changelog / CUSTOMERS as usize
    );
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
