//! Several input files as one stream by time. Each file keeps its own order; between files the earlier event goes first.

use std::path::PathBuf;

use crate::engine::day::Millis;
use crate::wire::file_record::{FileFault, FileOptions, FileRecord};
use crate::wire::files::EventFile;
use crate::wire::meter::Meter;
use crate::wire::rules::EventRules;
use crate::wire::time_text::instant;

/// The events of several files.
pub struct EventStream {
    sources: Vec<Source>,
    /// The source whose head was handed out last and must be read on first.
    taken: Option<usize>,
    meter: Meter,
}

struct Source {
    file: EventFile,
    head: FileRecord,
    time: Millis,
    ended: bool,
}

impl Source {
    fn advance(&mut self, rules: &EventRules) -> Result<(), FileFault> {
        self.ended = !self.file.next(&mut self.head, rules)?;
        // An unreadable time sorts with what stood before it, so that the file's order stays.
        if let Some(time) = time_of(&self.head, rules) {
            self.time = time;
        }
        Ok(())
    }
}

/// The time of a record, where it has a readable one.
pub fn time_of(record: &FileRecord, rules: &EventRules) -> Option<Millis> {
    let text = record.time_text.as_str();
    if text.is_empty() {
        return None;
    }
    text.parse().map(Millis).ok().or_else(|| instant(text, rules))
}

impl EventStream {
    /// Opens all files and reads their first events.
    pub fn open(paths: &[PathBuf], options: &FileOptions, rules: &EventRules) -> Result<Self, FileFault> {
        let (mut sources, meter) = (Vec::with_capacity(paths.len()), Meter::default());
        for path in paths {
            let file = EventFile::open(path, options, &meter)?;
            let mut source = Source { file, head: FileRecord::default(), time: Millis(i64::MIN), ended: false };
            source.advance(rules)?;
            sources.push(source);
        }
        Ok(Self { sources, taken: None, meter })
    }

    /// The next event and its time, `None` at the end. The record is valid until the next call.
    pub fn next(&mut self, rules: &EventRules) -> Result<Option<(&FileRecord, Millis)>, FileFault> {
        if let Some(source) = self.taken.take().and_then(|at| self.sources.get_mut(at)) {
            source.advance(rules)?;
        }
        let heads = self.sources.iter().enumerate().filter(|(_, source)| !source.ended);
        self.taken = heads.min_by_key(|(_, source)| source.time).map(|(at, _)| at);
        Ok(self.taken.and_then(|at| self.sources.get(at)).map(|source| (&source.head, source.time)))
    }

    /// Bytes of the files that were read so far.
    pub fn bytes(&self) -> u64 {
        self.meter.bytes()
    }

    /// Rows that are no events.
    pub fn skipped(&self) -> u64 {
        self.sources.iter().map(|source| source.file.skipped()).sum()
    }
}
