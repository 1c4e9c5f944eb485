//! The columns of every table as Markdown: the tables of docs/exports.md.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::wire::tables::columns::{Kind, Table};

/// How the table of a document begins.
pub const HEAD: &str = "| column | type | unit, bounds or words | meaning |";

/// The columns of a table. A part of a record is told of once, before its columns.
pub fn document(table: Table) -> String {
    let mut text = format!("{HEAD}\n|---|---|---|---|\n");
    let mut told = BTreeSet::new();
    for column in table.columns() {
        if let Some((part, meaning)) = column.part.as_ref().filter(|part| told.insert((*part).clone())) {
            let _ = writeln!(text, "| *{part}_…* | | | *{}* |", in_cell(meaning));
        }
        let (name, unit, meaning) = (&column.name, &column.unit, in_cell(&column.meaning));
        let _ = writeln!(text, "| `{name}` | {} | {unit} | {meaning} |", kind_name(column.kind));
    }
    text
}

fn in_cell(meaning: &str) -> String {
    meaning.trim_end_matches('.').replace('|', "\\|")
}

/// The name of the kind in SQL.
const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Json => "VARCHAR",
        Kind::Whole => "BIGINT",
        Kind::Number => "DOUBLE",
        Kind::Truth => "BOOLEAN",
        Kind::Day => "DATE",
        Kind::Timestamp => "TIMESTAMP",
        Kind::Money => "DECIMAL",
    }
}
