//! Rows of a CSV file as our own JSON events. A row that can't be one is passed on as it stands, to be dead-lettered.

use std::collections::HashMap;
use std::io::{Read, Write};

use csv::{ByteRecord, Reader};
use xxhash_rust::xxh3::Xxh3;

use crate::wire::file_record::{Columns, FileFault, FileRecord};

/// Reads one CSV file.
pub struct CsvRows<R> {
    reader: Reader<R>,
    row: ByteRecord,
    at: Positions,
    currency: String,
    repetitions: Repetitions,
    /// Rows of other types, which are not events.
    pub skipped: u64,
}

/// Columns that are named where one is missing.
const SHOWN: usize = 20;

#[derive(Clone, Copy)]
struct Positions {
    customer: usize,
    timestamp: usize,
    amount: usize,
    kind: Option<usize>,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header row; `name` is the file's, for the sentence where a column is missing.
    pub fn new(source: R, name: &str, columns: &Columns, currency: &str) -> Result<Self, FileFault> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = reader.byte_headers().map_err(|fault| FileFault::unreadable(name, &fault))?;
        if header.iter().all(<[u8]>::is_empty) {
            return Err(FileFault::Empty(name.into()));
        }
        let find = |column: &str| header.iter().position(|field| field == column.as_bytes());
        let there = || header.iter().take(SHOWN).map(String::from_utf8_lossy).collect::<Vec<_>>().join(", ");
        let must = |column: &str| {
            find(column).ok_or_else(|| FileFault::NoColumn { file: name.into(), column: column.into(), there: there() })
        };
        let at = Positions {
            customer: must(&columns.customer)?,
            timestamp: must(&columns.timestamp)?,
            amount: must(&columns.amount)?,
            kind: find(&columns.kind),
        };
        let (row, currency) = (ByteRecord::new(), currency.into());
        Ok(Self { reader, row, at, currency, repetitions: Repetitions::default(), skipped: 0 })
    }

    /// Reads the next event into `record`; `false` at the end.
    pub fn next(&mut self, record: &mut FileRecord) -> Result<bool, csv::Error> {
        loop {
            if !self.reader.read_byte_record(&mut self.row)? {
                return Ok(false);
            }
            let Positions { customer, timestamp, amount, kind } = self.at;
            let kind = match kind {
                None => Some(&b"purchase"[..]),
                Some(kind) => self.row.get(kind),
            };
            let fields = (self.row.get(customer), self.row.get(timestamp), self.row.get(amount), kind);
            let (Some(customer), Some(time), Some(amount), Some(kind)) = fields else {
                record.set_unusable(&line(&self.row));
                return Ok(true);
            };
            if kind != b"purchase" && kind != b"return" {
                self.skipped += 1;
                continue;
            }
            let id = self.repetitions.identify([customer, time, kind, amount]);
            let utf8 = [customer, time, amount].map(std::str::from_utf8);
            let [Ok(customer), Ok(time), Ok(amount)] = utf8 else {
                record.set_unusable(&line(&self.row));
                return Ok(true);
            };
            write_event(record, id, kind == b"return", [customer, time, amount, &self.currency]);
            return Ok(true);
        }
    }
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
    fn identify(&mut self, parts: [&[u8]; 4]) -> u128 {
        let mut hasher = Xxh3::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
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

/// The row as a line again; its quotes are gone, its fields are not.
fn line(row: &ByteRecord) -> Vec<u8> {
    row.iter().collect::<Vec<_>>().join(&b","[..])
}

fn write_event(record: &mut FileRecord, id: u128, is_return: bool, texts: [&str; 4]) {
    let [customer, time, amount, currency] = texts;
    record.key.clear();
    record.key.extend_from_slice(customer.as_bytes());
    record.time_text.clear();
    record.time_text.push_str(time);
    let value = &mut record.value;
    value.clear();
    let (kind, amount) =
        if is_return { ("refund", amount.strip_prefix('-').unwrap_or(amount)) } else { ("purchase", amount) };
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
    put_text(value, "currency", currency);
    value.push(b'}');
}

fn put_text(value: &mut Vec<u8>, name: &str, text: &str) {
    let _ = write!(value, ",\"{name}\":");
    let _ = serde_json::to_writer(value, text);
}
