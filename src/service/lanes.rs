//! The partitions of one worker: their processors, their batches, and the transactions that make them last.
//!
//! Invariant: a batch never outlives its partition's assignment; it is committed or rolled back inside the revocation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;
use tracing::{debug, info, warn};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::scoring::model::Model;
use crate::processor::batch::Batch;
use crate::processor::setup::{ClockMode, Progress, Setup, Time};
use crate::processor::topology::Processor;
use crate::service::kafka::client::{ADMIN_SECONDS, producer};
use crate::service::kafka::fault::ServiceFault;
use crate::service::kafka::restore::restore;
use crate::service::kafka::transaction::{Committed, Transactions};
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

/// The partitions of a worker.
pub struct Lanes {
    shared: Shared,
    producer: ClientConfig,
    transactions: Transactions,
    owned: BTreeMap<u32, Lane>,
    last_commit: Instant,
    fault: Option<ServiceFault>,
}

/// Whether the consumer stands where the processors stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Good,
    Rewind,
}

impl Lanes {
    /// No partitions yet; takes the transactional id over.
    pub fn new(shared: Shared, transactional_id: &str) -> Result<Self, ServiceFault> {
        let producer = producer(&shared.settings, transactional_id);
        let transactions = Transactions::new(&producer, output_topics(&shared.settings))?;
        Ok(Self { shared, producer, transactions, owned: BTreeMap::new(), last_commit: Instant::now(), fault: None })
    }

    /// The fault that ends the worker, if there is one.
    pub fn fault(&mut self) -> Option<ServiceFault> {
        self.fault.take()
    }

