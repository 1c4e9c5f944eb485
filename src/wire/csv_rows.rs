//! Rows of a CSV file as our own JSON events. A row that can't be one is passed on as it stands, to be dead-lettered.

use std::io::Read;

use csv::{ByteRecord, Reader};

use crate::wire::file_record::{Columns, FileFault, FileRecord, shown};
use crate::wire::sales::{PURCHASE, Positions, Sales};

/// Reads one CSV file.
pub struct CsvRows<R> {
    reader: Reader<R>,
    row: ByteRecord,
    at: Positions,
    sales: Sales,
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
        let there = || shown(header.iter().map(String::from_utf8_lossy));
        let at = Positions::find(columns, name, |column| Ok(find(column)), there)?;
        Ok(Self { reader, row: ByteRecord::new(), at, sales: Sales::new(currency) })
    }

    /// Rows of other types, which are not events.
    pub const fn skipped(&self) -> u64 {
        self.sales.skipped
    }

    /// Reads the next event into `record`; `false` at the end.
    pub fn next(&mut self, record: &mut FileRecord) -> Result<bool, csv::Error> {
        loop {
            if !self.reader.read_byte_record(&mut self.row)? {
                return Ok(false);
            }
            let Positions { customer, timestamp, amount, kind } = self.at;
            let kind = match kind {
                None => Some(PURCHASE.as_bytes()),
                Some(kind) => self.row.get(kind),
            };
            let fields = (self.row.get(customer), self.row.get(timestamp), self.row.get(amount), kind);
            let (Some(customer), Some(time), Some(amount), Some(kind)) = fields else {
                record.set_unusable(&line(&self.row));
                return Ok(true);
            };
            if !self.sales.takes(kind) {
                continue;
            }
            let utf8 = [customer, time, kind, amount].map(std::str::from_utf8);
            let [Ok(customer), Ok(time), Ok(kind), Ok(amount)] = utf8 else {
                record.set_unusable(&line(&self.row));
                return Ok(true);
            };
            self.sales.tell(record, customer, time, kind, amount);
            return Ok(true);
        }
    }
}

/// The row as a line again; its quotes are gone, its fields are not.
fn line(row: &ByteRecord) -> Vec<u8> {
    row.iter().collect::<Vec<_>>().join(&b","[..])
}
