//! Reads the alerts for one endpoint and commits what is done. It never waits for the endpoint but where a partition leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tracing::{debug, info, warn};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client;
use crate::service::kafka::context::{Hears, heard};
use crate::service::kafka::ends::ends;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::refusal::{Refusal, Refusals, denied};
use crate::service::pulse::Pulse;
use crate::service::traces::delivery::Delivery;
use crate::service::webhooks::courier::Courier;
use crate::service::webhooks::job::Taken;
use crate::wire::webhooks::told::Told;

/// How long poll waits for a record.
const POLL: Duration = Duration::from_millis(100);
/// Most records between two looks at everything else.
const BURST: usize = 128;
/// How often what is done is committed.
const COMMIT: Duration = Duration::from_millis(500);
/// How often gauges are set.
const GAUGE: Duration = Duration::from_secs(5);
/// Bound on one answer of a broker.
const ANSWER: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_secs(1);
/// What a try may take beyond its timeout until it has ended for good: its dead letter is written.
const BEYOND: Duration = Duration::from_secs(16);
/// What is under way when the process is to end is waited for so long.
const LAST: Duration = Duration::from_secs(7);

/// The consumer group of an endpoint.
pub fn group(settings: &Settings, endpoint: &str) -> String {
    format!("{}-webhooks-{endpoint}", settings.file.kafka.group_id)
}

/// What the consumer calls back into.
struct Context {
    settings: Arc<Settings>,
    courier: Arc<Courier>,
    pulse: Pulse,
    refusals: Refusals,
    /// Where a rebalance failed.
    fault: Mutex<Option<ServiceFault>>,
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
        let done = if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assigned(consumer, partitions)
        } else {
            self.revoked(consumer)
        };
        if let Err(fault) = done {
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
            if let Err(fault) = consumer.assign(&TopicPartitionList::new()) {
                warn!(%fault, "giving the assignment up");
            }
        }
    }
}

impl Context {
    fn topic(&self) -> &str {
        &self.settings.file.topics.alerts
    }

