//! One worker thread: poll, process, commit. It never blocks longer than its group allows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::broker::Position;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client;
use crate::service::kafka::cluster::{Cluster, Writer};
use crate::service::lanes::{Lanes, Now, Shared};
use crate::service::status::{Phase, Question, Status};
use crate::wire::event::RawRecord;

/// How long a poll waits when there is nothing to do.
const IDLE_POLL: Duration = Duration::from_millis(10);
/// How often gauges are set, and the source is looked at while days wait for it.
const LOOK: Duration = Duration::from_secs(5);

/// What a worker is told from outside.
pub struct Orders {
    /// Its number in this process.
    pub number: usize,
    /// Questions about customers.
    pub questions: Receiver<Question>,
    /// Set when the process is to end.
    pub stop: Arc<AtomicBool>,
    /// Milliseconds since the start of the process at the worker's last sign of life.
    pub alive: Arc<AtomicU64>,
    /// Start of the process.
    pub started: Instant,
}

/// What the consumer calls back into.
struct Context {
    desk: Mutex<Desk>,
    status: Arc<Status>,
    settings: Arc<Settings>,
    stop: Arc<AtomicBool>,
    number: usize,
    started: Instant,
}

/// What a worker works with besides its consumer.
struct Desk {
    lanes: Lanes,
    writer: Writer,
}

impl Context {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { wall: Millis(jiff::Timestamp::now().as_millisecond()), running: self.started.elapsed() }
    }

    /// Lets `work` at the partitions with the cluster in hand.
    fn with<T>(&self, consumer: &BaseConsumer<Self>, work: impl FnOnce(&mut Lanes, &mut Cluster<'_, Self>) -> T) -> T {
        let desk = &mut *self.desk();
        let mut cluster = Cluster { consumer, writer: &mut desk.writer, settings: &self.settings, stop: &self.stop };
        work(&mut desk.lanes, &mut cluster)
    }
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let mut numbers: Vec<u32> = partitions.elements().iter().map(|one| one.partition() as u32).collect();
            numbers.sort_unstable();
            numbers.dedup();
            info!(worker = self.number, partitions = numbers.len(), "assigned");
            self.status.set(self.number, Phase::Restoring);
            self.with(consumer, |lanes, cluster| lanes.assign(cluster, &numbers, self.now()));
            self.status.set(self.number, Phase::Ready);
        } else {
            let lost = consumer.assignment_lost();
            info!(worker = self.number, lost, "revoked");
            self.status.set(self.number, Phase::Starting);
            self.with(consumer, |lanes, cluster| lanes.revoke(cluster, lost, self.now()));
            if let Err(fault) = consumer.unassign() {
                warn!(%fault, "giving the partitions back");
            }
        }
    }
}

/// Runs a worker until it is told to stop.
pub fn run(shared: &Shared, status: Arc<Status>, orders: &Orders) -> Result<(), ServiceFault> {
    let result = work(shared, status, orders);
    match result {
        // Whatever was not finished by then is done again by the next.
        Err(fault) if orders.stop.load(Ordering::Relaxed) => {
            info!(%fault, "stopped in the middle");
            Ok(())
        }
        result => result,
    }
}

fn work(shared: &Shared, status: Arc<Status>, orders: &Orders) -> Result<(), ServiceFault> {
    let settings = shared.settings.clone();
    let group = &settings.file.kafka.group_id;
    let id = match &settings.file.service.instance {
        Some(instance) => format!("{group}-{instance}-{}", orders.number),
        None => format!("{group}-{}", Uuid::new_v4()),
    };
    let desk = Desk { lanes: Lanes::new(shared.clone()), writer: Writer::new(&settings, &id, &orders.stop)? };
    let context = Context {
        desk: Mutex::new(desk),
        status,
        settings: settings.clone(),
        stop: orders.stop.clone(),
        number: orders.number,
        started: orders.started,
    };
    let consumer: BaseConsumer<Context> = client::consumer(&settings, orders.number)
        .create_with_context(context)
        .map_err(|fault| ServiceFault::settings("consumer", &fault))?;
    let topics: Vec<&str> = settings.file.topics.events.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).map_err(|fault| ServiceFault::kafka("subscribing", &fault))?;
    let result = follow(shared, &consumer, orders);
    let context = consumer.context();
    context.status.set(orders.number, Phase::Draining);
    if result.is_ok() {
        context.with(&consumer, |lanes, cluster| lanes.finish(cluster, context.now()));
    }
    context.status.set(orders.number, Phase::Stopped);
    result
}

