//! Reads partitions of a topic from their beginnings to the ends that they have now, past any transaction left open.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::warn;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client;
use crate::service::kafka::context::{Listening, Reader};
use crate::service::kafka::ends::stable_ends;
use crate::service::kafka::refusal::denied;
use crate::service::kafka::spans::Spans;
use crate::service::pulse::Pulse;

/// Longest time without a record while some are missing.
const NO_PROGRESS: Duration = Duration::from_mins(1);
/// The same after which another client reads on, and again after three times as long: one may have lost its brokers, or
/// wait for a reply that never comes.
const WORRY: Duration = Duration::from_secs(10);
/// Records between two beats of the pulse.
const BEAT: u64 = 1_024;

/// Told again and again how many offsets are still to be read.
pub type Left<'a> = dyn Fn(u64) + 'a;

/// The committed records of some partitions, each up to the end that it had when reading began. Those of one partition
/// come in the order of their offsets.
pub struct TopicReader<'a> {
    consumer: Reader,
    settings: &'a Settings,
    topic: String,
    ends: Vec<i64>,
    spans: Spans,
    records: u64,
}

impl<'a> TopicReader<'a> {
    /// Opens partitions; waits until the last transaction in each is decided.
    pub fn open(settings: &'a Settings, topic: &str, partitions: &[u32], pulse: &Pulse) -> Result<Self, ServiceFault> {
        let consumer = reader(settings)?;
        let bounds = stable_ends(settings, &consumer, topic, partitions, pulse)?;
        let ends = bounds.iter().map(|(_, end)| *end).collect();
        let spans = Spans::new(partitions.iter().copied().zip(bounds));
        let reader = Self { consumer, settings, topic: topic.into(), ends, spans, records: 0 };
        reader.assign()?;
        Ok(reader)
    }

    /// Lets the client read what is left.
    fn assign(&self) -> Result<(), ServiceFault> {
        let mut list = TopicPartitionList::new();
        let mut places = self.spans.open();
        let added = places
            .try_for_each(|(partition, next)| list.add_partition_offset(&self.topic, partition, Offset::Offset(next)));
        let assigned = added.and_then(|()| if self.spans.done() { Ok(()) } else { self.consumer.assign(&list) });
        assigned.map_err(|fault| ServiceFault::kafka(&format!("reading {}", self.topic), &fault))
    }

    /// Another client reads on where this one stands.
    fn renew(&mut self) -> Result<(), ServiceFault> {
        warn!(topic = self.topic, left = self.left(), "no record comes, reading on with another client");
        client::end(std::mem::replace(&mut self.consumer, reader(self.settings)?));
        self.assign()
    }

    /// The end that each partition had when reading began.
    pub fn ends(&self) -> &[i64] {
        &self.ends
    }

    /// Offsets still to be read; not all of them hold a record.
    pub const fn left(&self) -> u64 {
        self.spans.left()
    }

    /// What `see` makes of the next record, `None` at the end of all partitions.
    pub fn next<T>(
        &mut self,
        pulse: &Pulse,
        see: impl FnOnce(&BorrowedMessage<'_>) -> T,
    ) -> Result<Option<T>, ServiceFault> {
        let (mut silent, mut worry, mut fault) = (None, WORRY, None);
        while !self.spans.done() {
            match self.consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) if self.spans.take(message.partition(), message.offset()) => {
                    self.records += 1;
                    if self.records.is_multiple_of(BEAT) {
                        pulse.go_on()?;
                    }
                    return Ok(Some(see(&message)));
                }
                Some(Ok(_)) => pulse.go_on()?,
                Some(Err(KafkaError::PartitionEOF(partition))) => self.spans.ended(partition),
                Some(Err(fault)) if fault.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                    return Err(denied(&format!("Read on the topic {}", self.topic)));
                }
                other => {
                    pulse.go_on()?;
                    let since = *silent.get_or_insert_with(Instant::now);
                    fault = other.and_then(Result::err).or(fault);
                    if since.elapsed() > NO_PROGRESS {
                        return Err(self.stuck(fault));
                    }
                    if since.elapsed() > worry {
                        worry *= 3;
                        self.renew()?;
                    }
                }
            }
        }
        Ok(None)
    }

    fn stuck(&self, fault: Option<KafkaError>) -> ServiceFault {
        let topic = &self.topic;
        match (fault, self.spans.open().next()) {
            (Some(fault), _) if !ServiceFault::passes(&fault) => {
                ServiceFault::kafka(&format!("reading {topic}"), &fault)
            }
            (_, place) => ServiceFault::CutOff(format!(
                "reading partition {} of {topic} does not get on: is the broker up?",
                place.map_or(0, |(partition, _)| partition)
            )),
        }
    }

    /// Closes the client, for which nobody waits.
    pub fn close(self) {
        client::end(self.consumer);
    }
}

/// A client that reads partitions from where it is told to.
pub fn reader(settings: &Settings) -> Result<Reader, ServiceFault> {
    let made = client::reading(settings).create_with_context(Listening::default());
    made.map_err(|fault| ServiceFault::settings("reading client", &fault))
}
