//! Parquet files that tests read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use churnwatch::wire::tables::cells::{Cell, cell};
use churnwatch::wire::tables::columns::{Column, Kind};
use churnwatch::wire::tables::parquet_table::ParquetTable;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

/// A column that holds a field of the same name.
pub(crate) fn column(name: &str, kind: Kind) -> Column {
    let path = vec![name.to_owned()];
    Column { name: name.into(), kind, unit: String::new(), meaning: String::new(), part: None, path }
}

/// Records as a file, their amounts with two places, a page or two a column and group.
pub(crate) fn write(path: &Path, columns: &[Column], records: &[Value], group_rows: usize) {
    let mut table = ParquetTable::new(File::create(path).unwrap(), "made", columns, 2).unwrap();
    for records in records.chunks(group_rows) {
        for record in records {
            let cells: Vec<Cell<'_>> = columns.iter().map(|column| cell(column, record, 2).unwrap()).collect();
            table.row(&cells).unwrap();
        }
        table.end_group().unwrap();
    }
    table.finish().unwrap();
}

type Group<'a> = SerializedRowGroupWriter<'a, File>;

fn put<T: DataType>(group: &mut Group<'_>, values: &[T::T], definitions: Option<&[i16]>, repetitions: Option<&[i16]>) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, definitions, repetitions).unwrap();
    column.close().unwrap();
}

/// Three documents of an enterprise: a sale of two articles, one of none that are told, and an offer.
pub(crate) fn documents(path: &Path, compression: Compression) {
    let schema = "message document {
        required int64 number;
        required group head {
            required binary kind (STRING);
            required int64 at (TIMESTAMP(NANOS, false));
        }
        optional int32 buyer;
        required int32 cents;
        optional group lines (LIST) {
            repeated group list {
                optional group element {
                    required binary article (STRING);
                    optional int32 count;
                }
            }
        }
        optional fixed_len_byte_array(12) open_for (INTERVAL);
    }";
    let properties = WriterProperties::builder().set_compression(compression).build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| ByteArray::from(*text)).collect::<Vec<_>>();
    let nanos = 1_767_220_200_123_456_789_i64;
    put::<Int64Type>(&mut group, &[7, 8, 9], None, None);
    put::<ByteArrayType>(&mut group, &texts(&["sale", "sale", "offer"]), None, None);
    put::<Int64Type>(&mut group, &[nanos, nanos / 1_000_000_000 * 1_000_000_000 + 1_000_000_000, nanos], None, None);
    put::<Int32Type>(&mut group, &[17, 18], Some(&[1, 1, 0]), None);
    put::<Int32Type>(&mut group, &[1_250, 1, 5], None, None);
    // Two lines of the first, a list without any of the second, none of the third.
    put::<ByteArrayType>(&mut group, &texts(&["a", "b"]), Some(&[3, 3, 1, 0]), Some(&[0, 1, 0, 0]));
    put::<Int32Type>(&mut group, &[2], Some(&[4, 3, 1, 0]), Some(&[0, 1, 0, 0]));
    put::<parquet::data_type::FixedLenByteArrayType>(&mut group, &[], Some(&[0, 0, 0]), None);
    group.close().unwrap();
    writer.close().unwrap();
}
