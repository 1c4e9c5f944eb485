//! The partitions of one worker: their processors, their batches, and the transactions that make them last.
//!
//! Invariant: a batch never outlives its partition's assignment; it is committed or rolled back inside the revocation.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tracing::{debug, warn};

use crate::engine::coming::Forecast;
use crate::engine::day::{Day, Millis};
use crate::engine::packed::shelf::Slot;
use crate::processor::batch::Batch;
use crate::processor::setup::Progress;
use crate::processor::topology::Processor;
use crate::service::broker::{Broker, Committed, Position};
use crate::service::fault::ServiceFault;
use crate::service::lane::Lane;
use crate::service::restoring::Restoring;
use crate::service::shared::{Now, Shared};
use crate::wire::event::RawRecord;

/// Records in all batches at which a transaction is committed before its time.
const MAX_BATCH_RECORDS: usize = 20_000;
/// Commits are so many times as frequent when every record is taken.
const IDLE_SHARE: u32 = 5;

/// Transactions aborted one after the other at which the worker gives up.
const MAX_ABORTS: u32 = 30;

/// The partitions of a worker.
pub struct Lanes {
    shared: Shared,
    owned: BTreeMap<u32, Lane>,
    /// When the last commit was done; `None`: since the last look at the clock.
    last_commit: Option<Duration>,
    aborts: u32,
    /// Counts the times that a state was read.
    restores: u64,
    fault: Option<ServiceFault>,
    /// News of models that the partitions were told.
    models_seen: u64,
}

/// What became of a transaction.
enum Ended {
    Committed,
    RolledBack,
    Unknown,
}

/// Whether the inputs are read where the processors stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Good,
    /// The same after a close, which takes its time.
    Closed,
    Rewound,
}

impl Lanes {
    /// No partitions yet.
    pub const fn new(shared: Shared) -> Self {
        Self { shared, owned: BTreeMap::new(), last_commit: None, aborts: 0, restores: 0, fault: None, models_seen: 0 }
    }

    /// The fault that ends the worker, if there is one.
    pub const fn fault(&self) -> Option<&ServiceFault> {
        self.fault.as_ref()
    }

    /// Transactions aborted since the last that was not.
    pub const fn aborts(&self) -> u32 {
        self.aborts
    }

    /// Takes partitions over: restores them and reads their inputs on from where they stand.
    pub fn assign(&mut self, broker: &mut impl Broker, partitions: &[u32], now: Now) {
        let restored = self.restore(broker, partitions, now.wall);
        let reading = restored.and_then(|()| self.read_on(broker));
        self.give_up_on(reading);
    }

    /// The inputs are read on from where the processors stand.
    pub fn reposition(&mut self, broker: &mut impl Broker) {
        let reading = self.read_on(broker);
        self.give_up_on(reading);
    }

    fn read_on(&mut self, broker: &mut impl Broker) -> Result<(), ServiceFault> {
        let positions = self.positions(broker)?;
        self.owned.values_mut().for_each(Lane::read_on);
        broker.read_from(&positions)
    }

    /// A worker with a fault holds no partition, so it commits nothing more.
    fn give_up_on(&mut self, done: Result<(), ServiceFault>) {
        if let Err(fault) = done {
            self.let_go();
            self.fault = Some(fault);
        }
    }

    /// Holds no partition any more; what was pending is dropped.
    pub fn let_go(&mut self) {
        for number in std::mem::take(&mut self.owned).into_keys() {
            self.shared.metrics.partition_gone(number);
            self.shared.models.gone(number);
        }
    }

    fn restore(&mut self, broker: &impl Broker, partitions: &[u32], wall: Millis) -> Result<(), ServiceFault> {
        self.restores += 1;
        if partitions.is_empty() {
            return Ok(());
        }
        let Shared { setup, model, models, metrics, .. } = &self.shared;
        let made = partitions.iter().map(|number| Processor::new(setup.clone(), *number, model.clone()));
        let (mut processors, restoring) = (made.collect::<Vec<_>>(), Restoring::begin(metrics.clone()));
        broker.restore(&mut processors, &|records, left| restoring.step(records, left))?;
        restoring.end(processors.len(), processors.iter().map(Processor::customers).sum());
        // Asked after the changelogs were read, so every promotion that they speak of is among them.
        let schedule = broker.promotions()?;
        for mut processor in processors {
            let number = processor.partition();
            processor.offer(schedule.clone());
            for doubt in processor.restored(wall) {
                warn!(partition = number, "{doubt}");
            }
            models.holds(number, processor.engine().in_force(), processor.engine().drift());
            metrics.state(number, processor.customers(), processor.engine().state().bytes());
            self.owned.insert(number, Lane::new(processor));
        }
        Ok(())
    }

