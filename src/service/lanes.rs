//! The partitions of one worker: their processors, their batches, and the transactions that make them last.
//!
//! Invariant: a batch never outlives its partition's assignment; it is committed or rolled back inside the revocation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tracing::{debug, info, warn};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::scoring::model::Model;
use crate::processor::batch::Batch;
use crate::processor::setup::{ClockMode, Progress, Setup, Time};
use crate::processor::topology::Processor;
use crate::service::broker::{Broker, Committed, Position};
use crate::service::fault::ServiceFault;
use crate::service::telemetry::metrics::Metrics;
use crate::wire::event::RawRecord;

/// Records in all batches at which a transaction is committed before its time.
const MAX_BATCH_RECORDS: usize = 20_000;
/// Shortest time between two commits when there is little to do.
const IDLE_COMMIT: Duration = Duration::from_millis(20);

/// One partition.
struct Lane {
    processor: Processor,
    batch: Batch,
    at_end: Vec<bool>,
}

/// What all workers of a process share.
#[derive(Clone)]
pub struct Shared {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// What processors are made with.
    pub setup: Arc<Setup>,
    /// The model in force.
    pub model: Arc<Model>,
    /// Where commits are counted.
    pub metrics: Metrics,
}

/// The time as a worker reads it off its clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall clock.
    pub wall: Millis,
    /// Time since the process started; never goes back.
    pub running: Duration,
}

/// The partitions of a worker.
pub struct Lanes {
    shared: Shared,
    owned: BTreeMap<u32, Lane>,
    last_commit: Duration,
    fault: Option<ServiceFault>,
}

/// Whether the inputs are read where the processors stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Good,
    Rewound,
}

impl Lanes {
    /// No partitions yet.
    pub const fn new(shared: Shared) -> Self {
        Self { shared, owned: BTreeMap::new(), last_commit: Duration::ZERO, fault: None }
    }

    /// The fault that ends the worker, if there is one.
    pub fn fault(&mut self) -> Option<ServiceFault> {
        self.fault.take()
    }

    /// Takes partitions over: restores them and reads their inputs on from where they stand.
    pub fn assign(&mut self, broker: &mut impl Broker, partitions: &[u32], now: Now) {
        let mut restored = partitions.iter().try_for_each(|number| self.restore(broker, *number, now.wall));
        if restored.is_ok() {
            restored = self.positions(broker).and_then(|positions| broker.read_from(&positions));
        }
        if let Err(fault) = restored {
            self.owned.clear();
            // Nothing may be read for partitions that are not restored; the fault ends the worker in any case.
            let stopped = broker.read_from(&[]);
            debug!(?stopped, "assignment given up");
            self.fault = Some(fault);
        }
    }

    fn restore(&mut self, broker: &impl Broker, number: u32, wall: Millis) -> Result<(), ServiceFault> {
        let Shared { setup, model, metrics, .. } = &self.shared;
        let mut processor = Processor::new(setup.clone(), number, model.clone());
        let records = broker.restore(&mut processor)?;
        processor.restored(wall);
        metrics.restored(records);
        info!(partition = number, records, customers = processor.customers(), "restored");
        let at_end = vec![false; setup.input_topics.len()];
        self.owned.insert(number, Lane { processor, batch: Batch::new(), at_end });
        Ok(())
    }

    /// Where every input of every partition stands. Records that are gone are counted, never skipped unseen.
    fn positions(&self, broker: &impl Broker) -> Result<Vec<Position>, ServiceFault> {
        let mut positions = Vec::new();
        for (number, lane) in &self.owned {
            let topics = self.shared.setup.input_topics.iter().zip(lane.processor.offsets()).enumerate();
            for (topic, (name, next)) in topics {
                let (low, high) = broker.ends(topic, *number)?;
                let offset = match next {
                    None => low,
                    Some(next) if *next < low => {
                        let gone = low - next;
                        warn!(
                            topic = name,
                            partition = number,
                            gone,
                            "input records were deleted before they were read"
                        );
                        self.shared.metrics.offset_gap(gone as u64);
                        low
                    }
                    Some(next) if *next > high => {
                        return Err(ServiceFault::Setup(format!(
                            "partition {number} of {name} ends at offset {high}, but was read up to {next}: the topic was made anew; run `churnwatch rebuild`"
                        )));
                    }
                    Some(next) => *next,
                };
                positions.push(Position { topic, partition: *number, offset });
            }
        }
        Ok(positions)
    }

