//! The report as one page: everything is inside the file, nothing is fetched and nothing runs.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::effect_study::charts::{cells_svg, sequence_svg};
use crate::effect_study::document::{Document, Part};
use crate::effect_study::report::Report;
use crate::effect_study::words::Words;

/// One appearance, also where the reader prefers a dark one: the diagrams are drawn on white. On a narrow screen tables and
/// diagrams keep their size and move sideways, so that numbers don't break and letters stay legible.
const STYLE: &str = ":root{color-scheme:light}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.verdict{font-size:1.15rem;border-left:4px solid #1f77b4;padding:.5rem 1rem;background:#f2f7fb}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}\
td.name,th.name{text-align:left}.scroll{overflow-x:auto}body:lang(zh){font-family:\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",\"WenQuanYi Micro Hei\",sans-serif}svg{display:block;width:100%;min-width:42rem;height:auto}";

/// The whole page.
pub fn page(document: &Document, report: &Report, words: &Words, names: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut out, &document.title, words, &body(document, report, words, names));
    out
}

/// What stands below its heading, for pages that have heads of their own.
pub fn body(document: &Document, report: &Report, words: &Words, names: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let _ = write_body(&mut out, document, report, words, names);
    out
}

fn write_page(out: &mut String, title: &str, words: &Words, body: &str) -> std::fmt::Result {
    let title = escaped(title);
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">", words.language.tag())?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>")?;
    writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>")?;
    writeln!(out, "{body}</main>\n</body>\n</html>")
}

fn write_body(
    out: &mut String,
    document: &Document,
    report: &Report,
    words: &Words,
    names: &BTreeMap<String, String>,
) -> std::fmt::Result {
    write_sentences(out, &document.about)?;
    writeln!(out, "<p class=\"verdict\">{}</p>", escaped(&document.verdict))?;
    write_picture(out, &words.chart_sequence(), sequence_svg(report, words))?;
    for part in &document.parts {
        writeln!(out, "<h2>{}</h2>", escaped(&part.heading))?;
        if part.heading == words.cells_heading() {
            write_picture(out, &words.chart_cells(), cells_svg(report, words, names))?;
        }
        write_table(out, part)?;
        write_sentences(out, &part.sentences)?;
    }
    Ok(())
}

fn write_sentences(out: &mut String, sentences: &[String]) -> std::fmt::Result {
    sentences.iter().try_for_each(|sentence| writeln!(out, "<p>{}</p>", escaped(sentence)))
}

fn write_picture(out: &mut String, name: &str, svg: Option<String>) -> std::fmt::Result {
    let Some(svg) = svg else { return Ok(()) };
    let name = escaped(name);
    writeln!(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\">")?;
    writeln!(out, "<div role=\"img\" aria-label=\"{name}\">{svg}</div></div>")
}

fn write_table(out: &mut String, part: &Part) -> std::fmt::Result {
    if part.table.is_empty() {
        return Ok(());
    }
    let name = escaped(&part.heading);
    writeln!(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\"><table>")?;
    for (number, row) in part.table.iter().enumerate() {
        let tag = if number == 0 { "th" } else { "td" };
        write!(out, "<tr>")?;
        for (column, cell) in row.iter().enumerate() {
            let class = if column < part.names { " class=\"name\"" } else { "" };
            write!(out, "<{tag}{class}>{}</{tag}>", escaped(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table></div>")
}

/// Names come from the playbook and the outcomes, so they are never taken for markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
