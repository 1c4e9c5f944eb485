//! The partitions of one worker: their processors and their batches, from one assignment to the next.
//!
//! Invariant: a close is a barrier; one that was interrupted is finished before the next record.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tracing::{error, info, warn};

use crate::engine::coming::Forecast;
use crate::engine::day::{Day, Millis};
use crate::engine::money::Money;
use crate::engine::packed::layers::Slot;
use crate::engine::roster::Listed;
use crate::processor::batch::Pages;
use crate::processor::setup::{ClockMode, Progress};
use crate::processor::topology::Processor;
use crate::service::broker::{Broker, Position};
use crate::service::fault::ServiceFault;
use crate::service::lane::Lane;
use crate::service::narrowed::Narrowed;
use crate::service::restoring::Restoring;
use crate::service::shared::{Now, Shared};
use crate::service::status::Absent;
use crate::service::telemetry::metrics::{Headway, Metrics};
use crate::service::traces::way::Way;
use crate::wire::calendar::day_text;
use crate::wire::event::RawRecord;

/// Records in all open batches at which a transaction is handed over before its time.
pub(crate) const MAX_BATCH_RECORDS: usize = 20_000;
/// The same in bytes: dead letters may be large.
pub(crate) const MAX_BATCH_BYTES: usize = 16 << 20;

/// The partitions of a worker.
pub struct Lanes {
    pub(crate) shared: Shared,
    pub(crate) owned: BTreeMap<u32, Lane>,
    pages: Pages,
    /// When a transaction was last handed over; `None` before the first look at the clock.
    pub(crate) handed_over: Option<Duration>,
    /// Since when a transaction is under way.
    pub(crate) under_way: Option<Instant>,
    pub(crate) aborts: u32,
    /// How much less than the most a transaction may hold.
    pub(crate) narrowed: Narrowed,
    /// When something was last committed or restored, or nothing was left to be read, or no broker told.
    pub(crate) moved: Duration,
    /// When a full partition was last spoken of.
    pub(crate) full_told: Option<Instant>,
    /// Counts the times that a state was read.
    restores: u64,
    fault: Option<ServiceFault>,
    /// News of models that the partitions were told.
    models_seen: u64,
}

/// Whether the inputs are read where the processors stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    Good,
    /// The same after a close, which takes its time.
    Closed,
    Rewound,
}

impl Lanes {
    /// No partitions yet.
    pub fn new(shared: Shared) -> Self {
        Self {
            shared,
            owned: BTreeMap::new(),
            pages: Pages::default(),
            handed_over: None,
            under_way: None,
            aborts: 0,
            narrowed: Narrowed::new(),
            moved: Duration::ZERO,
            full_told: None,
            restores: 0,
            fault: None,
            models_seen: 0,
        }
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
        self.moved = now.running;
        let restored = self.restore(broker, partitions, now.wall);
        let reading = restored.and_then(|()| self.read_on(broker));
        self.give_up_on(broker, reading);
    }

    /// The inputs are read on from where the processors stand.
    pub fn reposition(&mut self, broker: &mut impl Broker) {
        let reading = self.read_on(broker);
        self.give_up_on(broker, reading);
    }

    pub(crate) fn read_on(&mut self, broker: &mut impl Broker) -> Result<(), ServiceFault> {
        let positions = self.positions(broker)?;
        self.owned.values_mut().for_each(Lane::read_on);
        broker.read_from(&positions)
    }

    /// A worker with a fault holds no partition, so it commits nothing more.
    pub(crate) fn give_up_on(&mut self, broker: &mut impl Broker, done: Result<(), ServiceFault>) {
        if let Err(fault) = done {
            self.let_go(broker);
            self.fault = Some(fault);
        }
    }

    /// Holds no partition any more; what was pending is dropped, once nothing of it is under way.
    pub fn let_go(&mut self, broker: &mut impl Broker) {
        if self.under_way.take().is_some()
            && let Err(fault) = broker.ended(true)
        {
            warn!(%fault, "waiting for the last transaction");
        }
        for number in std::mem::take(&mut self.owned).into_keys() {
            self.gone(number);
        }
    }

