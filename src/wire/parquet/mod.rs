//! Parquet files of events, row by row.
//!
//! Architecture invariant: a file is never in memory; of each column no more than a page is.

pub mod source;
pub mod values;
pub mod rows;