    /// Begins where the group was, and where it never was, where the endpoint is to begin. That is committed at once, so
    /// that a restart before the first delivery begins there too.
    fn assigned(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> Result<(), ServiceFault> {
        let failed = |fault| ServiceFault::kafka("asking where the group is", &fault);
        let numbers: Vec<u32> = partitions.elements().iter().map(|one| one.partition() as u32).collect();
        info!(endpoint = self.courier.endpoint.name, partitions = numbers.len(), "assigned");
        let known = consumer.committed_offsets(partitions.clone(), ANSWER).map_err(failed)?;
        let new = known.elements().iter().any(|one| !matches!(one.offset(), Offset::Offset(_)));
        let bounds =
            if new { ends(&self.settings, consumer, self.topic(), &numbers, &self.pulse)? } else { Vec::new() };
        let bounds: BTreeMap<i32, (i64, i64)> = numbers.iter().map(|number| *number as i32).zip(bounds).collect();
        let mut from = TopicPartitionList::new();
        for one in known.elements() {
            let offset = if let Offset::Offset(offset) = one.offset() {
                offset
            } else {
                let (low, high) = bounds.get(&one.partition()).copied().unwrap_or_default();
                if self.courier.endpoint.from_beginning { low } else { high }
            };
            from.add_partition_offset(self.topic(), one.partition(), Offset::Offset(offset)).map_err(failed)?;
            self.courier.with(|backlog| backlog.assign(one.partition(), offset));
        }
        consumer.assign(&from).map_err(failed)?;
        if new && from.count() > 0 {
            consumer.commit(&from, CommitMode::Sync).map_err(|fault| ServiceFault::kafka("committing", &fault))?;
        }
        self.courier.joined();
        Ok(())
    }

    /// Gives everything back, once nothing is under way: whoever has it next must not overtake what was begun here.
    fn revoked(&self, consumer: &BaseConsumer<Self>) -> Result<(), ServiceFault> {
        info!(endpoint = self.courier.endpoint.name, lost = consumer.assignment_lost(), "revoked");
        let partitions = self.courier.with(|backlog| backlog.partitions());
        self.courier.settle(&partitions, self.courier.endpoint.timeout + BEYOND, &self.pulse);
        if !consumer.assignment_lost() {
            commit(consumer, &mut BTreeMap::new(), CommitMode::Sync);
        }
        self.courier.with(|backlog| partitions.iter().for_each(|partition| backlog.revoke(*partition)));
        consumer.unassign().map_err(|fault| ServiceFault::kafka("giving the partitions back", &fault))
    }
}

/// Reads until the process is to end or the endpoint wants nothing any more. A client that has lost its brokers is
/// replaced.
pub fn run(settings: &Arc<Settings>, courier: &Arc<Courier>, pulse: &Pulse) -> Result<(), ServiceFault> {
    loop {
        match read(settings, courier, pulse) {
            Err(fault) if pulse.stopping() => {
                info!(%fault, "stopped in the middle");
                return Ok(());
            }
            Err(ServiceFault::CutOff(sentence)) => {
                warn!(endpoint = courier.endpoint.name, sentence, "beginning anew");
            }
            result => return result,
        }
    }
}

fn read(settings: &Arc<Settings>, courier: &Arc<Courier>, pulse: &Pulse) -> Result<(), ServiceFault> {
    let context = Context {
        settings: settings.clone(),
        courier: courier.clone(),
        pulse: pulse.clone(),
        refusals: Refusals::default(),
        fault: Mutex::default(),
    };
    let group = group(settings, &courier.endpoint.name);
    let made = client::alert_reader(settings, &group).create_with_context(context);
    let consumer: BaseConsumer<Context> = made.map_err(|fault| ServiceFault::settings("consumer", &fault))?;
    let topic = &settings.file.topics.alerts;
    consumer.subscribe(&[topic]).map_err(|fault| ServiceFault::kafka("subscribing", &fault))?;
    let result = follow(&consumer, &group, pulse);
    let partitions = courier.with(|backlog| backlog.partitions());
    let longest = if pulse.stopping() { LAST } else { courier.endpoint.timeout + BEYOND };
    courier.settle(&partitions, longest, pulse);
    commit(&consumer, &mut BTreeMap::new(), CommitMode::Sync);
    courier.with(|backlog| partitions.iter().for_each(|partition| backlog.revoke(*partition)));
    result
}

fn follow(consumer: &BaseConsumer<Context>, group: &str, pulse: &Pulse) -> Result<(), ServiceFault> {
    let context = consumer.context();
    let (courier, settings) = (&context.courier, &context.settings);
    let (mut committed, mut paused) = (BTreeMap::new(), BTreeSet::new());
    let (mut commit_at, mut gauge_at, mut hearing) = (Instant::now(), Instant::now(), Hearing::default());
    while !pulse.stopping() && !courier.is_gone() {
        pulse.beat();
        // What poll has given is never given again, so nothing is polled that is not looked at.
        for number in 0..BURST {
            match consumer.poll(if number == 0 { POLL } else { Duration::ZERO }) {
                Some(Ok(message)) => take(courier, &message),
                Some(Err(KafkaError::PartitionEOF(partition))) => courier.with(|backlog| backlog.at_end(partition)),
                Some(Err(fault)) => mend(consumer, &fault, group)?,
                None => break,
            }
        }
        if let Some(fault) = context.fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(fault);
        }
        balance(consumer, &mut paused)?;
        let now = Instant::now();
        if now >= commit_at {
            commit_at = now + COMMIT;
            commit(consumer, &mut committed, CommitMode::Async);
        }
        if now >= gauge_at {
            gauge_at = now + GAUGE;
            if gauge(consumer) {
                hearing.heard();
            } else {
                hearing.check(settings, consumer.client(), context.topic())?;
            }
        }
    }
    Ok(())
}

