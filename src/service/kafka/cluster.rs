//! A real cluster as one worker sees it: its consumer, its transactional producer, and its pulse.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::config::settings::Settings;
use crate::engine::promotion::Schedule;
use crate::processor::topology::Processor;
use crate::service::broker::{Batches, Broker, Committed, Position, Tell};
use crate::service::fault::ServiceFault;
use crate::service::kafka::carrier::{Carrier, Load, Read};
use crate::service::kafka::client::producer;
use crate::service::kafka::context::Hears;
use crate::service::kafka::ends::ends;
use crate::service::kafka::restore::restore;
use crate::service::kafka::transaction::Transactions;
use crate::service::models::Models;
use crate::service::pulse::Pulse;
use crate::service::status::{Phase, Status};

/// How long a look at the ends of a partition may take.
const LOOK: Duration = Duration::from_secs(1);

/// The producer's side of a worker, which outlives every assignment.
pub struct Writer {
    config: ClientConfig,
    transactions: Arc<Transactions>,
    carrier: Carrier,
}

impl Writer {
    /// A producer that has yet to take its transactional id over.
    pub fn new(settings: &Settings, transactional_id: &str, pulse: &Pulse) -> Result<Self, ServiceFault> {
        Self::with(producer(settings, transactional_id), settings, pulse)
    }

    fn with(config: ClientConfig, settings: &Settings, pulse: &Pulse) -> Result<Self, ServiceFault> {
        let topics = output_topics(settings, &settings.file.topics.merges);
        let transactions = Arc::new(Transactions::new(&config, settings.file.kafka.group_id.clone(), topics)?);
        let (carried, pulse) = (transactions.clone(), pulse.clone());
        let carrier = Carrier::start(move |Load { batches, read }| match read {
            Ok(Read { offsets, group }) => carried.commit(batches, offsets, group.as_ref(), &pulse),
            Err(sentence) => Committed::Aborted(sentence.clone()),
        })?;
        Ok(Self { config, transactions, carrier })
    }

    /// Takes it over; to be done before anything is read.
    pub fn take_over(&self, settings: &Settings, pulse: &Pulse) -> Result<(), ServiceFault> {
        self.transactions.take_over(settings, pulse)
    }
}

/// A cluster for the time of one call: rdkafka lends the consumer to its callbacks, so nobody can own it.
pub struct Cluster<'a, C: Hears + 'static> {
    /// The consumer.
    pub consumer: &'a BaseConsumer<C>,
    /// The producer.
    pub writer: &'a mut Writer,
    /// The configuration.
    pub settings: &'a Settings,
    /// The promoted models.
    pub models: &'a Models,
    /// The worker's sign of life.
    pub pulse: &'a Pulse,
    /// Where others see what the worker does, and its number.
    pub status: (&'a Status, usize),
}

impl<C: Hears> Cluster<'_, C> {
    fn topic(&self, topic: usize) -> &str {
        self.settings.inputs().nth(topic).map_or("", String::as_str)
    }

    fn tell(&self, phase: Phase) {
        let (status, worker) = self.status;
        status.set(worker, phase);
    }

    fn list(&self, positions: &[Position]) -> Result<TopicPartitionList, ServiceFault> {
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for position in positions {
            let (topic, offset) = (self.topic(position.topic), Offset::Offset(position.offset));
            list.add_partition_offset(topic, position.partition as i32, offset)
                .map_err(|fault| ServiceFault::kafka("setting the position", &fault))?;
        }
        Ok(list)
    }
}

impl<C: Hears> Broker for Cluster<'_, C> {
    fn ends(&self, topic: usize, partitions: &[u32]) -> Result<Vec<(i64, i64)>, ServiceFault> {
        ends(self.settings, self.consumer, self.topic(topic), partitions, self.pulse)
    }

    fn look(&self, topic: usize, partition: u32) -> Option<(i64, i64)> {
        self.consumer.fetch_watermarks(self.topic(topic), partition as i32, LOOK).ok()
    }

    fn beat(&self) {
        self.pulse.beat();
    }

    fn restore(&self, processors: &mut [Processor], tell: &Tell<'_>) -> Result<(), ServiceFault> {
        restore(self.settings, processors, tell, self.pulse)
    }

    fn promotions(&self) -> Result<Arc<Schedule>, ServiceFault> {
        self.models.refresh(self.settings, self.pulse)
    }

    fn hand_over(&mut self, batches: Batches, positions: &[Position]) {
        self.pulse.beat();
        let read = match self.consumer.client().fatal_error() {
            // Shut out of the group: whatever this worker still holds is somebody else's by now.
            Some((_, sentence)) => Err(sentence),
            // Group metadata is taken afresh each time: the generation in it may have moved. It does not before the
            // transaction has ended, because giving partitions back waits for that.
            None => self
                .list(positions)
                .map(|offsets| Read { offsets, group: self.consumer.group_metadata() })
                .map_err(|fault| fault.to_string()),
        };
        self.writer.carrier.hand_over(Load { batches, read });
    }

    fn ended(&mut self, wait: bool) -> Result<Option<(Committed, Batches)>, ServiceFault> {
        self.writer.carrier.ended(wait, self.pulse)
    }

    fn renew(&mut self) -> Result<(), ServiceFault> {
        self.tell(Phase::Restoring);
        // The old one goes only when the new one has taken over.
        let renewed = Writer::with(self.writer.config.clone(), self.settings, self.pulse)?;
        renewed.take_over(self.settings, self.pulse)?;
        *self.writer = renewed;
        Ok(())
    }

    fn pause(&mut self, place: Position) -> Result<(), ServiceFault> {
        let list = self.list(&[place])?;
        self.consumer.pause(&list).map_err(|fault| ServiceFault::kafka("pausing a partition", &fault))
    }

    fn resume(&mut self, place: Position) -> Result<(), ServiceFault> {
        let list = self.list(&[place])?;
        self.consumer.resume(&list).map_err(|fault| ServiceFault::kafka("reading a partition on", &fault))
    }

    fn read_from(&mut self, positions: &[Position]) -> Result<(), ServiceFault> {
        let list = self.list(positions)?;
        self.consumer.assign(&list).map_err(|fault| ServiceFault::kafka("setting the position", &fault))?;
        // A pause outlives an assignment. Where there is none this changes nothing.
        if self.settings.shapes.framing().is_some() {
            self.consumer.resume(&list).map_err(|fault| ServiceFault::kafka("reading on", &fault))?;
        }
        self.tell(Phase::Ready);
        Ok(())
    }
}

/// The names of the output topics, by [`crate::processor::batch::OutTopic`]; `events` is where events go.
pub fn output_topics(settings: &Settings, events: &str) -> [String; 6] {
    let topics = &settings.file.topics;
    let names = [&topics.profiles, &topics.alerts, &topics.risk, &topics.outcomes, &topics.dead_letters];
    let [profiles, alerts, risk, outcomes, letters] = names.map(Clone::clone);
    [profiles, alerts, risk, outcomes, letters, events.to_owned()]
}
