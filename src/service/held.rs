//! Records that wait for their schema. Their partition is not read on meanwhile; all others are.
//!
//! Invariant: a record that waits was not taken, so whatever ends the wait, it comes again or is taken in its order.

use std::collections::{BTreeMap, VecDeque};

use tracing::info;

use crate::engine::day::Millis;
use crate::service::broker::{Broker, Position};
use crate::service::lanes::Lanes;
use crate::service::shared::Now;
use crate::service::telemetry::registry::WaitingPartition;
use crate::wire::event::RawRecord;

/// A record that waits.
struct Record {
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    timestamp: Millis,
}

/// The records of one partition that wait, by their input.
#[derive(Default)]
pub struct Held {
    queues: BTreeMap<usize, Queue>,
}

struct Queue {
    records: VecDeque<Record>,
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

    /// All of them are read again.
    pub fn clear(&mut self) {
        self.queues.clear();
    }
}

impl Lanes {
    /// Takes a record in, once the schema that it names is there.
    pub fn receive(&mut self, broker: &mut impl Broker, from: Position, record: &RawRecord<'_>, now: Now) -> bool {
        let Some(framed) = self.shared.setup.formats.get(from.topic).and_then(|format| format.framing()) else {
            return self.take(broker, from, record, now);
        };
        let Some(lane) = self.owned.get_mut(&from.partition) else { return false };
        let queue = lane.held.queues.get(&from.topic);
        let next = match queue.and_then(|queue| queue.records.back()) {
            Some(last) => Some(last.offset + 1),
            None => lane.processor.offsets().get(from.topic).copied().flatten(),
        };
        // Reading on after a pause may begin with what was had before.
        if next.is_some_and(|next| from.offset < next) {
            return false;
        }
        let (missing, is_first) = (framed.missing(record.value), queue.is_none());
        if is_first && missing.is_none() {
            return self.take(broker, from, record, now);
        }
        if let Some(id) = missing {
            framed.schemas.want(id);
        }
        lane.received(from.topic, record.timestamp);
        let queue = lane
            .held
            .queues
            .entry(from.topic)
            .or_insert_with(|| Queue { records: VecDeque::new(), _waiting: self.shared.metrics.registry().wait() });
        queue.records.push_back(Record {
            offset: from.offset,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
            timestamp: record.timestamp,
        });
        if is_first {
            info!(partition = from.partition, id = missing, "waiting for a schema");
            let paused = broker.pause(from);
            self.give_up_on(broker, paused);
        }
        false
    }

    /// Takes in what waited for schemas that are there by now, and reads those partitions on.
    pub fn release(&mut self, broker: &mut impl Broker, now: Now) {
        let holding = self.owned.iter().filter(|(_, lane)| lane.held.any());
        let places: Vec<(u32, usize)> =
            holding.flat_map(|(number, lane)| lane.held.topics().map(|topic| (*number, topic))).collect();
        for (partition, topic) in places {
            while let Some(record) = self.ready(partition, topic) {
                let headers: Vec<(&str, &[u8])> =
                    record.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
                let raw = RawRecord::new(record.key.as_deref(), record.value.as_deref(), record.timestamp);
                let from = Position { topic, partition, offset: record.offset };
                self.take(broker, from, &RawRecord { headers: &headers, ..raw }, now);
            }
            let Some(lane) = self.owned.get_mut(&partition) else { continue };
            // Where a transaction was lost meanwhile, nothing is held any more and all is read again already.
            if lane.held.queues.get(&topic).is_some_and(|queue| queue.records.is_empty()) {
                lane.held.queues.remove(&topic);
                let offset = lane.processor.offsets().get(topic).copied().flatten().unwrap_or_default();
                let resumed = broker.resume(Position { topic, partition, offset });
                self.give_up_on(broker, resumed);
            }
        }
    }

    /// The first record that waits, if it need not any more.
    fn ready(&mut self, partition: u32, topic: usize) -> Option<Record> {
        let framed = self.shared.setup.formats.get(topic)?.framing()?;
        let records = &mut self.owned.get_mut(&partition)?.held.queues.get_mut(&topic)?.records;
        if let Some(id) = framed.missing(records.front()?.value.as_deref()) {
            framed.schemas.want(id);
            return None;
        }
        records.pop_front()
    }
}
