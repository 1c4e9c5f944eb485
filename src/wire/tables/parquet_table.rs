//! Rows as a Parquet file, a row group at a time: never more than one is in memory. Columns may all be null, so that readers
//! need not know which can.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::wire::tables::cells::{Cell, MONEY_DIGITS};
use crate::wire::tables::columns::{Column, Kind};

/// Rows of a row group.
pub const GROUP_ROWS: usize = 65_536;

/// A file in the making.
pub struct ParquetTable<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    group: Vec<Held>,
    rows: usize,
}

/// A column of the row group in hand: 1 for each value, 0 for each null, and the values.
struct Held {
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Truth(Vec<bool>),
    Narrow(Vec<i32>),
    Wide(Vec<i64>),
    Number(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

impl<W: Write + Send> ParquetTable<W> {
    /// Begins a file of these columns, whose amounts have so many places.
    pub fn new(out: W, name: &str, columns: &[Column], places: u32) -> Result<Self> {
        let fields: Result<Vec<TypePtr>> = columns.iter().map(|column| field(column, places).map(Arc::new)).collect();
        let schema = Type::group_type_builder(name).with_fields(fields?).build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("churnwatch ", env!("CARGO_PKG_VERSION")).into())
            .build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        let group = columns.iter().map(|column| Held { levels: Vec::new(), values: Values::of(column.kind) }).collect();
        Ok(Self { writer, group, rows: 0 })
    }

    /// Adds a row: a cell a column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        for (held, cell) in self.group.iter_mut().zip(cells) {
            let stands = held.values.take(cell);
            held.levels.push(stands.into());
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS { self.end_group() } else { Ok(()) }
    }

    /// Ends the row group here, where it has any row.
    pub fn end_group(&mut self) -> Result<()> {
        if self.rows > 0 { self.write_group() } else { Ok(()) }
    }

    /// Writes what is left and the file's end.
    pub fn finish(mut self) -> Result<W> {
        self.end_group()?;
        self.writer.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for held in &mut self.group {
            let Some(mut column) = group.next_column()? else { break };
            held.write(column.untyped())?;
            column.close()?;
            held.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Held {
    fn write(&self, column: &mut ColumnWriter<'_>) -> Result<()> {
        let levels = Some(&self.levels[..]);
        match (column, &self.values) {
            (ColumnWriter::BoolColumnWriter(column), Values::Truth(values)) => column.write_batch(values, levels, None),
            (ColumnWriter::Int32ColumnWriter(column), Values::Narrow(values)) => {
                column.write_batch(values, levels, None)
            }
            (ColumnWriter::Int64ColumnWriter(column), Values::Wide(values)) => column.write_batch(values, levels, None),
            (ColumnWriter::DoubleColumnWriter(column), Values::Number(values)) => {
                column.write_batch(values, levels, None)
            }
            (ColumnWriter::ByteArrayColumnWriter(column), Values::Bytes(values)) => {
                column.write_batch(values, levels, None)
            }
            _ => Err(ParquetError::General("a column is not of the type that it was made with".into())),
        }
        .map(|_| ())
    }

    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Truth(values) => values.clear(),
            Values::Narrow(values) => values.clear(),
            Values::Wide(values) => values.clear(),
            Values::Number(values) => values.clear(),
            Values::Bytes(values) => values.clear(),
        }
    }
}

impl Values {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Truth => Self::Truth(Vec::new()),
            Kind::Day => Self::Narrow(Vec::new()),
            Kind::Whole | Kind::Timestamp | Kind::Money => Self::Wide(Vec::new()),
            Kind::Number => Self::Number(Vec::new()),
            Kind::Text | Kind::Json => Self::Bytes(Vec::new()),
        }
    }

    /// Takes a value; `false` where there is none.
    fn take(&mut self, cell: &Cell<'_>) -> bool {
        match (self, cell) {
            (Self::Truth(values), Cell::Truth(value)) => values.push(*value),
            (Self::Narrow(values), Cell::Day(value)) => values.push(*value),
            (Self::Wide(values), Cell::Whole(value) | Cell::Timestamp(value) | Cell::Money(value)) => {
                values.push(*value);
            }
            (Self::Number(values), Cell::Number(value)) => values.push(*value),
            (Self::Bytes(values), Cell::Text(value)) => values.push(ByteArray::from(*value)),
            (Self::Bytes(values), Cell::Json(value)) => values.push(ByteArray::from(value.as_str())),
            _ => return false,
        }
        true
    }
}

fn field(column: &Column, places: u32) -> Result<Type> {
    let places = places as i32;
    let (physical, logical) = match column.kind {
        Kind::Text | Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Whole => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Truth => (Physical::BOOLEAN, None),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Timestamp => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Kind::Money => (Physical::INT64, Some(LogicalType::decimal(places, MONEY_DIGITS as i32))),
    };
    let builder = Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    match column.kind {
        Kind::Money => builder.with_precision(MONEY_DIGITS as i32).with_scale(places).build(),
        _ => builder.build(),
    }
}
