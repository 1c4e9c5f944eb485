//! The rules as files: their names, and the same rules for a run of seconds instead of hours and days.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every range and offset in the real run, but those of 28 days: as long as a fault and its end can be told apart.
const WINDOW: &str = "12s";
/// Ranges that stay: what they add up is as old as the run.
const WHOLE: &str = "28d";

/// A file of the repository.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

/// What stands behind a key, wherever it is.
fn values(text: &str, key: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(key)).map(str::to_owned).collect()
}

/// The names of the alerts.
pub(crate) fn alerts() -> Vec<String> {
    values(&text("deploy/prometheus/alerts.rules.yml"), "alert: ")
}

/// The names that recording rules make.
pub(crate) fn recorded() -> Vec<String> {
    values(&text("deploy/prometheus/recording.rules.yml"), "record: ")
}

/// Whether an alert is pending before it fires.
pub(crate) fn waits(alert: &str) -> bool {
    let rules = text("deploy/prometheus/alerts.rules.yml");
    let rule = rules.split("- alert: ").find(|rule| rule.lines().next() == Some(alert));
    !values(rule.unwrap(), "for: ").is_empty()
}

/// The metrics that a text names, ours and the process's, recorded ones among them.
pub(crate) fn metrics(text: &str) -> BTreeSet<String> {
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(move |line| {
        // Neither file names nor names of groups and alerts are metrics.
        line.split(move |letter: char| !of_name(letter) && letter != '.' && letter != '-')
    });
    let is_metric = |word: &&str| {
        let ours =
            ["churnwatch_", "process_"].iter().any(|start| word.starts_with(start)) || word.contains(":churnwatch_");
        ours && !word.contains('.') && !word.contains('-')
    };
    words.filter(is_metric).map(str::to_owned).collect()
}

/// The same rules, each `for` and each interval a second, each range and offset [`WINDOW`]: what is tested here is that the
/// faults are seen, and promtool tests the times.
pub(crate) fn hurried(text: &str) -> String {
    let line = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let key = ["for: ", "interval: "].into_iter().find(|key| line.trim_start().starts_with(key));
        key.map_or_else(|| ranges(line), |key| format!("{indent}{key}1s"))
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n").replace("offset 1h", &format!("offset {WINDOW}")) + "\n"
}

fn ranges(line: &str) -> String {
    let parts = line.split('[').enumerate().map(|(number, part)| match part.split_once(']') {
        Some((range, rest)) if number > 0 => format!("{}]{rest}", if range == WHOLE { WHOLE } else { WINDOW }),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("[")
}
