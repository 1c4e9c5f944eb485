//! The encoded records of one transaction, in pages that are used again from transaction to transaction.
//!
//! Invariant: a record lies in one page, behind those that were added before it.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::day::Millis;
use crate::wire::dead_letter::{self, Header, Origin, kept, kept_key};
use crate::wire::event::RawRecord;
use crate::wire::reject::Reject;

/// Where a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutTopic {
    /// The changelog.
    Profiles,
    /// Warnings for the CRM.
    Alerts,
    /// Current risk, newest a customer.
    Risk,
    /// Openings, endings and outcomes of both arms.
    Outcomes,
    /// Inputs that could not be used.
    DeadLetters,
    /// Events, keyed by their customer: what `rekey` writes, and what partitions say to each other.
    Events,
}

impl OutTopic {
    /// Every output topic, in the order of declaration.
    pub const ALL: [Self; 6] =
        [Self::Profiles, Self::Alerts, Self::Risk, Self::Outcomes, Self::DeadLetters, Self::Events];
}

/// One record to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutRecord<'a> {
    /// Where it goes.
    pub topic: OutTopic,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers; only dead letters have some, and what a sampled record caused.
    pub headers: &'a [Header],
    /// Its timestamp, where it is not the time of writing; only events have one.
    pub timestamp: Option<Millis>,
}

/// Bytes of a page, and so many that are left over when the next begins: a longer record makes its page grow.
const PAGE: usize = 1 << 18;
const MARGIN: usize = 1 << 13;

/// The pages that no batch has, for all batches of a worker: its records come in runs of one partition, so each in its turn
/// takes what the others have given back. There are as many as were ever used at the same time.
#[derive(Clone, Debug, Default)]
pub struct Pages(Arc<Mutex<Vec<Page>>>);

impl Pages {
    fn take(&self) -> Page {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| Page { bytes: Vec::with_capacity(PAGE), entries: Vec::new() })
    }

    fn give_back(&self, pages: impl Iterator<Item = Page>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(pages.map(Page::cleared));
    }
}

/// Records one after the other.
#[derive(Debug)]
struct Page {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

/// A record: where key and value lie among the bytes of its page.
#[derive(Debug)]
struct Entry {
    topic: OutTopic,
    key: Option<Range<u32>>,
    value: Option<Range<u32>>,
    headers: Vec<Header>,
    timestamp: Option<Millis>,
}

impl Page {
    fn cleared(mut self) -> Self {
        self.bytes.clear();
        self.bytes.shrink_to(PAGE);
        self.entries.clear();
        self
    }

    fn records(&self) -> impl Iterator<Item = OutRecord<'_>> {
        let slice = |range: &Range<u32>| self.bytes.get(range.start as usize..range.end as usize).unwrap_or_default();
        self.entries.iter().map(move |entry| OutRecord {
            topic: entry.topic,
            key: entry.key.as_ref().map(slice),
            value: entry.value.as_ref().map(slice),
            headers: &entry.headers,
            timestamp: entry.timestamp,
        })
    }

    /// What `write` appends.
    fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<u32> {
        let start = self.bytes.len() as u32;
        write(&mut self.bytes);
        start..self.bytes.len() as u32
    }
}

/// The records of one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    full: Vec<Page>,
    open: Option<Page>,
    len: usize,
    bytes: usize,
    pages: Pages,
}

impl Batch {
    /// No records, with pages of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// No records; pages are taken from those, and given back.
    pub fn of(pages: &Pages) -> Self {
        Self { full: Vec::new(), open: None, len: 0, bytes: 0, pages: pages.clone() }
    }