    /// Tells the partitions of promotions that are news. They act on them as their days open.
    fn offer(&mut self) {
        if let Some(schedule) = self.shared.models.news(&mut self.models_seen) {
            self.owned.values_mut().for_each(|lane| lane.processor.offer(schedule.clone()));
        }
    }

    /// Where every input of every partition stands. Records that are gone are counted, never skipped unseen.
    fn positions(&self, broker: &impl Broker) -> Result<Vec<Position>, ServiceFault> {
        let (mut positions, numbers) = (Vec::new(), self.owned.keys().copied().collect::<Vec<u32>>());
        for (topic, name) in self.shared.setup.input_topics.iter().enumerate() {
            let ends = broker.ends(topic, &numbers)?;
            for ((number, lane), (low, high)) in self.owned.iter().zip(ends) {
                let offset = match lane.processor.offsets().get(topic).copied().flatten() {
                    None => low,
                    Some(next) if next < low => {
                        let (partition, gone) = (number, low - next);
                        warn!(topic = name, partition, gone, "input records were deleted before they were read");
                        self.shared.metrics.offset_gap(gone as u64);
                        low
                    }
                    Some(next) if next > high => {
                        return Err(ServiceFault::Setup(format!(
                            "partition {number} of {name} ends at offset {high}, but was read up to {next}: the topic was made anew; run `churnwatch rebuild`"
                        )));
                    }
                    Some(next) => next,
                };
                positions.push(Position { topic, partition: *number, offset });
            }
        }
        Ok(positions)
    }

    /// Gives all partitions up: what is pending is committed, or dropped where the assignment was lost.
    pub fn revoke(&mut self, broker: &mut impl Broker, lost: bool) {
        if !lost && self.dirty() && matches!(self.transact(broker), Ended::Unknown) {
            // The partitions go in any case; only the producer must be one that can be trusted again.
            self.shared.metrics.rebuilt();
            self.let_go();
            let renewed = broker.renew();
            self.give_up_on(renewed);
        }
        self.let_go();
    }

    /// Takes one input record in; whether that took so long that it is time to look at the clock.
    pub fn take(&mut self, broker: &mut impl Broker, from: Position, record: &RawRecord<'_>, now: Now) -> bool {
        let number = from.partition;
        // A close that a crash or a lost commit interrupted comes first: it is a barrier.
        let closing = self.owned.get(&number).is_some_and(|lane| lane.processor.closing());
        if closing && self.close_due(broker, number, now, false) == Stand::Rewound {
            return true;
        }
        let Some(lane) = self.owned.get_mut(&number) else { return false };
        lane.received(from.topic);
        lane.processor.process(from.topic, from.offset, record, now.wall, &mut lane.batch);
        let confirmed = lane.is_confirmed(now);
        self.close_due(broker, number, now, confirmed) != Stand::Good
    }

    /// Between records: commits what is due, sooner where every record that there is has been taken.
    pub fn turn(&mut self, broker: &mut impl Broker, all_taken: bool, now: Now) {
        self.offer();
        let interval = Duration::from_millis(self.shared.settings.file.kafka.commit_interval_ms);
        let interval = if all_taken { interval / IDLE_SHARE } else { interval };
        if self.since_commit(now) >= interval || self.records() >= MAX_BATCH_RECORDS {
            self.commit(broker, now);
        }
    }

    /// Closes what is due in a partition, also `by_clock`, committing as batches fill: early in the middle of a long close,
    /// which no record interrupts. A lost commit ends it; the rest comes again.
    fn close_due(&mut self, broker: &mut impl Broker, number: u32, now: Now, by_clock: bool) -> Stand {
        let mut stand = Stand::Good;
        loop {
            let Some(lane) = self.owned.get_mut(&number) else { return Stand::Rewound };
            if lane.close_step(now, by_clock) == Progress::Idle {
                return stand;
            }
            stand = Stand::Closed;
            let amid = lane.processor.engine().clock().closing.is_some();
            broker.beat();
            let most = if amid { self.shared.setup.close_budget } else { MAX_BATCH_RECORDS };
            if self.records() >= most && self.commit(broker, now) == Stand::Rewound {
                return Stand::Rewound;
            }
        }
    }

    /// An input of the partition was read to its end.
    pub fn at_end(&mut self, broker: &impl Broker, number: u32) {
        if let Some(lane) = self.owned.get_mut(&number) {
            lane.reached_end(broker);
        }
    }

