//! One worker thread: poll, process, hand over. It never blocks longer than its group allows.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::answers::Answers;
use crate::service::broker::Position;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client;
use crate::service::kafka::cluster::{Cluster, Writer};
use crate::service::kafka::context::{Hears, heard};
use crate::service::kafka::headers::headers;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::refusal::{Refusal, Refusals, denied};
use crate::service::lanes::Lanes;
use crate::service::models::Models;
use crate::service::pulse::Pulse;
use crate::service::shared::{Now, Shared};
use crate::service::source::SourceWatch;
use crate::service::status::{Phase, Question, Status};
use crate::service::traces::way::Way;
use crate::wire::event::RawRecord;

/// Most records taken between two looks at clocks and questions.
const BURST: usize = 128;
/// How often closes by the clock are thought of although records keep coming.
const IDLE: Duration = Duration::from_millis(500);
/// How often gauges are set.
const GAUGE: Duration = Duration::from_secs(5);
/// How often the same trouble is spoken of.
const SPEAK: Duration = Duration::from_mins(1);
/// How often a worker that is shut out of its group joins anew, and the time after which that is forgotten: two of one name
/// shut each other out every few seconds.
const MAX_SHUT_OUT: usize = 3;
const CALM: Duration = Duration::from_mins(1);
/// Pause after an aborted transaction, doubled with each more, and the longest.
const PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// What a worker is told from outside.
pub struct Orders {
    /// Its number in this process.
    pub number: usize,
    /// Questions about customers.
    pub questions: Receiver<Question>,
    /// Its sign of life, and the word to end.
    pub pulse: Pulse,
    /// Whether anything still writes into the inputs.
    pub source: SourceWatch,
}

/// What the consumer calls back into.
struct Context {
    desk: Mutex<Desk>,
    status: Arc<Status>,
    settings: Arc<Settings>,
    models: Models,
    pulse: Pulse,
    number: usize,
    refusals: Refusals,
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
        Now { wall: Millis(jiff::Timestamp::now().as_millisecond()), running: self.pulse.running() }
    }

    /// Lets `work` at the partitions with the cluster in hand.
    fn with<T>(&self, consumer: &BaseConsumer<Self>, work: impl FnOnce(&mut Lanes, &mut Cluster<'_, Self>) -> T) -> T {
        let desk = &mut *self.desk();
        let mut cluster = Cluster {
            consumer,
            writer: &mut desk.writer,
            settings: &self.settings,
            models: &self.models,
            pulse: &self.pulse,
            status: (&self.status, self.number),
        };
        work(&mut desk.lanes, &mut cluster)
    }
}

impl ClientContext for Context {
    fn error(&self, fault: KafkaError, reason: &str) {
        heard(&fault, reason, &self.refusals);
    }
}

impl Hears for Context {
    /// It is polled all the time, and may not be in the middle of a callback.
    fn refused(consumer: &BaseConsumer<Self>) -> Option<Refusal> {
        consumer.context().refusals.later()
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let mut numbers: Vec<u32> = partitions.elements().iter().map(|one| one.partition() as u32).collect();
            numbers.sort_unstable();
            numbers.dedup();
            info!(worker = self.number, partitions = numbers.len(), "assigned");
            self.status.set(self.number, Phase::Restoring);
            let sound = self.with(consumer, |lanes, cluster| {
                lanes.assign(cluster, &numbers, self.now());
                lanes.fault().is_none()
            });
            if !sound && let Err(fault) = consumer.assign(&TopicPartitionList::new()) {
                warn!(%fault, "giving the assignment up");
            }
        } else {
            let lost = consumer.assignment_lost();
            info!(worker = self.number, lost, "revoked");
            self.status.set(self.number, Phase::Starting);
            self.with(consumer, |lanes, cluster| lanes.revoke(cluster, lost));
            if let Err(fault) = consumer.unassign() {
                warn!(%fault, "giving the partitions back");
            }
        }
    }
}