    /// Gives all partitions up: what is pending is committed, or dropped where the assignment was lost.
    pub fn revoke(&mut self, broker: &mut impl Broker, lost: bool, now: Now) {
        if !lost && self.dirty() {
            self.transact(broker, now);
        }
        for number in self.owned.keys() {
            self.shared.metrics.partition_gone(*number);
        }
        self.owned.clear();
    }

    /// Takes one input record in.
    pub fn take(&mut self, broker: &mut impl Broker, from: Position, record: &RawRecord<'_>, now: Now) {
        let number = from.partition;
        // A close that a crash or a lost commit interrupted comes first: it is a barrier.
        let closing = self.owned.get(&number).is_some_and(|lane| lane.processor.closing());
        if closing && self.close_due(broker, number, now, true) == Stand::Rewound {
            return;
        }
        let Some(lane) = self.owned.get_mut(&number) else { return };
        if let Some(at_end) = lane.at_end.get_mut(from.topic) {
            *at_end = false;
        }
        lane.processor.process(from.topic, from.offset, record, now.wall, &mut lane.batch);
        if self.close_due(broker, number, now, true) == Stand::Rewound {
            return;
        }
        if self.commit_due(now) {
            self.commit(broker, now);
        }
    }

    /// Closes what is due in a partition, committing as batches fill. A lost commit ends it; the rest comes again.
    fn close_due(&mut self, broker: &mut impl Broker, number: u32, now: Now, source_alive: bool) -> Stand {
        loop {
            let Some(lane) = self.owned.get_mut(&number) else { return Stand::Rewound };
            let time = Time { wall: now.wall, at_end: &lane.at_end, source_alive };
            if lane.processor.advance(&time, &mut lane.batch) == Progress::Idle {
                return Stand::Good;
            }
            if self.records() >= self.shared.setup.close_budget && self.commit(broker, now) == Stand::Rewound {
                return Stand::Rewound;
            }
        }
    }

    /// Says which inputs of a partition are read to their ends.
    pub fn at_end(&mut self, number: u32, at_end: &[bool]) {
        if let Some(lane) = self.owned.get_mut(&number) {
            lane.at_end.iter_mut().zip(at_end).for_each(|(known, now)| *known = *now);
        }
    }

    /// Whether a close waits for nothing but proof that the source lives.
    pub fn wants_close(&self, now: Now) -> bool {
        self.shared.setup.clock == ClockMode::Wall
            && self.owned.values().any(|lane| {
                let time = Time { wall: now.wall, at_end: &lane.at_end, source_alive: true };
                lane.processor.wants_close(&time)
            })
    }

    /// Nothing came for a moment: closes what is due by the clock, and commits what waits.
    pub fn idle(&mut self, broker: &mut impl Broker, source_alive: bool, now: Now) {
        let numbers: Vec<u32> = self.owned.keys().copied().collect();
        for number in numbers {
            if self.close_due(broker, number, now, source_alive) == Stand::Rewound {
                return;
            }
        }
        if now.running.saturating_sub(self.last_commit) >= IDLE_COMMIT {
            self.commit(broker, now);
        }
    }

    /// Commits what is pending; on failure goes back to the last commit.
    pub fn finish(&mut self, broker: &mut impl Broker, now: Now) {
        self.commit(broker, now);
    }

    fn commit_due(&self, now: Now) -> bool {
        let interval = Duration::from_millis(self.shared.settings.file.kafka.commit_interval_ms);
        now.running.saturating_sub(self.last_commit) >= interval || self.records() >= MAX_BATCH_RECORDS
    }