fn follow(shared: &Shared, consumer: &BaseConsumer<Context>, orders: &Orders) -> Result<(), ServiceFault> {
    let mut source = Source { moved: None, sum: None, looked: None, alive: false };
    let mut looked = Instant::now();
    let context = consumer.context();
    while !orders.stop.load(Ordering::Relaxed) {
        let elapsed = orders.started.elapsed().as_millis() as u64;
        orders.alive.store(elapsed, Ordering::Relaxed);
        match consumer.poll(IDLE_POLL) {
            Some(Ok(message)) => take(shared, consumer, &message),
            Some(Err(KafkaError::PartitionEOF(partition))) => at_end(shared, consumer, partition as u32),
            Some(Err(fault)) => {
                if let Some((code, sentence)) = consumer.client().fatal_error() {
                    return Err(ServiceFault::Failed(format!(
                        "this member was shut out of its group ({code}: {sentence}): is service.instance used twice?"
                    )));
                }
                debug!(%fault, "poll");
            }
            None => {
                let now = context.now();
                let alive = !context.desk().lanes.wants_close(now) || source.alive(shared, consumer);
                shared.metrics.source_silent(!alive);
                context.with(consumer, |lanes, cluster| lanes.idle(cluster, alive, now));
            }
        }
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            context.with(consumer, |lanes, cluster| lanes.gauge(cluster));
        }
        let mut desk = context.desk();
        while let Ok(question) = orders.questions.try_recv() {
            let answer = desk.lanes.customer(&question.customer);
            // Who asked may have given up waiting.
            let _ = question.answer.send(answer);
        }
        if let Some(fault) = desk.lanes.fault() {
            return Err(fault);
        }
    }
    Ok(())
}

fn take(shared: &Shared, consumer: &BaseConsumer<Context>, message: &BorrowedMessage<'_>) {
    let Some(topic) = shared.setup.input_topics.iter().position(|topic| topic == message.topic()) else { return };
    let (context, now) = (consumer.context(), consumer.context().now());
    let timestamp = message.timestamp().to_millis().map_or(now.wall, Millis);
    let record = RawRecord { key: message.key(), value: message.payload(), timestamp };
    let from = Position { topic, partition: message.partition() as u32, offset: message.offset() };
    context.with(consumer, |lanes, cluster| lanes.take(cluster, from, &record, now));
}

/// An input was read to its end. librdkafka names the partition alone, so with several inputs positions decide.
fn at_end(shared: &Shared, consumer: &BaseConsumer<Context>, partition: u32) {
    let topics = &shared.setup.input_topics;
    let flags = if topics.len() == 1 {
        vec![true]
    } else {
        let Ok(positions) = consumer.position() else { return };
        let reached = topics.iter().map(|topic| {
            let position = positions.find_partition(topic, partition as i32).map(|element| element.offset());
            let high = consumer.fetch_watermarks(topic, partition as i32, Duration::from_secs(1)).map(|(_, high)| high);
            match (position, high) {
                (Some(Offset::Offset(position)), Ok(high)) => position >= high,
                (_, Ok(high)) => high == 0,
                (_, Err(_)) => false,
            }
        });
        reached.collect()
    };
    consumer.context().desk().lanes.at_end(partition, &flags);
}

/// Whether anything still writes into the inputs. A dead upstream must not warn everybody.
struct Source {
    moved: Option<Instant>,
    sum: Option<i64>,
    looked: Option<Instant>,
    alive: bool,
}

impl Source {
    /// Alive: within `time.source_silence` a watermark moved before our eyes, or a record was stamped.
    fn alive(&mut self, shared: &Shared, consumer: &BaseConsumer<Context>) -> bool {
        let Some(silence) = shared.settings.source_silence else { return true };
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return self.alive;
        }
        self.looked = Some(Instant::now());
        let partitions = 0..shared.setup.policy.partitions as i32;
        let ends =
            shared.setup.input_topics.iter().flat_map(|topic| partitions.clone().map(move |number| (topic, number)));
        let highs = ends.map(|(topic, number)| consumer.fetch_watermarks(topic, number, Duration::from_secs(1)).ok());
        let sum = highs.map(|marks| marks.map(|(_, high)| high)).sum::<Option<i64>>();
        if let (Some(before), Some(now)) = (self.sum, sum)
            && now > before
        {
            self.moved = Some(Instant::now());
        }
        self.sum = sum.or(self.sum);
        self.alive =
            self.moved.is_some_and(|moved| moved.elapsed() < silence) || stamped_since(shared, consumer, silence);
        self.alive
    }
}

/// Whether any input holds a record stamped within `silence`.
fn stamped_since(shared: &Shared, consumer: &BaseConsumer<Context>, silence: Duration) -> bool {
    let since = jiff::Timestamp::now().as_millisecond() - silence.as_millis() as i64;
    let mut times = TopicPartitionList::new();
    for topic in &shared.setup.input_topics {
        for number in 0..shared.setup.policy.partitions as i32 {
            let added = times.add_partition_offset(topic, number, Offset::Offset(since));
            debug_assert!(added.is_ok());
        }
    }
    consumer.offsets_for_times(times, Duration::from_secs(5)).is_ok_and(|found| {
        found.elements().iter().any(|element| matches!(element.offset(), Offset::Offset(offset) if offset >= 0))
    })
}