/// Runs a worker until it is told to stop. One whose clients have lost their brokers begins anew, as does one that was
/// shut out of its group: where a coordinator goes while a named member joins, the member's own second try shuts the first
/// one out. Only a name in use twice does so for ever.
pub fn run(shared: &Shared, status: &Arc<Status>, orders: &Orders) -> Result<(), ServiceFault> {
    let mut shut_out = Vec::new();
    loop {
        let ended = work(shared, status.clone(), orders);
        shut_out.retain(|at: &Instant| at.elapsed() < CALM);
        match ended {
            // Whatever was not finished by then is done again by the next.
            Err(fault) if orders.pulse.stopping() => {
                info!(%fault, "stopped in the middle");
                return Ok(());
            }
            Err(ServiceFault::ShutOut(sentence)) if shut_out.len() < MAX_SHUT_OUT => {
                warn!(worker = orders.number, sentence, "joining the group anew");
                status.set(orders.number, Phase::Starting);
                shut_out.push(Instant::now());
            }
            // A transaction that is left behind may still be committed. All its records are acknowledged then, so the next
            // restore counts them in, and waits for what becomes of them.
            Err(ServiceFault::CutOff(sentence)) => {
                warn!(worker = orders.number, sentence, "beginning anew");
                shared.metrics.rebuilt();
                status.set(orders.number, Phase::Starting);
            }
            result => return result,
        }
    }
}

fn work(shared: &Shared, status: Arc<Status>, orders: &Orders) -> Result<(), ServiceFault> {
    let settings = shared.settings.clone();
    let group = &settings.file.kafka.group_id;
    let id = match &settings.file.service.instance {
        Some(instance) => format!("{group}-{instance}-{}", orders.number),
        None => format!("{group}-{}", Uuid::new_v4()),
    };
    let desk = Desk { lanes: Lanes::new(shared.clone()), writer: Writer::new(&settings, &id, &orders.pulse)? };
    let context = Context {
        desk: Mutex::new(desk),
        status,
        settings: settings.clone(),
        models: shared.models.clone(),
        pulse: orders.pulse.clone(),
        number: orders.number,
        refusals: Refusals::default(),
    };
    let consumer: BaseConsumer<Context> = client::consumer(&settings, orders.number)
        .create_with_context(context)
        .map_err(|fault| ServiceFault::settings("consumer", &fault))?;
    let topics: Vec<&str> = settings.inputs().map(String::as_str).collect();
    // While the consumer looks for its group's coordinator.
    consumer.context().desk().writer.take_over(&settings, &orders.pulse)?;
    consumer.subscribe(&topics).map_err(|fault| ServiceFault::kafka("subscribing", &fault))?;
    let result = follow(shared, &consumer, orders);
    let context = consumer.context();
    context.status.set(orders.number, Phase::Draining);
    match &result {
        Ok(()) => context.with(&consumer, |lanes, cluster| lanes.finish(cluster, context.now())),
        // Closing the consumer revokes what it has: nothing may be committed then any more.
        Err(_) => context.with(&consumer, |lanes, cluster| lanes.let_go(cluster)),
    }
    // It has ended when its thread has: closing the consumer still takes its time, and one that was shut out comes again.
    result
}

