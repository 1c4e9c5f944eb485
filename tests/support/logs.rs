//! The real purchase logs, where they are: `CHURNWATCH_DATA`, or ../shared/data beside the checkout.

use std::path::{Path, PathBuf};

use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::event::{Body, Event, Manner};
use churnwatch::training::history::History;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::file_record::{Columns, FileOptions};
use churnwatch::wire::inputs::format::Format;
use churnwatch::wire::merge::EventStream;
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;

use crate::support::did_not_run;

/// The path of a log, or a printed sentence that the test did not run.
pub(crate) fn log(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CHURNWATCH_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    did_not_run(&format!("{} is not there; set CHURNWATCH_DATA to the folder that holds it", path.display()));
    None
}

/// Hands every event of a log to `visit`.
fn read(path: &Path, mut visit: impl FnMut(&Event<'_>)) {
    let rules = EventRules::plain(Currency::GBP);
    let options = FileOptions { columns: Columns::default(), currency: "GBP".into(), format: Format::Events };
    let mut stream = EventStream::open(&[path.to_path_buf()], &options, &rules).unwrap();
    let mut scratch = Scratch::default();
    let wall = Millis(i64::MAX / 2);
    while let Some((record, _)) = stream.next(&rules).unwrap() {
        let raw = RawRecord::new(Some(&record.key), Some(&record.value), wall);
        visit(&parse(&rules, &raw, wall, &mut scratch).unwrap().event);
    }
}

/// Reads a log's events before the midnight that opens `until` into a history.
pub(crate) fn history(path: &Path, until: Option<Day>) -> History {
    let mut history = History::new(35);
    read(path, |event| {
        if until.is_none_or(|until| event.day < until) {
            history.add(event);
        }
    });
    history.sort();
    history
}

/// One event as a test tells it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Days since 1970-01-01.
    pub(crate) day: i32,
    pub(crate) customer: String,
    pub(crate) body: Body<'static>,
}

/// The purchases and refunds of the customers that `wanted` picks, in the order of the log.
pub(crate) fn told(path: &Path, wanted: impl Fn(&str) -> bool) -> Vec<Told> {
    let mut told = Vec::new();
    read(path, |event| {
        let body = match event.body {
            Body::Purchase { order, amount, .. } => Body::Purchase { order, amount, manner: Manner::default() },
            Body::Refund { order, amount } => Body::Refund { order, amount },
            _ => return,
        };
        if wanted(event.customer) {
            told.push(Told { day: event.day.0, customer: event.customer.into(), body });
        }
    });
    told
}
