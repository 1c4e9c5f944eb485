//! Reads, keys anew, writes. A transaction holds what came of some records, and how far they were read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tracing::{info, warn};
use uuid::Uuid;

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::processor::batch::Batch;
use crate::processor::stage::Stage;
use crate::service::broker::Committed;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::{producer, rekeying};
use crate::service::kafka::cluster::output_topics;
use crate::service::kafka::context::{Hears, heard};
use crate::service::kafka::headers::headers;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::refusal::{Refusal, Refusals, denied};
use crate::service::kafka::transaction::Transactions;
use crate::service::pulse::Pulse;
use crate::service::rekey::waiting::{Place, Waiting};
use crate::service::telemetry::registry::WaitingPartition;
use crate::service::telemetry::rekey::{Came, RekeyMetrics};
use crate::service::traces::tracer::Tracer;
use crate::service::traces::way::{Way, Ways};
use crate::wire::dead_letter::Origin;
use crate::wire::event::RawRecord;
use crate::wire::inputs::reader::Reader;

/// Most records of one transaction.
const MOST: u64 = 10_000;
/// Most records read before their turns are looked at: what partitions have beside each other goes out at once.
const BURST: usize = 500;
/// Longest wait for a record.
const REST: Duration = Duration::from_millis(20);
/// How often gauges are set, which also tells whether brokers are still there, and how long one answer may take.
const LOOK: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(1);

struct Context {
    waiting: Mutex<Waiting<OwnedMessage>>,
    /// Counts the times that partitions were taken away: what was read until then is another's.
    losses: AtomicU64,
    topics: Vec<String>,
    /// 1 until partitions were assigned.
    joining: Arc<AtomicUsize>,
    refusals: Refusals,
}

impl Context {
    fn waiting(&self) -> MutexGuard<'_, Waiting<OwnedMessage>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, topic: &str, partition: i32) -> Option<Place> {
        Some((self.topics.iter().position(|known| known == topic)?, partition))
    }
}

impl ClientContext for Context {
    fn error(&self, fault: KafkaError, reason: &str) {
        heard(&fault, reason, &self.refusals);
    }
}

impl Hears for Context {
    fn refused(consumer: &BaseConsumer<Self>) -> Option<Refusal> {
        consumer.context().refusals.later()
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigned = event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        info!(partitions = partitions.count(), "{}", if assigned { "assigned" } else { "revoked" });
        self.losses.fetch_add(1, Ordering::Relaxed);
        let done = if assigned {
            let places = partitions.elements();
            let places = places.iter().filter_map(|one| self.place(one.topic(), one.partition()));
            self.waiting().assign(places, Instant::now());
            self.joining.store(0, Ordering::Relaxed);
            consumer.assign(partitions)
        } else {
            self.waiting().assign(std::iter::empty(), Instant::now());
            consumer.unassign()
        };
        if let Err(fault) = done {
            warn!(%fault, "taking or giving partitions");
        }
    }
}

/// Records that were taken and are not committed.
#[derive(Default)]
struct Open {
    batch: Batch,
    next: BTreeMap<Place, i64>,
    came: Came,
    since: Option<Instant>,
    /// The timestamp of the oldest.
    oldest: Option<i64>,
    ways: Ways,
}

/// Works until it is told to stop, or until something is wrong.
pub fn work(
    settings: &Settings,
    pulse: &Pulse,
    metrics: &RekeyMetrics,
    tracer: Option<&Tracer>,
    joining: &Arc<AtomicUsize>,
) -> Result<(), ServiceFault> {
    joining.store(1, Ordering::Relaxed);
    let group = settings.rekey_group();
    let name = settings.file.service.instance.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let config = producer(settings, &format!("{group}-{name}"));
    let writer =
        Transactions::new(&config, group.clone(), output_topics(settings, settings.own_topic().unwrap_or_default()))?;
    let context = Context {
        waiting: Mutex::default(),
        losses: AtomicU64::new(0),
        topics: settings.file.rekey.topics.clone(),
        joining: joining.clone(),
        refusals: Refusals::default(),
    };
    let consumer: BaseConsumer<Context> = rekeying(settings, &group)
        .create_with_context(context)
        .map_err(|fault| ServiceFault::settings("consumer", &fault))?;
    writer.take_over(settings, pulse)?;
    let topics: Vec<&str> = settings.file.rekey.topics.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).map_err(|fault| ServiceFault::kafka("subscribing", &fault))?;
    let (reader, held) = (Reader::default(), None);
    Rekeyer { settings, pulse, metrics, tracer, writer, consumer, reader, held }.follow()
}