    /// Restores the partitions of an assignment and says where their inputs are to be read from.
    pub fn assign<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        assigned: &TopicPartitionList,
    ) -> TopicPartitionList {
        let mut numbers: Vec<u32> = assigned.elements().iter().map(|element| element.partition() as u32).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            if let Err(fault) = self.restore(number) {
                self.fault = Some(fault);
                return TopicPartitionList::new();
            }
        }
        match self.positions(consumer) {
            Ok(positions) => positions,
            Err(fault) => {
                self.fault = Some(fault);
                TopicPartitionList::new()
            }
        }
    }

    fn restore(&mut self, number: u32) -> Result<(), ServiceFault> {
        let Shared { settings, setup, model, metrics } = &self.shared;
        let started = Instant::now();
        let mut processor = Processor::new(setup.clone(), number, model.clone());
        let records = restore(settings, &mut processor)?;
        processor.restored(now());
        metrics.restored(records);
        let (customers, seconds) = (processor.customers(), started.elapsed().as_secs_f64());
        info!(partition = number, records, customers, seconds, "restored");
        let at_end = vec![false; setup.input_topics.len()];
        self.owned.insert(number, Lane { processor, batch: Batch::new(), at_end });
        Ok(())
    }

    /// Where every input of every partition stands. Records that are gone are counted, never skipped unseen.
    fn positions<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>) -> Result<TopicPartitionList, ServiceFault> {
        let mut positions = TopicPartitionList::new();
        for (number, lane) in &self.owned {
            let topics = self.shared.setup.input_topics.iter().zip(lane.processor.offsets());
            for (topic, next) in topics {
                let wait = Duration::from_secs(ADMIN_SECONDS);
                let (low, high) = consumer
                    .fetch_watermarks(topic, *number as i32, wait)
                    .map_err(|fault| ServiceFault::kafka("asking for the ends of the input", &fault))?;
                let offset = match next {
                    None => low,
                    Some(next) if *next < low => {
                        let gone = low - next;
                        warn!(topic, partition = number, gone, "input records were deleted before they were read");
                        self.shared.metrics.offset_gap(gone as u64);
                        low
                    }
                    Some(next) if *next > high => {
                        return Err(ServiceFault::Setup(format!(
                            "partition {number} of {topic} ends at offset {high}, but was read up to {next}: the topic was made anew; run `churnwatch rebuild`"
                        )));
                    }
                    Some(next) => *next,
                };
                positions
                    .add_partition_offset(topic, *number as i32, Offset::Offset(offset))
                    .map_err(|fault| ServiceFault::kafka("setting the position", &fault))?;
            }
        }
        Ok(positions)
    }

    /// Gives all partitions up: what is pending is committed, or rolled back where the assignment was lost.
    pub fn revoke<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, lost: bool) {
        if !lost && self.dirty() {
            self.transact(consumer);
        }
        for number in self.owned.keys() {
            self.shared.metrics.partition_gone(*number);
        }
        self.owned.clear();
    }

    /// Takes one input record in.
    pub fn take<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, message: &BorrowedMessage<'_>) {
        let number = message.partition() as u32;
        let Some(topic) = self.shared.setup.input_topics.iter().position(|topic| topic == message.topic()) else {
            return;
        };
        let wall = now();
        let timestamp = message.timestamp().to_millis().map_or(wall, Millis);
        let record = RawRecord { key: message.key(), value: message.payload(), timestamp };
        {
            let Some(lane) = self.owned.get_mut(&number) else { return };
            if let Some(at_end) = lane.at_end.get_mut(topic) {
                *at_end = false;
            }
            lane.processor.process(topic, message.offset(), &record, wall, &mut lane.batch);
        }
        self.close_due(consumer, number, wall, true);
        if self.records() >= MAX_BATCH_RECORDS || self.last_commit.elapsed() >= self.interval() {
            self.commit(consumer);
        }
    }

    /// Closes what is due in a partition, committing as batches fill. A lost commit ends it; the rest comes again.
    fn close_due<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        number: u32,
        wall: Millis,
        source_alive: bool,
    ) {
        loop {
            let Some(lane) = self.owned.get_mut(&number) else { return };
            let time = Time { wall, at_end: &lane.at_end, source_alive };
            if lane.processor.advance(&time, &mut lane.batch) == Progress::Idle {
                return;
            }
            let due = self.last_commit.elapsed() >= self.interval();
            if (self.records() >= MAX_BATCH_RECORDS || due) && self.commit(consumer) == Stand::Rewind {
                return;
            }
        }
    }

    /// An input was read to its end. librdkafka names the partition alone, so with several inputs positions decide.
    pub fn at_end<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, number: u32) {
        let topics = self.shared.setup.input_topics.clone();
        let Some(lane) = self.owned.get_mut(&number) else { return };
        if let [at_end] = lane.at_end.as_mut_slice() {
            *at_end = true;
            return;
        }
        let Ok(positions) = consumer.position() else { return };
        for (topic, at_end) in topics.iter().zip(&mut lane.at_end) {
            let position = positions.find_partition(topic, number as i32).map(|element| element.offset());
            let high = consumer.fetch_watermarks(topic, number as i32, Duration::from_secs(1)).map(|(_, high)| high);
            *at_end = match (position, high) {
                (Some(Offset::Offset(position)), Ok(high)) => position >= high,
                (_, Ok(high)) => high == 0,
                (_, Err(_)) => false,
            };
        }
    }

    /// Whether a close waits for nothing but proof that the source lives.
    pub fn wants_close(&self) -> bool {
        let wall = now();
        self.closes_by_itself()
            && self.owned.values().any(|lane| {
                let time = Time { wall, at_end: &lane.at_end, source_alive: true };
                lane.processor.wants_close(&time)
            })
    }

    fn closes_by_itself(&self) -> bool {
        self.shared.setup.clock == ClockMode::Wall || self.shared.setup.until.is_some()
    }

    /// Nothing came for a moment: closes by the clock, and commits what waits.
    pub fn idle<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>, source_alive: bool) {
        if self.closes_by_itself() {
            let (numbers, wall): (Vec<u32>, Millis) = (self.owned.keys().copied().collect(), now());
            for number in numbers {
                self.close_due(consumer, number, wall, source_alive);
            }
        }
        if self.last_commit.elapsed() >= IDLE_COMMIT {
            self.commit(consumer);
        }
    }

    /// Commits what is pending; on failure goes back to the last commit.
    pub fn finish<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) {
        self.commit(consumer);
    }

    fn commit<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) -> Stand {
        if !self.dirty() {
            self.last_commit = Instant::now();
            return Stand::Good;
        }
        let stand = self.transact(consumer);
        if stand == Stand::Rewind && self.fault.is_none() {
            let rewound = self.positions(consumer).and_then(|positions| {
                consumer
                    .assign(&positions)
                    .map_err(|fault| ServiceFault::kafka("going back to the last commit", &fault))
            });
            self.fault = rewound.err();
        }
        stand
    }

    /// One transaction over all partitions that have something to say.
    fn transact<C: ConsumerContext>(&mut self, consumer: &BaseConsumer<C>) -> Stand {
        let started = Instant::now();
        for lane in self.owned.values_mut() {
            lane.processor.flush(&mut lane.batch);
        }
        let batches: Vec<(u32, &Batch)> = self
            .owned
            .iter()
            .filter(|(_, lane)| lane.processor.dirty())
            .map(|(number, lane)| (*number, &lane.batch))
            .collect();
        let mut offsets = TopicPartitionList::new();
        for (number, lane) in self.owned.iter().filter(|(_, lane)| lane.processor.dirty()) {
            for (topic, next) in self.shared.setup.input_topics.iter().zip(lane.processor.offsets()) {
                if let Some(next) = next {
                    let added = offsets.add_partition_offset(topic, *number as i32, Offset::Offset(*next));
                    debug_assert!(added.is_ok());
                }
            }
        }
        // Group metadata is taken afresh each time: the generation in it may have moved.
        let group = consumer.group_metadata();
        let outcome = self.transactions.commit(&batches, &offsets, group.as_ref());
        self.last_commit = Instant::now();
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
                }
                Stand::Rewind
            }
            Committed::Unknown(sentence) | Committed::Fenced(sentence) => {
                warn!(%sentence, "outcome of a transaction unknown, replacing the producer and reading the state again");
                self.rebuild();
                Stand::Rewind
            }
        }
    }

    /// A new producer, which settles the old one's transaction, and every state read again.
    fn rebuild(&mut self) {
        self.shared.metrics.rebuilt();
        let numbers: Vec<u32> = self.owned.keys().copied().collect();
        let renewed =
            Transactions::new(&self.producer, output_topics(&self.shared.settings)).and_then(|transactions| {
                self.transactions = transactions;
                numbers.into_iter().try_for_each(|number| self.restore(number))
            });
        if let Err(fault) = renewed {
            self.fault = Some(fault);
        }
    }

    fn dirty(&self) -> bool {
        self.owned.values().any(|lane| lane.processor.dirty())
    }

    fn records(&self) -> usize {
        self.owned.values().map(|lane| lane.batch.len()).sum()
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(self.shared.settings.file.kafka.commit_interval_ms)
    }

    /// Number of partitions.
    pub fn len(&self) -> usize {
        self.owned.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.owned.is_empty()
    }

    /// A customer as JSON; `None` where none of these partitions has it.
    pub fn customer(&self, customer: &str) -> Option<Value> {
        self.owned.values().find_map(|lane| lane.processor.customer_json(customer))
    }

    /// Sets the gauges of every partition.
    pub fn gauge<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>) {
        for (number, lane) in &self.owned {
            let topics = self.shared.setup.input_topics.iter().zip(lane.processor.offsets());
            let lags = topics.map(|(topic, next)| {
                let (low, high) = consumer.fetch_watermarks(topic, *number as i32, Duration::from_secs(1)).ok()?;
                Some((high - next.unwrap_or(low)).max(0))
            });
            let lag = lags.sum::<Option<i64>>();
            let closed = lane.processor.closed_day().map(|day| day.0);
            self.shared.metrics.partition(*number, lane.processor.customers(), closed, lag);
        }
    }
}

/// The names of the output topics, by [`crate::processor::batch::OutTopic`].
fn output_topics(settings: &Settings) -> [String; 5] {
    let topics = &settings.file.topics;
    [&topics.profiles, &topics.alerts, &topics.risk, &topics.outcomes, &topics.dead_letters].map(Clone::clone)
}

fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}
