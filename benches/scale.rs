//! What events, closes and a restore cost as customers grow: `cargo bench --bench scale`, or `-- 10000 5000000` for other
//! sizes. One partition without Kafka, and each size in a process of its own; prints a Markdown table.
//!
//! Customers join over 100 days, a tenth of them having an event a day; the first close comes then, and after five days
//! ten more that are measured. Times are of the thread's CPU, so that a busy machine does not count but for its caches.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first thing that is not as it should be"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use churnwatch::config::load::load;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::packed::bytes::Writer;
use churnwatch::engine::packed::customer::pack;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{CLOSE_BUDGET, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::shop::event_json::customer_id;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::changelog::write_customer;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::partition_record::{ChangelogKey, PartitionRecord};
use rustix::time::{ClockId, clock_gettime};

/// Customers, where no sizes are given.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
/// What tells a process to measure one size.
const ONE: &str = "--one";
const FIRST_DAY: i64 = 20_000;
const JOINING_DAYS: i64 = 100;
const SETTLING_DAYS: i64 = 5;
const MEASURED_DAYS: i64 = 10;
/// Customers to one event a day.
const CUSTOMERS_AN_EVENT: u32 = 10;
/// One event of so many is a newcomer's first purchase while customers join; so each has ten events in the end.
const EVENTS_A_NEWCOMER: u64 = 10;
/// One of so many other events is a purchase.
const EVENTS_A_PURCHASE: u64 = 4;
/// Events between two commits.
const BURST: u32 = 1_000;
/// Customers that the control always hits, and its bursts.
const FEW: u32 = 10_000;
const FEW_BURSTS: u32 = 40;
/// Times that the state is counted.
const COUNTS: u32 = 10;
/// The time of every record, after all events.
const WALL: Millis = Millis((FIRST_DAY + 1_000) * DAY_MILLIS);
const DAY_MILLIS: i64 = 86_400_000;
/// First bytes of the changelog's keys from here on are no customer's.
const NO_CUSTOMER: u8 = 0xFC;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sizes: Vec<u32> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if arguments.iter().any(|argument| argument == ONE) {
        sizes.into_iter().for_each(measure);
        return;
    }
    let columns = [
        "customers",
        "µs an event",
        "µs an event of the same few",
        "state, bytes a customer",
        "resident, bytes a customer",
        "changelog value, bytes",
        "close, ms",
        "close, ns a customer",
        "records a customer and close",
        "first close, ns a customer",
        "close after a restart, ns a customer",
        "restore, ns a customer",
        "counting the state, ms",
    ];
    println!("| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
    for size in if sizes.is_empty() { SIZES.to_vec() } else { sizes } {
        let program = std::env::current_exe().unwrap();
        assert!(Command::new(program).args([ONE, &size.to_string()]).status().unwrap().success());
    }
}

/// Lives with so many customers, and prints their row.
fn measure(customers: u32) {
    let before = resident();
    let (mut life, a_day) = (Life::new(customers), customers / CUSTOMERS_AN_EVENT);
    let mut days = 0..;
    let mut live = |life: &mut Life, many: i64, events: u32, who: Who| {
        let mut spent = Spent::default();
        days.by_ref().take(many as usize).for_each(|day| life.day(day, events, who, &mut spent));
        spent
    };
    live(&mut life, JOINING_DAYS, a_day, Who::Joining);
    life.count_as_closed(JOINING_DAYS - 2);
    let first = live(&mut life, 1, a_day, Who::Anybody);
    live(&mut life, SETTLING_DAYS, a_day, Who::Anybody);
    let spent = live(&mut life, MEASURED_DAYS, a_day, Who::Anybody);
    let resident = (resident() - before) / f64::from(customers);
    let (bytes, counting) = life.count();
    let changelog = Changelog::of(&life);
    let restore = changelog.restore(&mut life);
    let restarted = live(&mut life, 1, BURST, Who::Anybody);
    // The first bursts make the few known to the caches.
    live(&mut life, 1, FEW_BURSTS / 4 * BURST, Who::Few);
    let few = live(&mut life, 1, FEW_BURSTS * BURST, Who::Few);
    let each = |spent: Duration| spent.as_nanos() as f64 / f64::from(customers);
    println!(
        "| {customers} | {:.2} | {:.2} | {} | {resident:.0} | {} | {:.1} | {:.0} | {:.3} | {:.0} | {:.0} | {:.0} | {:.2} |",
        spent.events.as_nanos() as f64 / 1e3 / MEASURED_DAYS as f64 / f64::from(a_day),
        few.events.as_nanos() as f64 / 1e3 / f64::from(FEW_BURSTS * BURST),
        bytes / customers as usize,
        changelog.value_bytes() / customers as usize,
        spent.closes.as_secs_f64() * 1e3 / MEASURED_DAYS as f64,
        each(spent.closes) / MEASURED_DAYS as f64,
        spent.close_records as f64 / f64::from(customers) / MEASURED_DAYS as f64,
        each(first.closes),
        each(restarted.closes),
        each(restore),
        counting.as_secs_f64() * 1e3,
    );
}

/// Whose events a day has.
#[derive(Clone, Copy)]
enum Who {
    /// Newcomers, and anybody who has joined; no day closes.
    Joining,
    Anybody,
    Few,
}

/// What days took. The events' time has the changelog in it, and so has the closes'.
#[derive(Default)]
struct Spent {
    events: Duration,
    closes: Duration,
    close_records: usize,
}

/// A partition and what happens in it.
struct Life {
    customers: u32,
    processor: Processor,
    batch: Batch,
    /// Events so far.
    told: u64,
    /// The changelog's records of the partition as a whole.
    whole: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Life {
    fn new(customers: u32) -> Self {
        Self { customers, processor: fresh(), batch: Batch::new(), told: 0, whole: BTreeMap::new() }
    }

    /// A day of so many events; it closes the days before.
    fn day(&mut self, day: i64, events: u32, who: Who, spent: &mut Spent) {
        let mut burst = Vec::new();
        for number in 0..events {
            let noon = (FIRST_DAY + day) * DAY_MILLIS + DAY_MILLIS / 2;
            burst.push(self.event(noon + i64::from(number), who));
            if burst.len() == BURST as usize || number + 1 == events {
                self.take(&burst, who, spent);
                burst.clear();
            }
        }
    }

    /// Goes on as if the days to this one had been closed: a hundred closes would take most of the time.
    fn count_as_closed(&mut self, day: i64) {
        let (key, mut value) = (ChangelogKey::Partition(0).write(), Vec::new());
        let mut record = PartitionRecord::read(&self.whole[&key]).unwrap();
        record.clock.closed = Some(Day((FIRST_DAY + day) as i32));
        record.write(&mut value);
        self.processor.restore(&key, Some(&value)).unwrap();
        self.processor.restored(WALL);
    }

    /// The state's bytes, and the time that it takes to count them.
    fn count(&self) -> (usize, Duration) {
        let state = self.processor.engine().state();
        let mut bytes = 0;
        let spent = timed(|| (0..COUNTS).for_each(|_| bytes = black_box(state).bytes()));
        (bytes, spent / COUNTS)
    }

    /// Key and value of the next event, a pure function of its number.
    fn event(&mut self, time: i64, who: Who) -> (String, String) {
        let number = self.told;
        self.told += 1;
        let (chance, of) = (mix(number), |many: u64| (mix(number) >> 16) % many);
        let newcomer = matches!(who, Who::Joining) && number.is_multiple_of(EVENTS_A_NEWCOMER);
        let customer = match who {
            Who::Joining if newcomer => number / EVENTS_A_NEWCOMER,
            Who::Joining => of(number / EVENTS_A_NEWCOMER + 1),
            Who::Anybody => of(u64::from(self.customers)),
            // Spread over the whole state.
            Who::Few => of(u64::from(FEW.min(self.customers))) * u64::from(self.customers / FEW.min(self.customers)),
        };
        let id = customer_id(customer as u32);
        let what = if newcomer || chance.is_multiple_of(EVENTS_A_PURCHASE) {
            let (price, category) = (20 + chance % 90, chance % 7);
            format!(
                r#""type":"purchase","order_id":"o{number}","amount":"{price}.50","currency":"CNY","channel":"online","items":[{{"sku":"sku-{category}","category":"cat-{category}","quantity":1,"unit_price":"{price}.50"}}]"#
            )
        } else {
            let kind = ["visit", "product_view", "cart", "login", "message_opened"][(chance % 5) as usize];
            format!(r#""type":"{kind}","channel":"online""#)
        };
        let value = format!(r#"{{"id":"e{number}","customer_id":"{id}","time":{time},{what}}}"#);
        (id, value)
    }

    /// Takes events in and commits them.
    fn take(&mut self, burst: &[(String, String)], who: Who, spent: &mut Spent) {
        let first = self.told - burst.len() as u64;
        let mut from = cpu();
        for ((key, value), offset) in burst.iter().zip(first..) {
            let record = RawRecord::new(Some(key.as_bytes()), Some(value.as_bytes()), WALL);
            self.processor.process(0, offset as i64, &record, WALL, &mut self.batch);
            if self.processor.closing() && !matches!(who, Who::Joining) {
                spent.events += cpu().saturating_sub(from) + self.commit();
                self.close(spent);
                from = cpu();
            }
        }
        spent.events += cpu().saturating_sub(from) + self.commit();
    }

    /// Closes what is due, committing as the service does.
    fn close(&mut self, spent: &mut Spent) {
        while self.processor.closing() {
            let time = Time { wall: WALL, at_end: &[false], source_alive: true };
            spent.closes += timed(|| self.processor.advance(&time, &mut self.batch));
            let records = self.batch.len() + self.processor.touched();
            if records >= CLOSE_BUDGET || !self.processor.closing() {
                spent.close_records += records;
                spent.closes += self.commit();
            }
        }
    }

    /// Writes the changelog and takes the batch for committed.
    fn commit(&mut self) -> Duration {
        let spent = timed(|| self.processor.flush(&mut self.batch));
        for record in self.batch.iter().filter(|record| record.topic == OutTopic::Profiles) {
            if let Some((key, value)) = record.key.zip(record.value).filter(|(key, _)| key[0] >= NO_CUSTOMER) {
                self.whole.insert(key.to_vec(), value.to_vec());
            }
        }
        self.batch.clear();
        spent + timed(|| drop(self.processor.committed()))
    }
}

/// The customers' records, as a compacted changelog has them.
struct Changelog {
    bytes: Vec<u8>,
    /// Where each id and each value ends.
    ends: Vec<(usize, usize)>,
}

impl Changelog {
    fn of(life: &Life) -> Self {
        let (mut bytes, mut ends, mut writer) = (Vec::new(), Vec::new(), Writer::default());
        for (_, customer) in life.processor.engine().state().iter() {
            bytes.extend_from_slice(customer.id.as_bytes());
            let id = bytes.len();
            writer.begin();
            pack(&mut writer, &customer.profile, &customer.standing);
            write_customer(writer.bytes(), &mut bytes);
            ends.push((id, bytes.len()));
        }
        Self { bytes, ends }
    }

    fn value_bytes(&self) -> usize {
        self.ends.iter().map(|(id, value)| value - id).sum()
    }

    /// Another processor in the life's place, from the changelog.
    fn restore(&self, life: &mut Life) -> Duration {
        life.processor = fresh();
        let spent = timed(|| {
            let mut from = 0;
            for (id, value) in &self.ends {
                life.processor.restore(&self.bytes[from..*id], Some(&self.bytes[*id..*value])).unwrap();
                from = *value;
            }
        });
        for (key, value) in &life.whole {
            life.processor.restore(key, Some(value)).unwrap();
        }
        assert!(life.processor.restored(WALL).is_empty(), "the model is the one that the changelog names");
        spent
    }
}

fn fresh() -> Processor {
    let model = Artifact::read(include_bytes!("../models/default.json")).unwrap().model().unwrap();
    Processor::new(Arc::new(load(None).unwrap().until(None).setup(1)), 0, Arc::new(model))
}

/// A number's bits, mixed (splitmix64).
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let from = cpu();
    work();
    cpu().saturating_sub(from)
}

/// CPU that this thread has used.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Resident memory of this process, bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1_024.0
}
