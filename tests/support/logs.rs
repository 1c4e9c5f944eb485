//! The real purchase logs, where they are: `CHURNWATCH_DATA`, or ../shared/data beside the checkout.

use std::path::{Path, PathBuf};

use churnwatch::engine::day::{Day, Millis};
use churnwatch::training::history::History;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::file_record::{Columns, FileOptions};
use churnwatch::wire::merge::EventStream;
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;

/// The path of a log, or a printed sentence that the test did not run.
pub(crate) fn log(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CHURNWATCH_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("did not run: {} is not there; set CHURNWATCH_DATA to the folder that holds it", path.display());
    None
}

/// Reads a log's events before the midnight that opens `until` into a history.
pub(crate) fn history(path: &Path, until: Option<Day>) -> History {
    let rules = EventRules::plain(Currency::GBP);
    let options = FileOptions { columns: Columns::default(), currency: "GBP".into() };
    let mut stream = EventStream::open(&[path.to_path_buf()], &options, &rules).unwrap();
    let mut scratch = Scratch::default();
    let mut history = History::default();
    let wall = Millis(i64::MAX / 2);
    while let Some((record, _)) = stream.next(&rules).unwrap() {
        let raw = RawRecord { key: Some(&record.key), value: Some(&record.value), timestamp: wall };
        let parsed = parse(&rules, &raw, wall, &mut scratch).unwrap();
        if until.is_none_or(|until| parsed.event.day < until) {
            history.add(&parsed.event);
        }
    }
    history
}
