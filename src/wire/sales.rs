//! Rows of purchases and returns as our own JSON events. Each gets an id of its own contents, so that a second import of the
//! same rows changes nothing.

use std::collections::HashMap;
use std::io::Write;

use xxhash_rust::xxh3::Xxh3;

use crate::wire::file_record::{Columns, FileFault, FileRecord};

/// The type of a purchase, which is also that of rows that name none.
pub const PURCHASE: &str = "purchase";
/// The type of a return.
const RETURN: &str = "return";

/// Where the columns of a sale stand in a row.
#[derive(Clone, Copy)]
pub struct Positions {
    /// The customer's id.
    pub customer: usize,
    /// When it was.
    pub timestamp: usize,
    /// The amount of money.
    pub amount: usize,
    /// The type; `None`: every row is a purchase.
    pub kind: Option<usize>,
}

impl Positions {
    /// Those in a file of that name. `place` tells where the column of a name stands, `there` which the file has.
    pub fn find(
        named: &Columns,
        file: &str,
        mut place: impl FnMut(&str) -> Result<Option<usize>, FileFault>,
        there: impl Fn() -> String,
    ) -> Result<Self, FileFault> {
        let mut must = |column: &str| {
            let missing = || FileFault::NoColumn { file: file.into(), column: column.into(), there: there() };
            place(column)?.ok_or_else(missing)
        };
        let (customer, timestamp, amount) = (must(&named.customer)?, must(&named.timestamp)?, must(&named.amount)?);
        Ok(Self { customer, timestamp, amount, kind: place(&named.kind)? })
    }
}

/// Makes events of rows.
pub struct Sales {
    currency: String,
    repetitions: Repetitions,
    /// Rows of other types, which are not events.
    pub skipped: u64,
}

impl Sales {
    /// Nothing read yet; `currency` is what amounts are in.
    pub fn new(currency: &str) -> Self {
        Self { currency: currency.into(), repetitions: Repetitions::default(), skipped: 0 }
    }

    /// Whether a row of this type is an event; one that is not is counted.
    pub fn takes(&mut self, kind: &[u8]) -> bool {
        let taken = kind == PURCHASE.as_bytes() || kind == RETURN.as_bytes();
        self.skipped += u64::from(!taken);
        taken
    }

    /// Writes a row that was taken as an event.
    pub fn tell(&mut self, record: &mut FileRecord, customer: &str, time: &str, kind: &str, amount: &str) {
        let id = self.repetitions.identify([customer, time, kind, amount]);
        record.key.clear();
        record.key.extend_from_slice(customer.as_bytes());
        record.time_text.clear();
        record.time_text.push_str(time);
        let value = &mut record.value;
        value.clear();
        let (kind, amount) =
            if kind == RETURN { ("refund", amount.strip_prefix('-').unwrap_or(amount)) } else { (PURCHASE, amount) };
        // Writing to memory cannot fail.
        let _ = write!(value, "{{\"id\":\"{id:032x}\",\"type\":\"{kind}\"");
        // Epoch milliseconds are a number in JSON.
        if serde_json::from_str::<i64>(time).is_ok() {
            let _ = write!(value, ",\"time\":{time}");
        } else {
            put_text(value, "time", time);
        }
        put_text(value, "customer_id", customer);
        put_text(value, "amount", amount);
        put_text(value, "currency", &self.currency);
        value.push(b'}');
    }
}

fn put_text(value: &mut Vec<u8>, name: &str, text: &str) {
    let _ = write!(value, ",\"{name}\":");
    let _ = serde_json::to_writer(value, text);
}

/// How often each row has been seen. Two generations of at most [`GENERATION`] rows: honest twins further apart than
/// that would count as one.
#[derive(Default)]
struct Repetitions {
    newer: HashMap<u64, u32>,
    older: HashMap<u64, u32>,
}

/// Rows of one generation.
const GENERATION: usize = 1 << 20;

impl Repetitions {
    /// hash(customer, time, type, amount, k-th repetition): honest twins stay two, a second import changes nothing.
    fn identify(&mut self, parts: [&str; 4]) -> u128 {
        let mut hasher = Xxh3::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        if self.newer.len() >= GENERATION {
            self.older = std::mem::take(&mut self.newer);
        }
        let row = hasher.digest();
        let before = self.older.get(&row).copied().unwrap_or_default();
        let nth = self.newer.entry(row).or_insert(before);
        *nth += 1;
        hasher.update(&nth.to_le_bytes());
        hasher.digest128()
    }
}