struct Rekeyer<'a> {
    settings: &'a Settings,
    pulse: &'a Pulse,
    metrics: &'a RekeyMetrics,
    tracer: Option<&'a Tracer>,
    writer: Transactions,
    consumer: BaseConsumer<Context>,
    reader: Reader,
    /// The record whose turn it is and whose schema is not there yet: all others wait for their turn behind it.
    held: Option<Held>,
}

struct Held {
    place: Place,
    message: OwnedMessage,
    waiting: WaitingPartition,
}

impl Rekeyer<'_> {
    fn follow(mut self) -> Result<(), ServiceFault> {
        let interval = Duration::from_millis(self.settings.file.kafka.commit_interval_ms);
        let (mut open, mut hearing, mut looked) = (Open::default(), Hearing::default(), Instant::now());
        let mut losses = 0;
        while !self.pulse.stopping() {
            self.pulse.beat();
            self.read()?;
            let now_lost = self.consumer.context().losses.load(Ordering::Relaxed);
            if now_lost != losses {
                // Whoever has those partitions now reads from what was committed.
                (losses, open, self.held) = (now_lost, Open::default(), None);
            }
            while open.came.records < MOST {
                let Some((place, message)) = self.next() else { break };
                self.take(place, &message, &mut open);
            }
            self.throttle()?;
            if open.came.records >= MOST || open.since.is_some_and(|since| since.elapsed() >= interval) {
                self.commit(&mut open)?;
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.tell_age(open.oldest);
                if self.gauge() {
                    hearing.heard();
                } else {
                    hearing.check(self.settings, self.consumer.client(), self.topic(0))?;
                }
            }
        }
        self.commit(&mut open)
    }

    /// The record whose turn it is, once its schema is there.
    fn next(&mut self) -> Option<(Place, OwnedMessage)> {
        let (place, message, waiting) = if let Some(Held { place, message, waiting }) = self.held.take() {
            (place, message, Some(waiting))
        } else {
            let (place, message) = self.consumer.context().waiting().next(Instant::now())?;
            (place, message, None)
        };
        let framed = self.settings.shapes.of(message.topic()).framing();
        let missing = framed.and_then(|framed| Some((framed, framed.missing(message.payload())?)));
        let Some((framed, id)) = missing else { return Some((place, message)) };
        framed.schemas.want(id);
        let waiting = waiting.unwrap_or_else(|| self.metrics.registry().wait());
        self.held = Some(Held { place, message, waiting });
        None
    }

    /// Reads what is there.
    fn read(&self) -> Result<(), ServiceFault> {
        let context = self.consumer.context();
        let mut polled = self.consumer.poll(REST);
        let mut left = BURST;
        while let Some(one) = polled {
            match one {
                Ok(message) => {
                    if let Some(place) = context.place(message.topic(), message.partition()) {
                        let timestamp = message.timestamp().to_millis().unwrap_or_default();
                        context.waiting().push(place, timestamp, message.detach());
                    }
                }
                Err(KafkaError::PartitionEOF(partition)) => context.waiting().at_end(partition),
                Err(fault) => self.mend(&fault)?,
            }
            left -= 1;
            polled = if left > 0 { self.consumer.poll(Duration::ZERO) } else { None };
        }
        Ok(())
    }

    /// Tells how old the oldest record is that was read and not committed. Until it has partitions again, what was told
    /// last stands.
    fn tell_age(&self, open: Option<i64>) {
        let context = self.consumer.context();
        if context.joining.load(Ordering::Relaxed) > 0 {
            return;
        }
        let held = self.held.as_ref().and_then(|held| held.message.timestamp().to_millis());
        let oldest = [open, held, context.waiting().oldest()].into_iter().flatten().min();
        let now = jiff::Timestamp::now().as_millisecond();
        self.metrics.oldest(oldest.map_or(0.0, |written| (now - written).max(0) as f64 / 1_000.0));
    }

    /// Sets the gauges; whether a broker told where the partitions end.
    fn gauge(&self) -> bool {
        let Ok(positions) = self.consumer.committed(ANSWER) else { return false };
        let (mut lag, mut told) = (0, true);
        for one in positions.elements() {
            match self.consumer.fetch_watermarks(one.topic(), one.partition(), ANSWER) {
                Ok((low, end)) => lag += (end - one.offset().to_raw().unwrap_or_default().max(low)).max(0),
                Err(_) => told = false,
            }
            self.pulse.beat();
        }
        self.metrics.stand(lag, self.consumer.context().waiting().count());
        told
    }

    fn mend(&self, fault: &KafkaError) -> Result<(), ServiceFault> {
        if let Some((code, sentence)) = self.consumer.client().fatal_error() {
            return Err(ServiceFault::ShutOut(format!("this member was shut out of its group ({code}: {sentence})")));
        }
        if let Some(refusal) = Context::refused(&self.consumer) {
            return Err(refusal.fault(self.settings));
        }
        let topics = self.settings.file.rekey.topics.join(", ");
        match fault.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Err(denied(&format!("Read on the topics {topics}"))),
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                Err(denied(&format!("Read on the group {}", self.settings.rekey_group())))
            }
            Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                Err(ServiceFault::Setup(format!(
                    "a topic of rekey.topics ({topics}) is not there: make it, or name another"
                )))
            }
            Some(_) | None => {
                warn!(%fault, "reading");
                Ok(())
            }
        }
    }

    /// Partitions far ahead of the others are not read on.
    fn throttle(&self) -> Result<(), ServiceFault> {
        let (pause, resume) = self.consumer.context().waiting().turn();
        let list = |places: &[Place]| {
            let mut list = TopicPartitionList::with_capacity(places.len());
            for (topic, partition) in places {
                list.add_partition(self.topic(*topic), *partition);
            }
            list
        };
        let paused = if pause.is_empty() { Ok(()) } else { self.consumer.pause(&list(&pause)) };
        let resumed = if resume.is_empty() { Ok(()) } else { self.consumer.resume(&list(&resume)) };
        paused.and(resumed).map_err(|fault| ServiceFault::kafka("pausing partitions", &fault))
    }

    fn topic(&self, at: usize) -> &str {
        self.settings.file.rekey.topics.get(at).map_or("", String::as_str)
    }

    fn take(&mut self, place: Place, message: &OwnedMessage, open: &mut Open) {
        let wall = Millis(jiff::Timestamp::now().as_millisecond());
        let timestamp = message.timestamp().to_millis().map_or(wall, Millis);
        let format = self.settings.shapes.of(message.topic());
        let headers = headers(message, format);
        let record = RawRecord { headers: &headers, ..RawRecord::new(message.key(), message.payload(), timestamp) };
        let Open { batch, came, ways, .. } = open;
        let followed = self.tracer.and_then(|tracer| Some((Way::follow(tracer, message, place.0)?, tracer)));
        let mut way = ways.admit(followed);
        let first = batch.len();
        let read = self.reader.rekey(format, &self.settings.rules, &record, wall, |event| {
            if let Some(way) = &mut way {
                way.passed(Stage::Decoded);
            }
            came.events += 1;
            batch.add_event(event.customer.as_bytes(), timestamp, |out| out.extend_from_slice(&event.text));
        });
        if let Some(reject) = read.refused {
            let (partition, offset) = (message.partition() as u32, message.offset());
            batch.bury(reject, Origin { topic: message.topic(), partition, offset }, &record);
            came.dead_letters += 1;
        }
        if let Some(way) = way {
            ways.worked(way, batch, first);
        }
        came.unused += u64::from(read.events == 0 && read.refused.is_none());
        came.records += 1;
        open.next.insert(place, message.offset() + 1);
        open.since.get_or_insert_with(Instant::now);
        open.oldest = Some(open.oldest.map_or(timestamp.0, |oldest| oldest.min(timestamp.0)));
    }

    fn commit(&self, open: &mut Open) -> Result<(), ServiceFault> {
        let fresh = Open { batch: open.batch.successor(), ..Open::default() };
        let Open { batch, next, came, mut ways, oldest, .. } = std::mem::replace(open, fresh);
        if came.records == 0 {
            return Ok(());
        }
        let mut offsets = TopicPartitionList::with_capacity(next.len());
        for ((topic, partition), offset) in next {
            offsets
                .add_partition_offset(self.topic(topic), partition, Offset::Offset(offset))
                .map_err(|fault| ServiceFault::kafka("setting the position", &fault))?;
        }
        let group = self.consumer.group_metadata();
        ways.seal();
        match self.writer.commit(&[(0, batch)], &offsets, group.as_ref(), self.pulse) {
            Committed::Yes => {
                self.metrics.committed(came);
                if let Some(tracer) = self.tracer {
                    ways.committed(tracer);
                }
                Ok(())
            }
            // What was read is read again by a consumer that begins anew.
            Committed::Aborted(sentence) | Committed::Unknown(sentence) => {
                self.tell_age(oldest);
                Err(ServiceFault::CutOff(sentence))
            }
            Committed::Forbidden(fault) => Err(fault),
        }
    }
}
