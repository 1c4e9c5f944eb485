//! Records that wait for their schema. Their partition is not read on meanwhile; all others are.
//!
//! Invariant: a record that waits was not taken, so whatever ends the wait, it comes again or is taken in its order.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::day::Millis;
use crate::service::telemetry::registry::WaitingPartition;
use crate::service::traces::way::Way;
use crate::wire::event::RawRecord;

/// A record that waits.
pub struct HeldRecord {
    /// Its offset.
    pub offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    timestamp: Millis,
    /// Its way, where it is followed.
    pub way: Option<Way>,
}

impl HeldRecord {
    /// Keeps a record.
    pub fn new(offset: i64, record: &RawRecord<'_>, way: Option<Way>) -> Self {
        let owned = |(name, value): &(&str, &[u8])| ((*name).to_owned(), value.to_vec());
        Self {
            offset,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(owned).collect(),
            timestamp: record.timestamp,
            way,
        }
    }

    /// Hands the record to `taking`.
    pub fn with<T>(&self, taking: impl FnOnce(&RawRecord<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let record = RawRecord::new(self.key.as_deref(), self.value.as_deref(), self.timestamp);
        taking(&RawRecord { headers: &headers, ..record })
    }
}

/// The records of one partition that wait, by their input.
#[derive(Default)]
pub struct Held {
    queues: BTreeMap<usize, Queue>,
}

struct Queue {
    records: VecDeque<HeldRecord>,
    _waiting: WaitingPartition,
}

impl Held {
    /// Whether a record of any input waits.
    pub fn any(&self) -> bool {
        !self.queues.is_empty()
    }

    /// The inputs of which one waits.
    pub fn topics(&self) -> impl Iterator<Item = usize> {
        self.queues.keys().copied()
    }

    /// Stamp of the oldest.
    pub fn oldest(&self) -> Option<Millis> {
        self.queues.values().flat_map(|queue| &queue.records).map(|record| record.timestamp).min()
    }

    /// The last of an input.
    pub fn last(&self, topic: usize) -> Option<&HeldRecord> {
        self.queues.get(&topic)?.records.back()
    }

    /// One more of an input; `wait` counts the partition where it is the first.
    pub fn push(&mut self, topic: usize, record: HeldRecord, wait: impl FnOnce() -> WaitingPartition) {
        let queue = || Queue { records: VecDeque::new(), _waiting: wait() };
        self.queues.entry(topic).or_insert_with(queue).records.push_back(record);
    }

    /// The first of an input, if its value need not wait any more.
    pub fn pop(&mut self, topic: usize, is_ready: impl FnOnce(Option<&[u8]>) -> bool) -> Option<HeldRecord> {
        let records = &mut self.queues.get_mut(&topic)?.records;
        if is_ready(records.front()?.value.as_deref()) { records.pop_front() } else { None }
    }

    /// Whether an input of which some waited has none any more; it is no longer among those that wait then.
    pub fn is_through(&mut self, topic: usize) -> bool {
        let is_through = self.queues.get(&topic).is_some_and(|queue| queue.records.is_empty());
        if is_through {
            self.queues.remove(&topic);
        }
        is_through
    }

    /// All of them are read again.
    pub fn clear(&mut self) {
        self.queues.clear();
    }
}