    /// Nothing is told of a partition any more.
    pub(crate) fn gone(&self, number: u32) {
        self.shared.metrics.partition_gone(number);
        self.shared.models.gone(number);
    }

    pub(crate) fn restore(
        &mut self,
        broker: &impl Broker,
        partitions: &[u32],
        wall: Millis,
    ) -> Result<(), ServiceFault> {
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
        let (schedule, mut quiet_before) = (broker.promotions()?, None);
        for mut processor in processors {
            let (number, configured) = (processor.partition(), processor.publish_from());
            processor.offer(schedule.clone());
            for doubt in processor.restored(wall) {
                warn!(partition = number, "{doubt}");
            }
            if configured.is_none() {
                quiet_before = quiet_before.or(processor.publish_from());
            }
            models.holds(number, processor.engine().in_force(), processor.engine().drift());
            tell_state(metrics, &processor);
            self.owned.insert(number, Lane::new(processor, &self.pages));
        }
        // Whoever has put years of history in would otherwise look in vain for its warnings.
        if let Some(day) = quiet_before {
            info!(
                "a first start: only warnings that open from {} on are published; for earlier ones stop, set alerts.publish_from and run `churnwatch rebuild`",
                day_text(day)
            );
        }
        Ok(())
    }

    /// Tells the partitions of promotions that are news. They act on them as their days open.
    pub(crate) fn offer(&mut self) {
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

    /// Takes one input record in, and follows it where it has a way; whether that took so long, or the batch is so large,
    /// that it is time to look at the clock.
    pub fn take(
        &mut self,
        broker: &mut impl Broker,
        from: Position,
        record: &RawRecord<'_>,
        way: Option<Way>,
        now: Now,
    ) -> bool {
        let number = from.partition;
        // A close that a crash or a lost commit interrupted comes first: it is a barrier.
        let closing = self.owned.get(&number).is_some_and(|lane| lane.processor.closing());
        if closing && self.close_due(broker, number, now, false) == Stand::Rewound {
            return true;
        }
        let Some(lane) = self.owned.get_mut(&number) else { return false };
        lane.received(from.topic, record.timestamp);
        lane.process((from, now.wall), record, way.zip(self.shared.tracer.as_ref()));
        let (confirmed, large) = (lane.is_confirmed(now), lane.batch.bytes() >= self.narrowed.of(MAX_BATCH_BYTES));
        self.close_due(broker, number, now, confirmed) != Stand::Good || large
    }

    /// Closes what is due in a partition, also `by_clock`, handing over as batches fill: early in the middle of a long
    /// close, which no record interrupts. A lost transaction ends it; the rest comes again.
    fn close_due(&mut self, broker: &mut impl Broker, number: u32, now: Now, by_clock: bool) -> Stand {
        let (mut stand, mut committing) = (Stand::Good, Duration::ZERO);
        loop {
            let Some(lane) = self.owned.get_mut(&number) else { return Stand::Rewound };
            if lane.close_step(now, by_clock) == Progress::Idle {
                return stand;
            }
            stand = Stand::Closed;
            let took = lane.closed_after(std::mem::take(&mut committing));
            broker.beat();
            let most = if took.is_none() { self.shared.setup.close_budget } else { MAX_BATCH_RECORDS };
            if let Some(took) = took {
                self.shared.metrics.closed(took.as_secs_f64());
            }
            if self.is_full(most) {
                let begun = Instant::now();
                if self.commit(broker, now) == Stand::Rewound {
                    return Stand::Rewound;
                }
                committing = begun.elapsed();
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

    /// A customer as JSON; `None` where none of these partitions has it.
    pub fn customer(&self, customer: &str) -> Option<Value> {
        self.owned.values().find_map(|lane| lane.processor.customer_json(customer))
    }

    /// What a purchase would change for a customer; `None` where none of these partitions has it.
    pub fn what_if(&self, customer: &str, amount: Option<Money>) -> Option<Value> {
        self.owned.values().find_map(|lane| lane.processor.what_if_json(customer, amount))
    }

    /// What happened with a customer day by day.
    pub fn timeline(&self, customer: &str) -> Option<Value> {
        self.owned.values().find_map(|lane| lane.processor.timeline_json(customer))
    }

    /// What became of an id that has no customer; `None`: its partition is not here.
    pub fn absent(&self, partition: u32, id: &str) -> Option<Absent> {
        let moved_to = self.owned.get(&partition)?.processor.moved_to(id);
        Some(moved_to.map_or(Absent::Unknown, Absent::Merged))
    }

    /// Those of the picked that are here, each with its place among them.
    pub fn picked(&self, picked: &[Listed]) -> Vec<(usize, Value)> {
        let here = |one: &Listed| self.owned.get(&one.partition)?.processor.customer_at(one.slot, one.hash);
        picked.iter().enumerate().filter_map(|(at, one)| Some((at, here(one)?))).collect()
    }

    /// Adds at most `budget` customers of a partition from `next` on; gives where to go on.
    pub fn roster(&self, partition: u32, next: Slot, budget: usize, listed: &mut Vec<Listed>) -> Option<Slot> {
        self.owned.get(&partition)?.processor.engine().roster(next, budget, listed)
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

    /// Sets the gauges of every partition; the lag only as far as the broker answers, and gives whether it did. A worker
    /// that has something to read and commits nothing for too long has a fault: only a new process helps.
    pub fn gauge(&mut self, broker: &impl Broker, now: Now) -> bool {
        let (mut answers, mut behind) = (true, 0);
        let Shared { setup, metrics, .. } = &self.shared;
        let due = (setup.clock == ClockMode::Wall).then(|| setup.rules.settles(now.wall));
        for (number, lane) in &mut self.owned {
            let (mut lag, mut end) = (Some(0), 0);
            for (topic, next) in lane.processor.offsets().iter().enumerate() {
                let ends = if answers { broker.look(topic, *number) } else { None };
                answers = ends.is_some();
                lag = lag.zip(ends).map(|(lag, (low, high))| lag + (high - next.unwrap_or(low)).max(0));
                end += ends.map_or(0, |(_, high)| high);
            }
            let waiting = lag.map_or(0, |lag| lane.waiting(lag, end));
            let clock = lane.processor.engine().clock();
            let closes_due = due.map(|due| clock.next_close(Some(due)).map_or(0, |next| due.since(next) + 1));
            let headway = Headway {
                closed_day: clock.closed.map(|day| day.0),
                closes_due,
                lag_records: lag,
                lag_seconds: Some(lane.lag_seconds(waiting, now)),
            };
            tell_state(metrics, &lane.processor);
            metrics.stand(*number, headway);
            if let Some(census) = lane.census() {
                metrics.census(*number, census);
            }
            // A registry that does not answer is no fault of this process.
            behind += if lane.held.any() { 0 } else { waiting };
        }
        if !answers || (behind == 0 && !self.dirty()) {
            self.moved = now.running;
        }
        let stalled = now.running.saturating_sub(self.moved);
        if self.shared.settings.stall.is_some_and(|stall| stalled > stall) {
            self.tell();
            self.fault = Some(ServiceFault::Stuck(format!(
                "nothing was committed for {} s although {behind} records wait; the log says where every partition stands",
                stalled.as_secs()
            )));
        }
        answers && !self.owned.is_empty()
    }

    /// Where every partition stands, into the log.
    fn tell(&self) {
        let under_way = self.under_way.map(|since| since.elapsed().as_secs_f64());
        error!(aborts = self.aborts, transaction_s = under_way, records = self.records(), "stuck");
        for (number, lane) in &self.owned {
            let closed = lane.processor.closed_day().map(|day| day.0);
            let (offsets, touched) = (lane.processor.offsets(), lane.processor.touched());
            error!(partition = number, ?offsets, ?closed, touched, closing = lane.processor.closing(), "stands");
        }
    }
}

fn tell_state(metrics: &Metrics, processor: &Processor) {
    let (engine, customers) = (processor.engine(), processor.customers());
    metrics.state(processor.partition(), customers, engine.max_customers(), engine.state().bytes());
}
