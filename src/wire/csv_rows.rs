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
    /// How often each row with the present timestamp has been seen, for the k-th repetition's id.
    repetitions: HashMap<u64, u32>,
    repeated_time: Vec<u8>,
    /// Rows of other types, which are not events.
    pub skipped: u64,
}

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
        let find = |column: &str| header.iter().position(|field| field == column.as_bytes());
        let must =
            |column: &str| find(column).ok_or_else(|| FileFault::NoColumn { file: name.into(), column: column.into() });
        let at = Positions {
            customer: must(&columns.customer)?,
            timestamp: must(&columns.timestamp)?,
            amount: must(&columns.amount)?,
            kind: find(&columns.kind),
        };
        let (row, currency) = (ByteRecord::new(), currency.into());
        Ok(Self { reader, row, at, currency, repetitions: HashMap::new(), repeated_time: Vec::new(), skipped: 0 })
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
                record.set_unusable(self.row.as_slice());
                return Ok(true);
            };
            if kind != b"purchase" && kind != b"return" {
                self.skipped += 1;
                continue;
            }
            let id = identify(&mut self.repetitions, &mut self.repeated_time, [customer, time, kind, amount]);
            let utf8 = [customer, time, amount].map(std::str::from_utf8);
            let [Ok(customer), Ok(time), Ok(amount)] = utf8 else {
                record.set_unusable(self.row.as_slice());
                return Ok(true);
            };
            write_event(record, id, kind == b"return", [customer, time, amount, &self.currency]);
            return Ok(true);
        }
    }
}

/// hash(customer, time, type, amount, k-th repetition): honest twins stay two, a second import changes nothing.
fn identify(repetitions: &mut HashMap<u64, u32>, repeated_time: &mut Vec<u8>, parts: [&[u8]; 4]) -> u128 {
    let [_, time, ..] = parts;
    if time != repeated_time.as_slice() {
        repetitions.clear();
        repeated_time.clear();
        repeated_time.extend_from_slice(time);
    }
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let nth = repetitions.entry(hasher.digest()).or_default();
    *nth += 1;
    hasher.update(&nth.to_le_bytes());
    hasher.digest128()
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
    for (name, text) in [("customer_id", customer), ("time", time), ("amount", amount), ("currency", currency)] {
        let _ = write!(value, ",\"{name}\":");
        let _ = serde_json::to_writer(&mut *value, text);
    }
    value.push(b'}');
}
