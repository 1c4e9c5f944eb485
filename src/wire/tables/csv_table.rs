//! Rows as CSV with a header: nothing for null, money and times as the records have them.

use std::io::Write;

use csv::Writer;
use serde_json::Value;

use crate::wire::tables::columns::Column;

/// Rows in the making.
pub struct CsvTable<W: Write> {
    writer: Writer<W>,
    fields: Vec<String>,
}

impl<W: Write> CsvTable<W> {
    /// Writes the header.
    pub fn new(out: W, columns: &[Column]) -> Result<Self, csv::Error> {
        let mut writer = Writer::from_writer(out);
        writer.write_record(columns.iter().map(|column| &column.name))?;
        Ok(Self { writer, fields: vec![String::new(); columns.len()] })
    }

    /// Adds a row.
    pub fn row(&mut self, columns: &[Column], record: &Value) -> Result<(), csv::Error> {
        for (field, column) in self.fields.iter_mut().zip(columns) {
            field.clear();
            match column.path.iter().try_fold(record, |value, name| value.get(name)) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => field.push_str(text),
                Some(other) => *field = other.to_string(),
            }
        }
        self.writer.write_record(&self.fields)
    }

    /// Writes what is left.
    pub fn finish(self) -> Result<W, String> {
        self.writer.into_inner().map_err(|fault| fault.error().to_string())
    }
}