/// Takes a record in, or passes it over.
fn take(courier: &Courier, message: &BorrowedMessage<'_>) {
    let record = message.payload().unwrap_or_default();
    let taken = Taken {
        partition: message.partition(),
        offset: message.offset(),
        written: message.timestamp().to_millis().unwrap_or_default(),
        key: message.key().unwrap_or_default(),
        record,
        delivery: None,
    };
    let told = Told::read(record);
    if told.as_ref().is_some_and(|told| !courier.endpoint.wanted.takes(told)) {
        courier.metrics.passed_over();
        courier.with(|backlog| backlog.skip(&taken));
    } else {
        let delivery = courier.tracer.as_ref().and_then(|tracer| Delivery::begin(tracer, message));
        courier.with(|backlog| backlog.take(Taken { delivery, ..taken }, told, Instant::now()));
    }
}

/// Pauses partitions of which enough is in memory, and lets the others go on.
fn balance(consumer: &BaseConsumer<Context>, paused: &mut BTreeSet<i32>) -> Result<(), ServiceFault> {
    let context = consumer.context();
    let full: BTreeSet<i32> = context
        .courier
        .with(|backlog| backlog.partitions().into_iter().filter(|partition| backlog.is_full(*partition)).collect());
    if full == *paused {
        return Ok(());
    }
    let ours = context.courier.with(|backlog| backlog.partitions());
    let list = |wanted: &mut dyn Iterator<Item = &i32>| {
        let mut list = TopicPartitionList::new();
        wanted.filter(|partition| ours.contains(partition)).for_each(|partition| {
            list.add_partition(context.topic(), *partition);
        });
        list
    };
    let (pause, resume) = (list(&mut full.difference(paused)), list(&mut paused.difference(&full)));
    consumer
        .pause(&pause)
        .and_then(|()| consumer.resume(&resume))
        .map_err(|fault| ServiceFault::kafka("pausing partitions", &fault))?;
    *paused = full;
    Ok(())
}

/// Commits what is done and was not committed. What fails is committed again with the next.
fn commit(consumer: &BaseConsumer<Context>, committed: &mut BTreeMap<i32, i64>, mode: CommitMode) {
    let context = consumer.context();
    let mut list = TopicPartitionList::new();
    for (partition, offset) in context.courier.with(|backlog| backlog.positions()) {
        if committed.insert(partition, offset) != Some(offset)
            && let Err(fault) = list.add_partition_offset(context.topic(), partition, Offset::Offset(offset))
        {
            debug!(%fault, "a position");
        }
    }
    if list.count() > 0
        && let Err(fault) = consumer.commit(&list, mode)
    {
        warn!(%fault, "committing; what was delivered since the last time may come again");
        committed.clear();
    }
}

/// Sets the gauges; whether a broker told where the partitions end.
fn gauge(consumer: &BaseConsumer<Context>) -> bool {
    let context = consumer.context();
    let partitions = context.courier.with(|backlog| backlog.partitions());
    let (undone, oldest) = context.courier.with(|backlog| (backlog.undone(), backlog.oldest()));
    let (mut lag, mut told) = (0, true);
    for partition in partitions {
        match consumer.fetch_watermarks(context.topic(), partition, LOOK) {
            Ok((_, end)) => lag += context.courier.with(|backlog| backlog.lag(partition, end)),
            Err(_) => told = false,
        }
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let age = oldest.map_or(0.0, |written| (now - written).max(0) as f64 / 1_000.0);
    context.courier.metrics.stand(lag, age, undone);
    told
}

/// Does something about an error of poll, or gives up with a sentence.
fn mend(consumer: &BaseConsumer<Context>, fault: &KafkaError, group: &str) -> Result<(), ServiceFault> {
    let context = consumer.context();
    if let Some((code, sentence)) = consumer.client().fatal_error() {
        return Err(ServiceFault::CutOff(format!("this member was shut out of its group ({code}: {sentence})")));
    }
    if let Some(refusal) = Context::refused(consumer) {
        return Err(refusal.fault(&context.settings));
    }
    match fault.rdkafka_error_code() {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
            Err(denied(&format!("Read on the topic {}", context.topic())))
        }
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => Err(denied(&format!("Read on the group {group}"))),
        Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => Err(ServiceFault::Failed(
            format!("{} is gone: make it again with `churnwatch topics create`", context.topic()),
        )),
        Some(_) | None => {
            debug!(%fault, "reading the alerts");
            Ok(())
        }
    }
}
