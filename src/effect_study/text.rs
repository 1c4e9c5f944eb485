//! A document as plain text with aligned columns.

use crate::effect_study::document::{Document, Part};
use crate::effect_study::letters::width;

/// The whole as text.
pub fn text(document: &Document) -> String {
    let mut out = format!("{}\n{}\n\n{}\n", document.title, document.about.join("\n"), document.verdict);
    for part in &document.parts {
        out.push('\n');
        out.push_str(&part.heading);
        out.push('\n');
        table(part, &mut out);
        for sentence in &part.sentences {
            out.push_str("  ");
            out.push_str(sentence);
            out.push('\n');
        }
    }
    out
}

fn table(part: &Part, out: &mut String) {
    let columns = part.table.first().map_or(0, Vec::len);
    let widest = |column: usize| part.table.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or(0)).collect();
    for row in &part.table {
        let mut line = String::new();
        for (column, (cell, widest)) in row.iter().zip(&widths).enumerate() {
            let room = " ".repeat(widest - width(cell));
            line.push_str("  ");
            if column < part.names {
                line.push_str(cell);
                line.push_str(&room);
            } else {
                line.push_str(&room);
                line.push_str(cell);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
