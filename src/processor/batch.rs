//! The encoded records of one transaction, in one buffer that is reused from transaction to transaction.

use std::ops::Range;

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

/// Bytes whose room is kept for the next transaction: a worker's records come in runs of one partition, and room for the
/// longest in each of them would be most of its memory.
const KEPT: usize = 1 << 18;

/// The records of one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    topic: OutTopic,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Vec<Header>,
    timestamp: Option<Millis>,
}

impl Batch {
    /// No records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of records.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of keys and values.
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets all records but keeps some of the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.entries.clear();
        self.entries.shrink_to(KEPT / size_of::<Entry>());
    }

    /// The records, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = OutRecord<'_>> {
        let slice = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.entries.iter().map(move |entry| OutRecord {
            topic: entry.topic,
            key: entry.key.as_ref().map(slice),
            value: entry.value.as_ref().map(slice),
            headers: &entry.headers,
            timestamp: entry.timestamp,
        })
    }

    /// Adds a record whose value `write` appends to the buffer.
    pub fn add(&mut self, topic: OutTopic, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        let key = Some(self.put(key));
        let start = self.bytes.len();
        write(&mut self.bytes);
        let value = Some(start..self.bytes.len());
        self.entries.push(Entry { topic, key, value, headers: Vec::new(), timestamp: None });
    }

    /// Adds an event, stamped as the record that told it.
    pub fn add_event(&mut self, key: &[u8], timestamp: Millis, write: impl FnOnce(&mut Vec<u8>)) {
        self.add(OutTopic::Events, key, write);
        if let Some(entry) = self.entries.last_mut() {
            entry.timestamp = Some(timestamp);
        }
    }

    /// Adds a tombstone.
    pub fn add_tombstone(&mut self, topic: OutTopic, key: &[u8]) {
        let key = Some(self.put(key));
        self.entries.push(Entry { topic, key, value: None, headers: Vec::new(), timestamp: None });
    }

    /// Adds the dead letter of a record: its key and value as far as they are kept, and why.
    pub fn bury(&mut self, reject: Reject, origin: Origin<'_>, record: &RawRecord<'_>) {
        let headers = dead_letter::headers(reject, origin, record);
        self.add_dead_letter(record.key.map(kept_key), record.value.map(kept), headers);
    }

    /// Adds a dead letter: the original key and value with headers.
    pub(crate) fn add_dead_letter(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, headers: Vec<Header>) {
        let key = key.map(|key| self.put(key));
        let value = value.map(|value| self.put(value));
        self.entries.push(Entry { topic: OutTopic::DeadLetters, key, value, headers, timestamp: None });
    }

    /// Adds headers to the records from the one at `from` on, by where each goes.
    pub fn head(&mut self, from: usize, mut headers: impl FnMut(OutTopic) -> Vec<Header>) {
        for entry in self.entries.iter_mut().skip(from) {
            entry.headers.append(&mut headers(entry.topic));
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}
