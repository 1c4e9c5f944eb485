//! Whether the service's user may do what the service does, found out by doing what leaves nothing behind.
//!
//! Invariant: no record is written. A write asks for two acknowledgements, which no broker knows: Kafka looks at the
//! permission first and refuses the number after it. An offset is committed for a partition that does not exist. The
//! transactional id is one of the doctor's own, and no transaction is begun.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::config::settings::Settings;
use crate::service::doctor::tail;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::doctor::topics::{Presence, Topic, Topics};
use crate::service::fault::ServiceFault;
use crate::service::kafka::client;
use crate::service::kafka::read::reader;
use crate::service::kafka::refusal::is_denied;

/// Bound on what one try may take.
const TRY: Duration = Duration::from_secs(4);

/// A partition that no topic has.
const NOWHERE: i32 = i32::MAX;

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is allowed.
    Yes,
    /// It is not.
    No,
    /// Nobody said, for this reason.
    Unclear(String),
}

/// A try: an operation on a resource, as Kafka's authorizer calls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Read, Write or Describe.
    pub operation: &'static str,
    /// The kind of resource.
    pub resource: Resource,
    /// Its name.
    pub name: String,
    /// What came of it.
    pub answer: Answer,
}

/// What may be allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A topic.
    Topic,
    /// A consumer group.
    Group,
    /// Transactional ids, by what they begin with.
    TransactionalId,
}

/// Tries everything that `serve` needs.
pub fn look(settings: &Settings, topics: &Topics, time: TimeLeft) -> Result<Vec<Try>, ServiceFault> {
    let mut tries: Vec<Try> = hidden(topics);
    tries.extend(reads(settings, topics, time)?);
    tries.extend(writes(settings, topics, time)?);
    tries.push(group(settings, time)?);
    tries.push(transactional_id(settings, time)?);
    Ok(tries)
}

fn hidden(topics: &Topics) -> Vec<Try> {
    let hidden = topics.all.iter().filter(|topic| topic.presence == Presence::Hidden);
    let tries = hidden.flat_map(|topic| {
        let operations = [("Read", topic.is_read()), ("Write", topic.is_written())];
        let wanted = operations.into_iter().filter(|(_, wanted)| *wanted);
        wanted.map(|(operation, _)| on(operation, topic, Answer::No))
    });
    tries.collect()
}

fn on(operation: &'static str, topic: &Topic, answer: Answer) -> Try {
    Try { operation, resource: Resource::Topic, name: topic.name.clone(), answer }
}

/// Reads nothing from the end of a partition.
fn reads(settings: &Settings, topics: &Topics, time: TimeLeft) -> Result<Vec<Try>, ServiceFault> {
    let reader = reader(settings)?;
    let wanted = topics.all.iter().filter(|topic| topic.is_read());
    let tries = wanted.filter_map(|topic| {
        let partition = topic.led().next()?;
        let within = TimeLeft::of(time.bound(TRY));
        let read = tail::read(&reader, &topic.name, &[(partition, Offset::End)], 1, within, |_| {});
        let answer = match read {
            Ok(_) if within.is_over() => Answer::Unclear("no answer".into()),
            Ok(_) => Answer::Yes,
            Err(fault) => refused(&fault),
        };
        Some(on("Read", topic, answer))
    });
    let tries = tries.collect();
    client::end(reader);
    Ok(tries)
}

fn refused(fault: &KafkaError) -> Answer {
    if is_denied(fault) { Answer::No } else { Answer::Unclear(fault.to_string()) }
}

/// What became of records that no broker takes.
#[derive(Default)]
struct Returned(Mutex<Vec<(String, KafkaError)>>);

impl ClientContext for Returned {}

impl ProducerContext<NoCustomPartitioner> for Returned {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((fault, message)) = result {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((message.topic().to_owned(), fault.clone()));
        }
    }
}

