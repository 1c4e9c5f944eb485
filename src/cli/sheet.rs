//! A table on its way into a file: rows come in as records, and the file is there once it is whole.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::exit::Failure;
use crate::cli::export_args::TableForm;
use crate::cli::output::{Packed, Whole};
use crate::wire::tables::cells::{Cell, cell};
use crate::wire::tables::columns::{Column, Table};
use crate::wire::tables::csv_table::CsvTable;
use crate::wire::tables::parquet_table::ParquetTable;

/// A table in the making.
pub struct Sheet {
    table: Table,
    path: PathBuf,
    columns: Vec<Column>,
    /// Places of amounts.
    places: u32,
    file: File,
    rows: u64,
    refused: u64,
    /// Why the first record was refused.
    first_fault: Option<String>,
}

enum File {
    Parquet(Box<ParquetTable<Whole>>),
    Csv(Box<CsvTable<Packed>>),
}

impl Sheet {
    /// Begins the file.
    pub fn begin(table: Table, path: &Path, form: TableForm, places: u32) -> Result<Self, Failure> {
        let columns = table.columns();
        let file = match form {
            TableForm::Parquet => {
                let file = ParquetTable::new(Whole::new(path)?, table.name(), &columns, places).map_err(Failure::of)?;
                File::Parquet(Box::new(file))
            }
            TableForm::Csv => File::Csv(Box::new(CsvTable::new(Packed::new(path)?, &columns).map_err(Failure::of)?)),
        };
        Ok(Self { table, path: path.into(), columns, places, file, rows: 0, refused: 0, first_fault: None })
    }

    /// Adds a record as it was written.
    pub fn read(&mut self, record: &[u8]) -> Result<(), Failure> {
        match serde_json::from_slice(record) {
            Ok(record) => self.put(&record),
            Err(fault) => {
                self.refuse(&fault);
                Ok(())
            }
        }
    }

    /// Adds a record; one that is not what it should be is counted.
    pub fn put(&mut self, record: &Value) -> Result<(), Failure> {
        let cells: Result<Vec<Cell<'_>>, _> =
            self.columns.iter().map(|column| cell(column, record, self.places)).collect();
        let cells = match cells {
            Ok(cells) => cells,
            Err(fault) => {
                self.refuse(&fault);
                return Ok(());
            }
        };
        let named = self.columns.iter().zip(&cells).any(|(column, cell)| {
            column.name == "customer_id" && matches!(cell, Cell::Text(customer) if !customer.is_empty())
        });
        if !named {
            self.refuse(&"it names no customer");
            return Ok(());
        }
        self.rows += 1;
        match &mut self.file {
            File::Parquet(file) => file.row(&cells).map_err(|fault| cannot_write(&self.path, &fault)),
            File::Csv(file) => file.row(&self.columns, record).map_err(|fault| cannot_write(&self.path, &fault)),
        }
    }

    /// Writes what is left, puts the file in its place and says how much it is.
    pub fn finish(self) -> Result<(), Failure> {
        let Self { table, path, columns, file, rows, refused, first_fault, .. } = self;
        let unwritten = |fault: &dyn std::fmt::Display| cannot_write(&path, fault);
        match file {
            File::Parquet(file) => file.finish().map_err(|fault| unwritten(&fault))?.keep()?,
            File::Csv(file) => file.finish().map_err(|fault| unwritten(&fault))?.keep()?,
        }
        if let Some(fault) = first_fault {
            eprintln!("churnwatch: {refused} records could not be used and are left out; the first: {fault}");
        }
        eprintln!("{rows} rows of {} columns: {}", columns.len(), table.name());
        Ok(())
    }

    fn refuse(&mut self, fault: &dyn std::fmt::Display) {
        self.refused += 1;
        self.first_fault.get_or_insert_with(|| fault.to_string());
    }
}

fn cannot_write(path: &Path, fault: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("cannot write {}: {fault}", path.display()))
}
