//! Input files: JSON Lines and CSV, plain, gzip or zstd by suffix, and Parquet; `-` for standard input.
//!
//! A bad line is passed on as a record, because whoever reads it has dead letters and this room has not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::wire::csv_rows::CsvRows;
use crate::wire::file_record::{FileFault, FileOptions, FileRecord};
use crate::wire::glance::Glance;
use crate::wire::meter::Meter;
use crate::wire::parquet::rows::ParquetRows;
use crate::wire::rules::EventRules;

/// One open file.
pub enum EventFile {
    /// JSON Lines.
    Json(JsonLines),
    /// CSV.
    Csv(Box<CsvRows<Box<dyn Read + Send>>>),
    /// Parquet.
    Parquet(Box<ParquetRows>),
}

/// What a Parquet file begins with.
const PARQUET: &[u8] = b"PAR1";

impl EventFile {
    /// Opens a file, whose bytes `meter` counts; its format and compression follow from its name, those of standard input
    /// from its first letter.
    pub fn open(path: &Path, options: &FileOptions, meter: &Meter) -> Result<Self, FileFault> {
        let name = path.display().to_string();
        if name == "-" {
            return Self::unnamed(BufReader::new(Box::new(meter.count(stdin()))), options);
        }
        if path.extension().is_some_and(|suffix| suffix == "parquet") {
            return ParquetRows::open(path, options, meter).map(|rows| Self::Parquet(Box::new(rows)));
        }
        let (stem, source) = decompressed(path, meter)?;
        match Path::new(&stem).extension().and_then(|suffix| suffix.to_str()) {
            Some("jsonl" | "json" | "ndjson") => Ok(Self::Json(JsonLines::new(source, name, options))),
            Some("csv") => Ok(Self::Csv(Box::new(CsvRows::new(source, &name, &options.columns, &options.currency)?))),
            _ => Err(FileFault::UnknownFormat(name)),
        }
    }

    /// JSON Lines begin with a brace, which no header row does; from where nothing comes, nothing is asked either.
    fn unnamed(mut source: BufReader<Box<dyn Read + Send>>, options: &FileOptions) -> Result<Self, FileFault> {
        let name = "standard input";
        let first = first_letter(&mut source).map_err(|fault| FileFault::unreadable(name, &fault))?;
        if source.buffer().starts_with(PARQUET) {
            return Err(FileFault::PipedParquet);
        }
        let source: Box<dyn Read + Send> = Box::new(source);
        match first {
            None | Some(b'{') => Ok(Self::Json(JsonLines::new(source, name.into(), options))),
            Some(_) => Ok(Self::Csv(Box::new(CsvRows::new(source, name, &options.columns, &options.currency)?))),
        }
    }

    /// Reads the next event; `false` at the end.
    pub fn next(&mut self, record: &mut FileRecord, rules: &EventRules) -> Result<bool, FileFault> {
        match self {
            Self::Json(lines) => lines.next(record, rules),
            Self::Csv(rows) => rows.next(record).map_err(|fault| FileFault::unreadable("the CSV file", &fault)),
            Self::Parquet(rows) => rows.next(record, rules),
        }
    }

    /// Rows that are no events (types other than purchase and return).
    pub fn skipped(&self) -> u64 {
        match self {
            Self::Json(_) => 0,
            Self::Csv(rows) => rows.skipped(),
            Self::Parquet(rows) => rows.skipped(),
        }
    }
}

/// The decompressed bytes of a file of lines; `-` is standard input.
pub fn open_lines(path: &Path, meter: &Meter) -> Result<Box<dyn Read + Send>, FileFault> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(meter.count(stdin())));
    }
    decompressed(path, meter).map(|(_, source)| source)
}

/// The first byte that is no blank, which is still to be read; `None` at the end.
fn first_letter(source: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let bytes = source.fill_buf()?;
        let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if bytes.is_empty() || blanks < bytes.len() {
            let first = bytes.get(blanks).copied();
            source.consume(blanks);
            return Ok(first);
        }
        source.consume(blanks);
    }
}

/// A file's name without its compression suffix, and its decompressed bytes.
pub fn decompressed(path: &Path, meter: &Meter) -> Result<(String, Box<dyn Read + Send>), FileFault> {
    let name = path.display().to_string();
    let file = meter.count(File::open(path).map_err(|fault| FileFault::unreadable(&name, &fault))?);
    if let Some(stem) = name.strip_suffix(".gz") {
        return Ok((stem.into(), Box::new(MultiGzDecoder::new(BufReader::new(file)))));
    }
    if let Some(stem) = name.strip_suffix(".zst") {
        let decoder = zstd::Decoder::new(file).map_err(|fault| FileFault::unreadable(&name, &fault))?;
        return Ok((stem.into(), Box::new(decoder)));
    }
    Ok((name, Box::new(file)))
}

/// Reads JSON Lines.
pub struct JsonLines {
    source: BufReader<Box<dyn Read + Send>>,
    name: String,
    glance: Glance,
}

impl JsonLines {
    fn new(source: Box<dyn Read + Send>, name: String, options: &FileOptions) -> Self {
        let source = BufReader::with_capacity(256 * 1024, source);
        Self { source, name, glance: Glance::new(&options.format) }
    }

    fn next(&mut self, record: &mut FileRecord, rules: &EventRules) -> Result<bool, FileFault> {
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
            self.glance.at(record, rules);
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::EventFile;
    use crate::wire::file_record::{Columns, FileFault, FileOptions, FileRecord};
    use crate::wire::inputs::format::Format;
    use crate::wire::rules::EventRules;

    fn records(text: &'static str) -> Result<Vec<String>, FileFault> {
        let options = FileOptions { columns: Columns::default(), currency: "CNY".into(), format: Format::Events };
        // A buffer smaller than the blanks before the first letter.
        let mut file = EventFile::unnamed(BufReader::with_capacity(2, Box::new(text.as_bytes())), &options)?;
        let (mut record, mut read) = (FileRecord::default(), Vec::new());
        let rules = EventRules::plain(iso_currency::Currency::CNY);
        while file.next(&mut record, &rules)? {
            read.push(String::from_utf8_lossy(&record.key).into_owned());
        }
        Ok(read)
    }

    #[test]
    fn what_comes_without_a_name_is_told_by_its_first_letter() {
        assert_eq!(records("\n \n\n{\"customer_id\":\"a\"}\n{\"customer_id\":\"b\"}").unwrap(), ["a", "b"]);
        assert_eq!(records("\ncustomer_id,timestamp,amount\na,2025-01-01,1\n").unwrap(), ["a"]);
        assert!(records(" \n").unwrap().is_empty());
        assert!(records("garbage").unwrap_err().to_string().starts_with("standard input has no column"));
    }
}
