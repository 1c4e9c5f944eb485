//! Input files: JSON Lines and CSV, plain, gzip or zstd by suffix, `-` for standard input.
//!
//! A bad line is passed on as a record, because whoever reads it has dead letters and this room has not.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::csv_rows::CsvRows;
use crate::wire::file_record::{FileFault, FileOptions, FileRecord};

/// One open file.
pub enum EventFile {
    /// JSON Lines.
    Json(JsonLines),
    /// CSV.
    Csv(Box<CsvRows<Box<dyn Read + Send>>>),
}

impl EventFile {
    /// Opens a file; its format and compression follow from its name. Standard input is JSON Lines.
    pub fn open(path: &Path, options: &FileOptions) -> Result<Self, FileFault> {
        let name = path.display().to_string();
        if name == "-" {
            return Ok(Self::Json(JsonLines::new(Box::new(stdin()), name)));
        }
        let (stem, source) = open_decompressed(path, &name)?;
        match Path::new(&stem).extension().and_then(|suffix| suffix.to_str()) {
            Some("jsonl" | "json" | "ndjson") => Ok(Self::Json(JsonLines::new(source, name))),
            Some("csv") => Ok(Self::Csv(Box::new(CsvRows::new(source, &name, &options.columns, &options.currency)?))),
            _ => Err(FileFault::UnknownFormat(name)),
        }
    }

    /// Reads the next event; `false` at the end.
    pub fn next(&mut self, record: &mut FileRecord) -> Result<bool, FileFault> {
        match self {
            Self::Json(lines) => lines.next(record),
            Self::Csv(rows) => rows.next(record).map_err(|fault| FileFault::unreadable("the CSV file", &fault)),
        }
    }

    /// Rows that are no events (types other than purchase and return).
    pub fn skipped(&self) -> u64 {
        match self {
            Self::Json(_) => 0,
            Self::Csv(rows) => rows.skipped,
        }
    }
}

/// The decompressed bytes of a file of lines; `-` is standard input.
pub fn open_lines(path: &Path) -> Result<Box<dyn Read + Send>, FileFault> {
    let name = path.display().to_string();
    if name == "-" {
        return Ok(Box::new(stdin()));
    }
    open_decompressed(path, &name).map(|(_, source)| source)
}

/// The name without its compression suffix, and the decompressed bytes.
fn open_decompressed(path: &Path, name: &str) -> Result<(String, Box<dyn Read + Send>), FileFault> {
    let file = File::open(path).map_err(|fault| FileFault::unreadable(name, &fault))?;
    if let Some(stem) = name.strip_suffix(".gz") {
        return Ok((stem.into(), Box::new(MultiGzDecoder::new(BufReader::new(file)))));
    }
    if let Some(stem) = name.strip_suffix(".zst") {
        let decoder = zstd::Decoder::new(file).map_err(|fault| FileFault::unreadable(name, &fault))?;
        return Ok((stem.into(), Box::new(decoder)));
    }
    Ok((name.into(), Box::new(file)))
}

/// Reads JSON Lines.
pub struct JsonLines {
    source: BufReader<Box<dyn Read + Send>>,
    name: String,
}

/// What a line must be looked into for before it is an event.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    customer_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
}

impl JsonLines {
    fn new(source: Box<dyn Read + Send>, name: String) -> Self {
        Self { source: BufReader::with_capacity(256 * 1024, source), name }
    }

    fn next(&mut self, record: &mut FileRecord) -> Result<bool, FileFault> {
        loop {
            record.set_unusable(b"");
            let read = self.source.read_until(b'\n', &mut record.value);
            if read.map_err(|fault| FileFault::unreadable(&self.name, &fault))? == 0 {
                return Ok(false);
            }
            let kept = record.value.trim_ascii_end().len();
            record.value.truncate(kept);
            if kept == 0 {
                continue;
            }
            let FileRecord { key, value, time_text } = record;
            if let Ok(peek) = serde_json::from_slice::<Peek<'_>>(value) {
                key.extend_from_slice(peek.customer_id.unwrap_or_default().as_bytes());
                time_text.push_str(peek.time.map_or("", |time| time.get().trim_matches('"')));
            }
            return Ok(true);
        }
    }
}
