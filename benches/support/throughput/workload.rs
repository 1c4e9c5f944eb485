//! The deterministic input, byte for byte that of the rival's `Workload.java`: event i is a pure function of (seed, i).
//!
//! Customers join evenly over the stream, each with a purchase; every other event belongs to one who has already joined,
//! uniformly, so early customers are the busier ones.

use std::fmt::Write;

use churnwatch::engine::day::Millis;
use jiff::Timestamp;
use jiff::tz::Offset;
use sha2::{Digest, Sha256};

/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600_000;
/// Days that every workload spans.
const DAYS: f64 = 400.0;
const KINDS: [&str; 10] = [
    "visit",
    "visit",
    "visit",
    "visit",
    "product_view",
    "product_view",
    "product_view",
    "cart",
    "message_opened",
    "support_contact",
];

/// So many events of so many customers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) events: u64,
    customers: u64,
    repeat_purchases: f64,
    seed: u64,
}

/// 25 % purchases in all.
pub(crate) const W1: Workload =
    Workload { name: "w1", events: 2_000_000, customers: 50_000, repeat_purchases: 0.2308, seed: 1 };
/// 37 % purchases: a third are first purchases.
pub(crate) const W2: Workload =
    Workload { name: "w2", events: 3_000_000, customers: 1_000_000, repeat_purchases: 0.05, seed: 2 };

/// SHA-256 of the first 100,000 and the last 1,000 events as the Java code writes them.
const JAVA: [(Workload, [&str; 2]); 2] = [
    (
        W1,
        [
            "12d6cedc4341b8beee67e03c59323f9b723b25d8977ae21a228c1ae6bc108a02",
            "fbc31f130494b96a11ee874359541559e963f6f459f97191fd49a313644e6a49",
        ],
    ),
    (
        W2,
        [
            "e346cb14ec4b14777e6f843e170f0b12e42258a4097e83f6cd89ed1c3c43d16f",
            "5f073774362a85c337d2c30dd83ca21e38a871f884802b3889abc12dea76c1eb",
        ],
    ),
];

impl Workload {
    /// A tenth of the events and of the customers.
    #[must_use]
    pub(crate) const fn tenth(self) -> Self {
        Self { events: self.events / 10, customers: self.customers / 10, ..self }
    }

    /// The same with so many customers, each with as many events.
    #[must_use]
    pub(crate) const fn of(self, customers: u64) -> Self {
        Self { events: self.events / self.customers * customers, customers, ..self }
    }

    /// Writes key and value of event `i`.
    pub(crate) fn event(&self, i: u64, key: &mut String, value: &mut String) {
        let every = self.events / self.customers;
        let (joined, joins) = (i / every, i.is_multiple_of(every));
        let customer = if joins { joined } else { mix(self.seed, i) % (joined + 1) };
        key.clear();
        let _ = write!(key, "c{customer:07}");
        let random = mix(self.seed, !i);
        let purchase = joins || ((random & 0xff_ffff) as f64) < self.repeat_purchases * f64::from(0x0100_0000);
        let time = Millis(START + (i as f64 * (DAYS * 86_400e3 / self.events as f64)) as i64);
        let id = mix(self.seed, i.wrapping_add(self.seed << 40));
        write_event(&Words { id, random, purchase, time }, key, value);
    }

    fn digest(&self, from: u64, to: u64) -> String {
        let (mut digest, mut key, mut value) = (Sha256::new(), String::new(), String::new());
        for i in from..to {
            self.event(i, &mut key, &mut value);
            digest.update(key.as_bytes());
            digest.update(b"\t");
            digest.update(value.as_bytes());
            digest.update(b"\n");
        }
        hex::encode(digest.finalize())
    }
}

/// Stops where the events are not those that the rival's own loader writes.
pub(crate) fn check() {
    for (workload, [first, last]) in JAVA {
        let found = [workload.digest(0, 100_000), workload.digest(workload.events - 1_000, workload.events)];
        assert_eq!(found, [first, last], "{} is not the rival's", workload.name);
    }
}

/// What an event is written from.
pub(crate) struct Words {
    pub(crate) id: u64,
    pub(crate) random: u64,
    pub(crate) purchase: bool,
    pub(crate) time: Millis,
}

/// Writes an event of some 250 bytes.
pub(crate) fn write_event(words: &Words, customer: &str, out: &mut String) {
    let Words { id, random, purchase, time } = *words;
    let kind = if purchase { "purchase" } else { KINDS[((random >> 24) % KINDS.len() as u64) as usize] };
    let at = Offset::UTC.to_datetime(Timestamp::from_millisecond(time.0).unwrap());
    out.clear();
    let _ = write!(
        out,
        r#"{{"id":"e-{id:x}","type":"{kind}","customer_id":"{customer}","time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z""#,
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond(),
    );
    if purchase {
        let cents = 500 + (((random >> 24 & 0xffff) * (random >> 40 & 0xff)) >> 10);
        let channel = if (random >> 50).is_multiple_of(4) { "store" } else { "online" };
        let _ = write!(
            out,
            r#","order_id":"o-{:x}","amount":"{}.{:02}","currency":"EUR","channel":"{channel}","items":["#,
            random >> 16,
            cents / 100,
            cents % 100,
        );
        let items = 1 + (random >> 55 & 1);
        for k in 0..items {
            let (comma, price) = (if k > 0 { "," } else { "" }, cents / items);
            let _ = write!(
                out,
                r#"{comma}{{"sku":"sku-{}","category":"cat-{}","quantity":1,"unit_price":"{}.{:02}"}}"#,
                random >> (30 + k) & 0xffff,
                random >> (28 + k) & 31,
                price / 100,
                price % 100,
            );
        }
        out.push_str("]}");
    } else {
        let _ = write!(
            out,
            r#","channel":"online","session":"s-{:x}","page":"/catalogue/cat-{}/sku-{}","device":"mobile","referrer":"newsletter"}}"#,
            random >> 12,
            random >> 28 & 31,
            random >> 30 & 0xffff,
        );
    }
}

/// `SplitMix64`.
pub(crate) const fn mix(seed: u64, i: u64) -> u64 {
    let z = i.wrapping_add(seed.wrapping_mul(0x632b_e59b_d9b4_e019)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
