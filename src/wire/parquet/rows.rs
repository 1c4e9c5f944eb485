//! Rows of a Parquet file as events: purchases and returns by their columns, our own events field by field, or records of
//! another shape. A row that can't be one is passed on as it stands, to be dead-lettered.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;
use parquet::record::reader::RowIter;
use parquet::schema::types::{Type, TypePtr};
use serde_json::Value;

use crate::wire::file_record::{Columns, FileFault, FileOptions, FileRecord, shown};
use crate::wire::glance::Glance;
use crate::wire::inputs::mapping::FIELDS;
use crate::wire::inputs::source::Kind;
use crate::wire::meter::Meter;
use crate::wire::parquet::source::Source;
use crate::wire::parquet::values::{is_readable, object, text};
use crate::wire::rules::EventRules;
use crate::wire::sales::{PURCHASE, Positions, Sales};

/// Reads one Parquet file.
pub struct ParquetRows {
    name: String,
    rows: RowIter<'static>,
    /// The columns that are read, in the order of a row.
    columns: Vec<TypePtr>,
    telling: Telling,
}

/// What a row tells.
enum Telling {
    /// A purchase or a return, in these columns.
    Sale(Positions, Sales),
    /// One of our own events, whose fields are the columns.
    Event(Glance),
    /// A record of another shape, likewise.
    Record(Glance),
}

/// Fields that make a table one of our own events.
const OWN_FIELDS: [&str; 3] = ["customer_id", "time", "type"];

impl ParquetRows {
    /// Opens a file, whose bytes `meter` counts.
    pub fn open(path: &Path, options: &FileOptions, meter: &Meter) -> Result<Self, FileFault> {
        let name = path.display().to_string();
        let unreadable = |fault: &dyn Display| FileFault::unreadable(&name, fault);
        let file = File::open(path).map_err(|fault| unreadable(&fault))?;
        let reader = SerializedFileReader::new(Source::new(file, meter.clone())).map_err(|fault| unreadable(&fault))?;
        // The library panics over an offset below 0.
        if !reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns).all(is_sound) {
            return Err(unreadable(&"its footer is damaged"));
        }
        let schema = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
        let there: Vec<TypePtr> = schema.get_fields().to_vec();
        let has = |column: &&str| there.iter().any(|one| one.name() == *column);
        let sale = sale(&there, &options.columns, &name);
        let readable = || there.iter().filter(|one| is_readable(one)).cloned().collect();
        let glance = Glance::new(&options.format);
        let (columns, telling) = match sale {
            _ if !options.format.is_ours() => (readable(), Telling::Record(glance)),
            Ok((columns, at)) => (columns, Telling::Sale(at, Sales::new(&options.currency))),
            Err(_) if OWN_FIELDS.iter().all(has) => (readable(), Telling::Event(glance)),
            Err(fault) => return Err(fault),
        };
        if columns.is_empty() {
            return Err(unreadable(&"it has no column that can be read"));
        }
        let read = Type::group_type_builder(schema.name()).with_fields(columns.clone()).build();
        let rows = read.and_then(|read| RowIter::from_file_into(Box::new(reader)).project(Some(read)));
        Ok(Self { rows: rows.map_err(|fault| unreadable(&fault))?, name, columns, telling })
    }

    /// Reads the next event into `record`; `false` at the end.
    pub fn next(&mut self, record: &mut FileRecord, rules: &EventRules) -> Result<bool, FileFault> {
        loop {
            let Some(row) = self.rows.next() else { return Ok(false) };
            let row = row.map_err(|fault| FileFault::unreadable(&self.name, &fault))?;
            match &mut self.telling {
                Telling::Sale(at, sales) => {
                    if tell(*at, &row, &self.columns, sales, record) {
                        return Ok(true);
                    }
                }
                Telling::Event(glance) => {
                    let mut event = object(row.get_column_iter(), &self.columns);
                    texts_as_texts(&mut event);
                    put(record, &event, glance, rules);
                    return Ok(true);
                }
                Telling::Record(glance) => {
                    put(record, &object(row.get_column_iter(), &self.columns), glance, rules);
                    return Ok(true);
                }
            }
        }
    }

    /// Rows of other types, which are not events.
    pub const fn skipped(&self) -> u64 {
        match &self.telling {
            Telling::Sale(_, sales) => sales.skipped,
            Telling::Event(_) | Telling::Record(_) => 0,
        }
    }
}

/// Whether a column's place in the file can be one.
fn is_sound(column: &ColumnChunkMetaData) -> bool {
    let offsets = [Some(column.data_page_offset()), column.dictionary_page_offset(), Some(column.compressed_size())];
    offsets.into_iter().flatten().all(|offset| offset >= 0)
}

fn put(record: &mut FileRecord, value: &Value, glance: &mut Glance, rules: &EventRules) {
    record.set_unusable(b"");
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut record.value, value);
    glance.at(record, rules);
}

/// Numbers where our events have text, as tables hold ids.
fn texts_as_texts(event: &mut Value) {
    for (name, _) in FIELDS.iter().filter(|(_, kind)| *kind == Kind::Text) {
        if let Some(value) = event.get_mut(name).filter(|value| value.is_number()) {
            *value = value.to_string().into();
        }
    }
}

/// The columns that a sale is made of, and where each of its parts stands among them.
fn sale(there: &[TypePtr], named: &Columns, file: &str) -> Result<(Vec<TypePtr>, Positions), FileFault> {
    let mut columns: Vec<TypePtr> = Vec::new();
    let place = |column: &str| {
        let Some(found) = there.iter().find(|one| one.name() == column) else { return Ok(None) };
        if !found.is_primitive() || !is_readable(found) {
            let holds = if found.is_primitive() { "spans of time" } else { "lists or groups" };
            return Err(FileFault::BadColumn { file: file.into(), column: column.into(), holds });
        }
        let known = columns.iter().position(|one| one.name() == column);
        Ok(Some(known.unwrap_or_else(|| {
            columns.push(found.clone());
            columns.len() - 1
        })))
    };
    let at = Positions::find(named, file, place, || shown(there.iter().map(|one| one.name())))?;
    Ok((columns, at))
}

/// Tells a row as an event; `false` where it is none.
fn tell(at: Positions, row: &Row, columns: &[TypePtr], sales: &mut Sales, record: &mut FileRecord) -> bool {
    let texts: Vec<String> =
        row.get_column_iter().zip(columns).map(|((_, field), kind)| text(field, kind).unwrap_or_default()).collect();
    let of = |at: usize| texts.get(at).map_or("", String::as_str);
    let kind = at.kind.map_or(PURCHASE, of);
    if !sales.takes(kind.as_bytes()) {
        return false;
    }
    sales.tell(record, of(at.customer), of(at.timestamp), kind, of(at.amount));
    true
}
