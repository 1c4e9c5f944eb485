//! One worker thread: poll, process, commit. It never blocks longer than its group allows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::service::kafka::client;
use crate::service::kafka::fault::ServiceFault;
use crate::service::lanes::{Lanes, Shared};
use crate::service::status::{Phase, Question, Status};

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
    lanes: Mutex<Lanes>,
    status: Arc<Status>,
    number: usize,
}

impl Context {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let done = if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.status.set(self.number, Phase::Restoring);
            let positions = self.lanes().assign(consumer, partitions);
            info!(worker = self.number, partitions = positions.count(), "assigned");
            consumer.assign(&positions)
        } else {
            let lost = consumer.assignment_lost();
            info!(worker = self.number, lost, "revoked");
            self.lanes().revoke(consumer, lost);
            consumer.unassign()
        };
        if let Err(fault) = done {
            warn!(%fault, "rebalance");
        }
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.status.set(self.number, Phase::Ready);
        }
    }
}

/// Runs a worker until it is told to stop.
pub fn run(shared: &Shared, status: Arc<Status>, orders: &Orders) -> Result<(), ServiceFault> {
    let settings = shared.settings.clone();
    let group = &settings.file.kafka.group_id;
    let id = match &settings.file.service.instance {
        Some(instance) => format!("{group}-{instance}-{}", orders.number),
        None => format!("{group}-{}", Uuid::new_v4()),
    };
    let lanes = Lanes::new(shared.clone(), &id)?;
    let context = Context { lanes: Mutex::new(lanes), status, number: orders.number };
    let consumer: BaseConsumer<Context> =
        client::consumer(&settings, orders.number).create_with_context(context).map_err(|fault| {
            ServiceFault::Setup(format!("the consumer's settings are not accepted: {fault}; see [kafka] client"))
        })?;
    let topics: Vec<&str> = settings.file.topics.events.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).map_err(|fault| ServiceFault::kafka("subscribing", &fault))?;
    let result = follow(shared, &consumer, orders);
    consumer.context().status.set(orders.number, Phase::Draining);
    if result.is_ok() {
        consumer.context().lanes().finish(&consumer);
    }
    consumer.context().status.set(orders.number, Phase::Stopped);
    result
}

fn follow(shared: &Shared, consumer: &BaseConsumer<Context>, orders: &Orders) -> Result<(), ServiceFault> {
    let mut source = Source { moved: None, sum: None, looked: None, alive: false };
    let mut looked = Instant::now();
    while !orders.stop.load(Ordering::Relaxed) {
        let elapsed = orders.started.elapsed().as_millis() as u64;
        orders.alive.store(elapsed, Ordering::Relaxed);
        let polled = consumer.poll(IDLE_POLL);
        let mut lanes = consumer.context().lanes();
        match polled {
            Some(Ok(message)) => lanes.take(consumer, &message),
            Some(Err(KafkaError::PartitionEOF(partition))) => lanes.at_end(consumer, partition as u32),
            Some(Err(fault)) => {
                if let Some((code, sentence)) = consumer.client().fatal_error() {
                    return Err(ServiceFault::Failed(format!(
                        "this member was shut out of its group ({code}: {sentence}): is service.instance used twice?"
                    )));
                }
                debug!(%fault, "poll");
            }
            None => {
                let alive = !lanes.wants_close() || source.alive(shared, consumer);
                shared.metrics.source_silent(!alive);
                lanes.idle(consumer, alive);
            }
        }
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            lanes.gauge(consumer);
        }
        while let Ok(question) = orders.questions.try_recv() {
            let answer = lanes.customer(&question.customer);
            // Who asked may have given up waiting.
            let _ = question.answer.send(answer);
        }
        if let Some(fault) = lanes.fault() {
            return Err(fault);
        }
    }
    Ok(())
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
