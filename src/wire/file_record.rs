//! One event as it stands in a file, how files are read, and why one can't be.

use crate::wire::inputs::format::Format;

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It can't be opened or read.
    #[error("cannot read {file}: {fault}")]
    Unreadable {
        /// Its name.
        file: String,
        /// What the system said.
        fault: String,
    },
    /// A table without a column that is needed.
    #[error(
        "{file} has no column \"{column}\", but {there}: name the columns with --columns customer_id=…,timestamp=…,amount=…,type=…"
    )]
    NoColumn {
        /// Its name.
        file: String,
        /// The column.
        column: String,
        /// The columns that it has.
        there: String,
    },
    /// A CSV without a header.
    #[error("{0} is empty: its first row names the columns, at least customer_id,timestamp,amount")]
    Empty(String),
    /// A column of a Parquet file that holds no single value a row.
    #[error("{file}: the column \"{column}\" holds {holds}, which is neither text, number nor time")]
    BadColumn {
        /// Its name.
        file: String,
        /// The column.
        column: String,
        /// What it holds.
        holds: &'static str,
    },
    /// Parquet on standard input.
    #[error("standard input is a Parquet file, which is read from its end: write it into a file and name that")]
    PipedParquet,
    /// A suffix that names no known format.
    #[error(
        "{0} is neither .jsonl, .json, .csv (also .gz, .zst) nor .parquet (compressed within): rename it or convert it"
    )]
    UnknownFormat(String),
}

impl FileFault {
    /// A fault of reading.
    pub fn unreadable(file: &str, fault: &dyn std::fmt::Display) -> Self {
        let fault = fault.to_string();
        // The number of a system's error tells a reader nothing.
        let fault = fault.split_once(" (os error").map_or(fault.as_str(), |(sentence, _)| sentence);
        Self::Unreadable { file: file.into(), fault: fault.to_owned() }
    }
}

/// Columns that are named where one is missing.
const SHOWN: usize = 20;

/// The columns that are there, as a sentence names them.
pub fn shown(columns: impl Iterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = columns.take(SHOWN).map(|name| name.as_ref().to_owned()).collect();
    names.join(", ")
}

/// One event as it stands in a file; the buffers are reused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRecord {
    /// The customer id, as found.
    pub key: Vec<u8>,
    /// The JSON event.
    pub value: Vec<u8>,
    /// The time as found: a JSON number's or string's text, or "".
    pub time_text: String,
}

impl FileRecord {
    /// A record that no event can be made of: its bytes as they stand, and no key.
    pub fn set_unusable(&mut self, bytes: &[u8]) {
        self.key.clear();
        self.time_text.clear();
        self.value.clear();
        self.value.extend_from_slice(bytes);
    }
}

/// How files are read.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// Columns of CSV and Parquet files.
    pub columns: Columns,
    /// Code of the base currency, which their amounts are in.
    pub currency: String,
    /// Shape of the records of JSON Lines, and of Parquet's rows where it is not our own events.
    pub format: Format,
}

/// Which columns hold what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Customer id.
    pub customer: String,
    /// Time.
    pub timestamp: String,
    /// Amount in the base currency.
    pub amount: String,
    /// `purchase`, `return` or anything else; may be absent: all rows are purchases.
    pub kind: String,
}

impl Default for Columns {
    fn default() -> Self {
        let [customer, timestamp, amount, kind] = ["customer_id", "timestamp", "amount", "type"].map(String::from);
        Self { customer, timestamp, amount, kind }
    }
}