/// Offers each topic a record in a way that is refused behind the permission.
fn writes(settings: &Settings, topics: &Topics, time: TimeLeft) -> Result<Vec<Try>, ServiceFault> {
    let made = client::refused(settings).create_with_context(Returned::default());
    let producer: BaseProducer<Returned> = made.map_err(|fault| ServiceFault::settings("producer", &fault))?;
    let wanted: Vec<(&Topic, i32)> = topics
        .all
        .iter()
        .filter(|topic| topic.is_written())
        .filter_map(|topic| Some((topic, topic.led().next()?)))
        .collect();
    for (topic, partition) in &wanted {
        let record = BaseRecord::<[u8], [u8]>::to(&topic.name).partition(*partition).payload(b"doctor");
        let sent = producer.send(record);
        sent.map_err(|(fault, _)| ServiceFault::kafka("asking for permissions", &fault))?;
    }
    let within = TimeLeft::of(time.bound(TRY));
    while producer.in_flight_count() > 0 && !within.is_over() {
        producer.poll(Duration::from_millis(20));
    }
    let answers = std::mem::take(&mut *producer.context().0.lock().unwrap_or_else(PoisonError::into_inner));
    client::end(producer);
    let tries = wanted.into_iter().map(|(topic, _)| {
        let answer = match answers.iter().find(|(name, _)| *name == topic.name) {
            Some((_, fault)) if fault.rdkafka_error_code() == Some(RDKafkaErrorCode::InvalidRequiredAcks) => {
                Answer::Yes
            }
            Some((_, fault)) => refused(fault),
            None => Answer::Unclear("no answer".into()),
        };
        on("Write", topic, answer)
    });
    Ok(tries.collect())
}

/// Whether a client complained of a permission.
#[derive(Default)]
struct Complaint(AtomicBool);

impl ClientContext for Complaint {
    fn error(&self, fault: KafkaError, _: &str) {
        self.0.fetch_or(is_no_group(&fault), Ordering::Relaxed);
    }
}

impl ConsumerContext for Complaint {}

/// Commits an offset of a partition that does not exist, as a member of nothing. The client bounds that wait as it likes,
/// so it waits in a thread of its own.
fn group(settings: &Settings, time: TimeLeft) -> Result<Try, ServiceFault> {
    let made = client::reading(settings).create_with_context(Complaint::default());
    let made: BaseConsumer<Complaint> = made.map_err(|fault| ServiceFault::settings("asking client", &fault))?;
    let (consumer, mut nowhere) = (Arc::new(made), TopicPartitionList::new());
    let inputs = settings.inputs();
    let added = inputs.take(1).try_for_each(|input| nowhere.add_partition_offset(input, NOWHERE, Offset::Offset(0)));
    added.map_err(|fault| ServiceFault::kafka("asking for permissions", &fault))?;
    let (tell, told) = mpsc::channel();
    let committer = consumer.clone();
    let commit = move || drop(tell.send(committer.commit(&nowhere, CommitMode::Sync)));
    let _ = std::thread::Builder::new().name("commit".into()).spawn(commit);
    let within = TimeLeft::of(time.bound(TRY));
    let mut answer = Answer::Unclear("no answer".into());
    while matches!(answer, Answer::Unclear(_)) && !within.is_over() {
        // Who may not even ask for the coordinator is told so as an error of the client, and the commit waits on.
        let heard = consumer.poll(Duration::from_millis(20)).and_then(Result::err);
        if consumer.context().0.load(Ordering::Relaxed) || heard.is_some_and(|fault| is_no_group(&fault)) {
            answer = Answer::No;
        } else if let Ok(committed) = told.try_recv() {
            answer = committed.map_or_else(|fault| of_commit(&fault), |()| Answer::Yes);
        }
    }
    client::end(consumer);
    let name = settings.file.kafka.group_id.clone();
    Ok(Try { operation: "Read", resource: Resource::Group, name, answer })
}

fn is_no_group(fault: &KafkaError) -> bool {
    fault.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed)
}

/// Topic and partition are looked at behind the permission for the group.
fn of_commit(fault: &KafkaError) -> Answer {
    match fault.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::TopicAuthorizationFailed,
        ) => Answer::Yes,
        _ => refused(fault),
    }
}

/// Takes over a transactional id of the doctor's own.
fn transactional_id(settings: &Settings, time: TimeLeft) -> Result<Try, ServiceFault> {
    let group = &settings.file.kafka.group_id;
    let made = client::producer(settings, &format!("{group}-doctor")).create();
    let producer: BaseProducer = made.map_err(|fault| ServiceFault::settings("producer", &fault))?;
    let answer = match producer.init_transactions(time.bound(TRY)) {
        Ok(()) => Answer::Yes,
        Err(fault) => refused(&fault),
    };
    client::end(producer);
    Ok(Try { operation: "Write", resource: Resource::TransactionalId, name: format!("{group}-"), answer })
}