fn follow(shared: &Shared, consumer: &BaseConsumer<Context>, orders: &Orders) -> Result<(), ServiceFault> {
    let (mut gauged, mut idled, mut trouble) = (Instant::now(), Instant::now(), Trouble::default());
    let (mut answers, mut hearing) = (Answers::default(), Hearing::default());
    let (context, settings) = (consumer.context(), &shared.settings);
    let input = settings.file.topics.events.first().map_or("", String::as_str);
    while !orders.pulse.stopping() {
        orders.pulse.beat();
        let rest = if answers.pending() { Duration::ZERO } else { context.desk().lanes.rest(context.now()) };
        let mut polled = consumer.poll(rest);
        let (nothing, now) = (polled.is_none(), context.now());
        let mut left = BURST;
        while let Some(one) = polled {
            match one {
                Ok(message) => {
                    if take(shared, consumer, &message, now) {
                        left = 1;
                    }
                }
                Err(KafkaError::PartitionEOF(partition)) => {
                    context.with(consumer, |lanes, cluster| lanes.at_end(cluster, partition as u32));
                }
                Err(fault) => mend(consumer, &fault, &mut trouble)?,
            }
            left -= 1;
            polled = if left > 0 { consumer.poll(Duration::ZERO) } else { None };
        }
        if nothing || idled.elapsed() >= IDLE {
            idled = Instant::now();
            let now = context.now();
            context.with(consumer, |lanes, cluster| lanes.idle(cluster, orders.source.alive(), now));
        }
        let now = context.now();
        context.with(consumer, |lanes, cluster| {
            lanes.release(cluster, now);
            lanes.turn(cluster, left > 0, now);
        });
        if gauged.elapsed() >= GAUGE {
            gauged = Instant::now();
            let now = context.now();
            if context.with(consumer, |lanes, cluster| lanes.gauge(cluster, now)) {
                hearing.heard();
            } else {
                hearing.check(settings, consumer.client(), input)?;
            }
        }
        let desk = context.desk();
        answers.turn(&orders.questions, &desk.lanes);
        if let Some(fault) = desk.lanes.fault() {
            return Err(fault.clone());
        }
        let aborts = desk.lanes.aborts();
        drop(desk);
        if aborts > 1 {
            std::thread::sleep((PAUSE * (1 << aborts.min(10))).min(MAX_PAUSE));
        }
    }
    Ok(())
}

/// What poll complained of last, so that the same is not said a thousand times.
#[derive(Default)]
struct Trouble(Option<(RDKafkaErrorCode, Instant)>);

impl Trouble {
    fn is_news(&mut self, code: RDKafkaErrorCode) -> bool {
        let known = self.0.is_some_and(|(known, at)| known == code && at.elapsed() < SPEAK);
        if !known {
            self.0 = Some((code, Instant::now()));
        }
        !known
    }
}

/// Does something about an error of poll, or gives the worker up with a sentence.
fn mend(consumer: &BaseConsumer<Context>, fault: &KafkaError, trouble: &mut Trouble) -> Result<(), ServiceFault> {
    if let Some((code, sentence)) = consumer.client().fatal_error() {
        return Err(ServiceFault::ShutOut(format!(
            "this member was shut out of its group ({code}: {sentence}): is service.instance used twice?"
        )));
    }
    let settings = &consumer.context().settings;
    if let Some(refusal) = Context::refused(consumer) {
        return Err(refusal.fault(settings));
    }
    match fault.rdkafka_error_code() {
        // The records where we stand are gone, or never were: what is missing is counted, then reading goes on.
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            warn!(%fault, "position lost, asking where the inputs begin and end");
            consumer.context().with(consumer, |lanes, cluster| lanes.reposition(cluster));
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
            let inputs: Vec<&str> = settings.inputs().map(String::as_str).collect();
            let inputs = inputs.join(", ");
            return Err(denied(&format!("Read on the topics {inputs}")));
        }
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
            return Err(denied(&format!("Read on the group {}", settings.file.kafka.group_id)));
        }
        Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
            return Err(ServiceFault::Failed(format!(
                "an input topic is gone ({fault}): make it again with `churnwatch topics create`, then run `churnwatch rebuild`"
            )));
        }
        Some(code) if trouble.is_news(code) => warn!(%fault, "reading the inputs"),
        Some(_) | None => debug!(%fault, "reading the inputs"),
    }
    Ok(())
}

/// Takes a record in; whether it is time to look at the clock again.
fn take(shared: &Shared, consumer: &BaseConsumer<Context>, message: &BorrowedMessage<'_>, now: Now) -> bool {
    let Some(topic) = shared.setup.input_topics.iter().position(|topic| topic == message.topic()) else { return false };
    let timestamp = message.timestamp().to_millis().map_or(now.wall, Millis);
    let headers = shared.setup.formats.get(topic).map(|format| headers(message, format)).unwrap_or_default();
    let way = shared.tracer.as_ref().and_then(|tracer| Way::follow(tracer, message, topic));
    let record = RawRecord { headers: &headers, ..RawRecord::new(message.key(), message.payload(), timestamp) };
    let from = Position { topic, partition: message.partition() as u32, offset: message.offset() };
    consumer.context().with(consumer, |lanes, cluster| lanes.receive(cluster, from, &record, way, now))
}