    /// No records; takes its pages from where this one does.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self::of(&self.pages)
    }

    /// Number of records.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of keys and values.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets all records and gives the pages back.
    pub fn clear(&mut self) {
        self.pages.give_back(self.full.drain(..).chain(self.open.take()));
        (self.len, self.bytes) = (0, 0);
    }

    /// The records, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = OutRecord<'_>> {
        self.full.iter().chain(&self.open).flat_map(Page::records)
    }

    /// Adds a record whose value `write` appends to the buffer.
    pub fn add(&mut self, topic: OutTopic, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.push(topic, Some(key), Some(write), Vec::new());
    }

    /// Adds an event, stamped as the record that told it.
    pub fn add_event(&mut self, key: &[u8], timestamp: Millis, write: impl FnOnce(&mut Vec<u8>)) {
        self.add(OutTopic::Events, key, write);
        if let Some(entry) = self.open.as_mut().and_then(|page| page.entries.last_mut()) {
            entry.timestamp = Some(timestamp);
        }
    }

    /// Adds a tombstone.
    pub fn add_tombstone(&mut self, topic: OutTopic, key: &[u8]) {
        self.push(topic, Some(key), None::<fn(&mut Vec<u8>)>, Vec::new());
    }

    /// Adds the dead letter of a record: its key and value as far as they are kept, and why.
    pub fn bury(&mut self, reject: Reject, origin: Origin<'_>, record: &RawRecord<'_>) {
        let headers = dead_letter::headers(reject, origin, record);
        self.add_dead_letter(record.key.map(kept_key), record.value.map(kept), headers);
    }

    /// Adds a dead letter: the original key and value with headers.
    pub(crate) fn add_dead_letter(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, headers: Vec<Header>) {
        let value = value.map(|value| |out: &mut Vec<u8>| out.extend_from_slice(value));
        self.push(OutTopic::DeadLetters, key, value, headers);
    }

    /// Adds headers to the records from the one at `from` on, by where each goes, the newest first.
    pub fn head(&mut self, from: usize, mut headers: impl FnMut(OutTopic) -> Vec<Header>) {
        let newest = self.open.iter_mut().chain(self.full.iter_mut().rev());
        let entries = newest.flat_map(|page| page.entries.iter_mut().rev());
        for entry in entries.take(self.len - from) {
            entry.headers.append(&mut headers(entry.topic));
        }
    }

    fn push(
        &mut self,
        topic: OutTopic,
        key: Option<&[u8]>,
        value: Option<impl FnOnce(&mut Vec<u8>)>,
        headers: Vec<Header>,
    ) {
        self.full.extend(self.open.take_if(|page| page.bytes.len() + MARGIN > PAGE));
        let page = self.open.get_or_insert_with(|| self.pages.take());
        let before = page.bytes.len();
        let key = key.map(|key| page.put(|out| out.extend_from_slice(key)));
        let value = value.map(|write| page.put(write));
        page.entries.push(Entry { topic, key, value, headers, timestamp: None });
        self.bytes += page.bytes.len() - before;
        self.len += 1;
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, MARGIN, OutTopic, PAGE, Pages};
    use crate::wire::dead_letter::Header;

    fn value(at: usize) -> Vec<u8> {
        // Now and then one is longer than a page.
        let length = if at % 100 == 7 { PAGE + at } else { at * 37 % (2 * MARGIN) };
        (0..length).map(|byte| (byte + at) as u8).collect()
    }

    #[test]
    fn records_come_out_as_they_went_in_whatever_page_they_are_on() {
        let (pages, mut bytes) = (Pages::default(), 0);
        let mut batch = Batch::of(&pages);
        for at in 0..300 {
            let (key, value) = (at.to_string(), value(at));
            bytes += key.len();
            match at % 5 {
                0 => batch.add_tombstone(OutTopic::Risk, key.as_bytes()),
                1 => batch.add_dead_letter(None, Some(key.as_bytes()), Vec::new()),
                _ => {
                    batch.add(OutTopic::Alerts, key.as_bytes(), |out| out.extend_from_slice(&value));
                    bytes += value.len();
                }
            }
        }
        assert_eq!((batch.len(), batch.bytes(), batch.is_empty()), (300, bytes, false));
        assert!(batch.full.len() > 3, "{} full pages", batch.full.len());
        batch.head(120, |topic| vec![Header::from(("of".into(), format!("{topic:?}").into_bytes().into()))]);
        for (at, record) in batch.iter().enumerate() {
            let (key, value) = (at.to_string(), value(at));
            let (key, topic) = (key.as_bytes(), record.topic);
            let is = (topic, record.key, record.value);
            match at % 5 {
                0 => assert_eq!(is, (OutTopic::Risk, Some(key), None)),
                1 => assert_eq!(is, (OutTopic::DeadLetters, None, Some(key))),
                _ => assert_eq!(is, (OutTopic::Alerts, Some(key), Some(&*value))),
            }
            let told: Vec<&[u8]> = record.headers.iter().map(|(_, value)| &**value).collect();
            let expected = format!("{topic:?}");
            assert_eq!(told, if at < 120 { vec![] } else { vec![expected.as_bytes()] });
        }
    }

    #[test]
    fn pages_are_used_again_by_whatever_batch_comes_next() {
        let (pages, mut made) = (Pages::default(), None);
        for round in 0..5 {
            let mut batches = [Batch::of(&pages), Batch::of(&pages)];
            for batch in &mut batches {
                assert_eq!(batch.iter().count(), 0);
                (0..200).for_each(|at| batch.add(OutTopic::Risk, b"key", |out| out.extend(value(at))));
            }
            if round % 2 == 0 {
                batches[0].clear();
                assert!(batches[0].is_empty() && batches[0].bytes() == 0);
            }
            drop(batches);
            let spare = pages.0.lock().unwrap();
            assert_eq!(spare.len(), *made.get_or_insert(spare.len()), "after round {round}");
            assert!(spare.iter().all(|page| page.bytes.capacity() <= PAGE + MARGIN && page.entries.is_empty()));
        }
    }
}