    fn commit(&mut self, broker: &mut impl Broker, now: Now) -> Stand {
        if !self.dirty() {
            self.last_commit = now.running;
            return Stand::Good;
        }
        let stand = self.transact(broker, now);
        if stand == Stand::Rewound && self.fault.is_none() {
            let rewound = self.positions(broker).and_then(|positions| broker.read_from(&positions));
            self.fault = rewound.err();
        }
        stand
    }

    /// One transaction over all partitions that have something to say.
    fn transact(&mut self, broker: &mut impl Broker, now: Now) -> Stand {
        let started = std::time::Instant::now();
        for lane in self.owned.values_mut() {
            lane.processor.flush(&mut lane.batch);
        }
        let mut batches: Vec<(u32, &Batch)> = Vec::with_capacity(self.owned.len());
        let mut positions = Vec::with_capacity(self.owned.len());
        for (number, lane) in self.owned.iter().filter(|(_, lane)| lane.processor.dirty()) {
            batches.push((*number, &lane.batch));
            let offsets = lane.processor.offsets().iter().enumerate();
            let read = offsets.filter_map(|(topic, next)| Some((topic, (*next)?)));
            positions.extend(read.map(|(topic, offset)| Position { topic, partition: *number, offset }));
        }
        let outcome = broker.commit(&batches, &positions);
        self.last_commit = now.running;
        match outcome {
            Committed::Yes => {
                for lane in self.owned.values_mut().filter(|lane| lane.processor.dirty()) {
                    self.shared.metrics.committed(&lane.processor.committed());
                    lane.batch.clear();
                }
                self.shared.metrics.transaction(started.elapsed().as_secs_f64());
                Stand::Good
            }
            Committed::Aborted(sentence) => {
                debug!(%sentence, "transaction aborted, doing it again");
                self.shared.metrics.rolled_back();
                for lane in self.owned.values_mut() {
                    lane.processor.rolled_back();
                    lane.batch.clear();
                    // The inputs are read again from the last commit, so their ends are not reached any more.
                    lane.at_end.fill(false);
                }
                Stand::Rewound
            }
            Committed::Unknown(sentence) => {
                warn!(%sentence, "outcome of a transaction unknown, replacing the producer and reading the state again");
                self.rebuild(broker, now.wall);
                Stand::Rewound
            }
        }
    }

    /// A new producer, which settles the old one's transaction, and every state read again.
    fn rebuild(&mut self, broker: &mut impl Broker, wall: Millis) {
        self.shared.metrics.rebuilt();
        let numbers: Vec<u32> = self.owned.keys().copied().collect();
        let mut renewed = broker.renew();
        for number in numbers {
            renewed = renewed.and_then(|()| self.restore(broker, number, wall));
        }
        if let Err(fault) = renewed {
            self.fault = Some(fault);
        }
    }

    fn dirty(&self) -> bool {
        self.owned.values().any(|lane| lane.processor.dirty())
    }

    /// Records that a commit would write by now.
    fn records(&self) -> usize {
        self.owned.values().map(|lane| lane.batch.len() + lane.processor.touched()).sum()
    }

    /// A customer as JSON; `None` where none of these partitions has it.
    pub fn customer(&self, customer: &str) -> Option<Value> {
        self.owned.values().find_map(|lane| lane.processor.customer_json(customer))
    }

    /// Sets the gauges of every partition; the lag only as far as the broker answers.
    pub fn gauge(&self, broker: &impl Broker) {
        let mut answers = true;
        for (number, lane) in &self.owned {
            let mut lag = Some(0);
            for (topic, next) in lane.processor.offsets().iter().enumerate() {
                let ends = if answers { broker.ends(topic, *number).ok() } else { None };
                answers = ends.is_some();
                lag = lag.zip(ends).map(|(lag, (low, high))| lag + (high - next.unwrap_or(low)).max(0));
            }
            let closed = lane.processor.closed_day().map(|day| day.0);
            self.shared.metrics.partition(*number, lane.processor.customers(), closed, lag);
        }
    }
}
