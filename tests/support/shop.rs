//! A generated shop as the lines that it would send, and as a history.

use churnwatch::engine::day::{Day, Millis};
use churnwatch::shop::event_json::{customer_id, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};
use churnwatch::training::history::History;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;

/// One event as it is sent: customer and JSON.
pub(crate) type Line = (String, Vec<u8>);

/// The last day of the shops in tests is the day before this one: 2026-01-01.
pub(crate) const END: Day = Day(20_454);

/// Everything that a shop sends if nobody answers its customers' silences.
pub(crate) fn lines(customers: u32, days: u32, seed: u64) -> Vec<Line> {
    let mut shop = Shop::new(ShopSettings { customers, days, seed, end: END });
    let mut lines = Vec::new();
    while let Some(events) = shop.next_day() {
        for event in events {
            let mut value = Vec::new();
            write_json(event, "CNY", &mut value);
            lines.push((customer_id(event.customer), value));
        }
    }
    lines
}

/// The history that the lines before the midnight that opens `until` make.
pub(crate) fn history(lines: &[Line], until: Option<Day>) -> History {
    let rules = EventRules::plain(Currency::CNY);
    let mut scratch = Scratch::default();
    let wall = Millis(i64::MAX / 2);
    let mut history = History::new(35);
    for (customer, value) in lines {
        let raw = RawRecord::new(Some(customer.as_bytes()), Some(value), wall);
        let event = parse(&rules, &raw, wall, &mut scratch).unwrap().event;
        if until.is_none_or(|until| event.day < until) {
            history.add(&event);
        }
    }
    history.sort();
    history
}