    /// Time for what no record brings: closes what is due by the clock.
    pub fn idle(&mut self, broker: &mut impl Broker, source_alive: bool, now: Now) {
        let numbers: Vec<u32> = self.owned.keys().copied().collect();
        let (clock, mut answers) = (self.shared.setup.clock, true);
        for number in numbers {
            let Some(lane) = self.owned.get_mut(&number) else { return };
            let by_clock = source_alive && lane.ends_stand_still(broker, clock, now, &mut answers);
            if self.close_due(broker, number, now, by_clock) == Stand::Rewound {
                return;
            }
        }
    }

    /// Commits what is pending; on failure goes back to the last commit.
    pub fn finish(&mut self, broker: &mut impl Broker, now: Now) {
        self.commit(broker, now);
    }

    /// Time since the last commit was done, as far as the clock was looked at.
    fn since_commit(&mut self, now: Now) -> Duration {
        now.running.saturating_sub(*self.last_commit.get_or_insert(now.running))
    }

    fn commit(&mut self, broker: &mut impl Broker, now: Now) -> Stand {
        if !self.dirty() {
            self.last_commit = Some(now.running);
            return Stand::Good;
        }
        let going_on = match self.transact(broker) {
            Ended::Committed => return Stand::Good,
            Ended::RolledBack => self.read_on(broker),
            Ended::Unknown => self.rebuild(broker, now.wall),
        };
        self.give_up_on(going_on);
        Stand::Rewound
    }

    /// One transaction over all partitions that have something to say.
    fn transact(&mut self, broker: &mut impl Broker) -> Ended {
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
        self.last_commit = None;
        match outcome {
            Committed::Yes => {
                for (number, lane) in self.owned.iter_mut().filter(|(_, lane)| lane.processor.dirty()) {
                    self.shared.metrics.committed(&lane.processor.committed());
                    let engine = lane.processor.engine();
                    self.shared.models.holds(*number, engine.in_force(), engine.drift());
                    lane.batch.clear();
                }
                self.shared.metrics.transaction(started.elapsed().as_secs_f64());
                self.aborts = 0;
                Ended::Committed
            }
            Committed::Aborted(sentence) => {
                self.aborts += 1;
                debug!(%sentence, aborts = self.aborts, "transaction aborted, doing it again");
                self.shared.metrics.rolled_back();
                self.owned.values_mut().for_each(Lane::roll_back);
                if self.aborts >= MAX_ABORTS {
                    let fault = format!(
                        "every transaction is aborted ({sentence}): look at the permissions and size limits of the output topics"
                    );
                    self.give_up_on(Err(ServiceFault::Failed(fault)));
                }
                Ended::RolledBack
            }
            Committed::Unknown(sentence) => {
                warn!(%sentence, "outcome of a transaction unknown, replacing the producer and reading the state again");
                Ended::Unknown
            }
        }
    }

    /// A new producer, which settles the old one's transaction, and every state read again. What the states were before
    /// is forgotten first: should this fail halfway, nothing of it can be committed a second time.
    fn rebuild(&mut self, broker: &mut impl Broker, wall: Millis) -> Result<(), ServiceFault> {
        self.shared.metrics.rebuilt();
        let numbers: Vec<u32> = std::mem::take(&mut self.owned).into_keys().collect();
        broker.renew()?;
        self.restore(broker, &numbers, wall)?;
        self.read_on(broker)
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

    /// How often a state was read: customers stand at other places since.
    pub const fn restores(&self) -> u64 {
        self.restores
    }

    /// The partitions, each with its last closed day.
    pub fn closed_days(&self) -> Vec<(u32, Option<Day>)> {
        self.owned.iter().map(|(number, lane)| (*number, lane.processor.closed_day())).collect()
    }

    /// Adds the warnings that a partition expects of at most `budget` customers from `next` on; gives where to go on.
    pub fn forecast(
        &self,
        partition: u32,
        days: i32,
        next: Slot,
        budget: usize,
        forecast: &mut Forecast,
    ) -> Option<Slot> {
        self.owned.get(&partition)?.processor.engine().forecast(days, next, budget, forecast)
    }

    /// Sets the gauges of every partition; the lag only as far as the broker answers.
    pub fn gauge(&self, broker: &impl Broker) {
        let mut answers = true;
        for (number, lane) in &self.owned {
            let mut lag = Some(0);
            for (topic, next) in lane.processor.offsets().iter().enumerate() {
                let ends = if answers { broker.look(topic, *number) } else { None };
                answers = ends.is_some();
                lag = lag.zip(ends).map(|(lag, (low, high))| lag + (high - next.unwrap_or(low)).max(0));
            }
            let closed = lane.processor.closed_day().map(|day| day.0);
            self.shared.metrics.state(*number, lane.processor.customers(), lane.processor.engine().state().bytes());
            self.shared.metrics.stand(*number, closed, lag);
        }
    }
}
