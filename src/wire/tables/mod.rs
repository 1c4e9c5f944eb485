//! Tables for analysts: what the columns are, and how rows of them stand in Parquet and CSV.
//!
//! Architecture invariant: no column is named here. They are made of the shapes of the records, so a field that a record
//! gains is a column, and neither can say what the other does not.

pub mod columns;
pub mod cells;
pub mod parquet_table;
pub mod csv_table;
pub mod document;
