//! A transactional producer: one batch, one transaction. After doubt it is thrown away, never used again.

use std::iter::Peekable;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{self, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer, ProducerContext, PurgeConfig};
use rdkafka::topic_partition_list::TopicPartitionList;
use tracing::warn;

use crate::config::settings::Settings;
use crate::processor::batch::{Batch, OutRecord, OutTopic};
use crate::service::broker::Committed;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::{REQUEST_BYTES, REQUEST_RECORDS};
use crate::service::kafka::context::Writing;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::refusal::{denied, is_denied};
use crate::service::pulse::Pulse;
use crate::wire::dead_letter::{Header, pairs};

/// By these a producer is told that another took its transactional id over.
pub const SHUT_OUT: [RDKafkaErrorCode; 3] =
    [RDKafkaErrorCode::Fenced, RDKafkaErrorCode::ProducerFenced, RDKafkaErrorCode::InvalidProducerEpoch];
/// Bound on a transaction: by then its coordinator has aborted it.
const WHOLE: Duration = Duration::from_secs(11);
/// The same once the process is to end: what is not committed by then is done again by the next.
const LAST: Duration = Duration::from_secs(3);
/// Least time for a step that librdkafka bounds itself.
const LEAST: Duration = Duration::from_millis(500);
/// Bound on an abort. One that takes longer is left to the next producer.
const ABORT: Duration = Duration::from_secs(3);
/// Bound on one try to take the transactional id over from a predecessor.
const INIT_TRY: Duration = Duration::from_secs(2);
/// Bytes of a record beside its key, its value and its headers, at most.
const FRAME: usize = 32;
/// How often it is looked whether everything is delivered.
const DELIVERY_LOOK: Duration = Duration::from_micros(500);
/// A predecessor's transaction that has not ended by then ends no more: its coordinator has lost an answer.
const STUCK: Duration = Duration::from_mins(1);
/// How often waiting for a broker is spoken of.
const SPEAK: Duration = Duration::from_secs(10);

/// What a request already holds of a partition's records.
#[derive(Default)]
struct Room {
    records: usize,
    bytes: usize,
}

impl Room {
    /// Whether one more goes into it; the first does in any case.
    fn takes(&mut self, record: &OutRecord<'_>) -> bool {
        let size = |(key, value): &Header| key.len() + value.len();
        let fields = [record.key, record.value].into_iter().flatten().map(<[u8]>::len);
        let bytes = fields.sum::<usize>() + record.headers.iter().map(size).sum::<usize>() + FRAME;
        let takes = self.records == 0 || self.records < REQUEST_RECORDS && self.bytes + bytes <= REQUEST_BYTES;
        (self.records, self.bytes) = (self.records + 1, self.bytes + bytes);
        takes
    }
}

/// A producer with its transactional id.
pub struct Transactions {
    producer: BaseProducer<Writing>,
    group: String,
    topics: [String; 6],
}

impl Transactions {
    /// Makes the producer, which can do nothing before it has taken its transactional id over.
    pub fn new(config: &ClientConfig, group: String, topics: [String; 6]) -> Result<Self, ServiceFault> {
        let producer = config.create_with_context(Writing::default());
        let producer = producer.map_err(|fault| ServiceFault::settings("producer", &fault))?;
        Ok(Self { producer, group, topics })
    }

    /// Takes the transactional id over, which ends a predecessor's open transaction. Waits for a broker as long as it
    /// takes, unless it refuses us.
    pub fn take_over(&self, settings: &Settings, pulse: &Pulse) -> Result<(), ServiceFault> {
        let (begun, mut spoken, mut hearing) = (Instant::now(), Instant::now(), Hearing::default());
        loop {
            pulse.beat();
            if pulse.stopping() {
                return Err(ServiceFault::Failed("stopped before the transactional id was taken over".into()));
            }
            match self.producer.init_transactions(INIT_TRY) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(fault)) if fault.is_retriable() => {
                    // Errors are told only to those who poll.
                    self.producer.poll(Duration::ZERO);
                    if let Some(refusal) = self.producer.context().refusals.later() {
                        return Err(refusal.fault(settings));
                    }
                    if spoken.elapsed() > SPEAK {
                        spoken = Instant::now();
                        let stuck = begun.elapsed() > STUCK && fault.code() == RDKafkaErrorCode::ConcurrentTransactions;
                        let advice = if stuck { "; restart the broker that coordinates it" } else { "" };
                        warn!(fault = fault.string(), "waiting for the transaction coordinator{advice}");
                    }
                    hearing.check(settings, self.producer.client(), &self.topics[0])?;
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(fault) if is_denied(&fault) => {
                    return Err(denied(&format!("Write on the transactional ids that begin with {}-", self.group)));
                }
                Err(fault) => return Err(ServiceFault::kafka("taking over the transactional id", &fault)),
            }
        }
    }

    /// Writes the batches and the offsets in one transaction.
    pub fn commit(
        &self,
        batches: &[(u32, Batch)],
        offsets: &TopicPartitionList,
        group: Option<&ConsumerGroupMetadata>,
        pulse: &Pulse,
    ) -> Committed {
        let begun = self.producer.begin_transaction();
        match begun.and_then(|()| self.write(batches, offsets, group, pulse)) {
            Ok(()) => Committed::Yes,
            // The producer goes with the process, and with it the transaction.
            Err(fault) if pulse.stopping() => Committed::Unknown(fault.to_string()),
            Err(fault) => self.give_up(&fault, batches),
        }
    }

    fn write(
        &self,
        batches: &[(u32, Batch)],
        offsets: &TopicPartitionList,
        group: Option<&ConsumerGroupMetadata>,
        pulse: &Pulse,
    ) -> Result<(), KafkaError> {
        let begun = Instant::now();
        let left = || (if pulse.stopping() { LAST } else { WHOLE }).saturating_sub(begun.elapsed());
        let mut runs = Vec::with_capacity(OutTopic::ALL.len() * batches.len());
        for topic in OutTopic::ALL {
            for (partition, batch) in batches {
                runs.push((topic, *partition, batch.iter().filter(move |record| record.topic == topic).peekable()));
            }
        }
        // While a part of a partition's records is in flight and the rest is due, librdkafka's thread spins. So what does not
        // go into one request waits until the first is there.
        while !runs.is_empty() {
            for (topic, partition, records) in &mut runs {
                self.send(*topic, *partition, records, left)?;
            }
            delivered(&self.producer, left)?;
            runs.retain_mut(|(_, _, records)| records.peek().is_some());
        }
        if let Some(group) = group
            && offsets.count() > 0
        {
            self.producer.send_offsets_to_transaction(offsets, group, left().max(LEAST))?;
        }
        self.producer.commit_transaction(left().max(LEAST))
    }

    /// Hands over as many records as go into one request.
    fn send<'b>(
        &self,
        topic: OutTopic,
        partition: u32,
        records: &mut Peekable<impl Iterator<Item = OutRecord<'b>>>,
        left: impl Fn() -> Duration,
    ) -> Result<(), KafkaError> {
        let name = self.topics.get(topic as usize).map_or("", String::as_str);
        let mut room = Room::default();
        while let Some(record) = records.next_if(|record| room.takes(record)) {
            let mut message = BaseRecord::<[u8], [u8]>::to(name);
            message.key = record.key;
            message.payload = record.value;
            if topic == OutTopic::Profiles {
                message.partition = Some(partition as i32);
            }
            message.timestamp = record.timestamp.map(|timestamp| timestamp.0);
            if !record.headers.is_empty() {
                message.headers = Some(owned(pairs(record.headers)));
            }
            let mut waiting = message;
            while let Err((fault, back)) = self.producer.send(waiting) {
                let full = fault.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                if !full || left().is_zero() {
                    return Err(fault);
                }
                self.producer.poll(Duration::ZERO);
                std::thread::sleep(DELIVERY_LOOK);
                waiting = back;
            }
        }
        self.producer.poll(Duration::ZERO);
        Ok(())
    }

    /// What the authorizer says no to, if that is why a transaction failed.
    fn forbidden(&self, fault: &KafkaError, batches: &[(u32, Batch)]) -> Option<ServiceFault> {
        if let Some(topic) = self.producer.context().forbidden() {
            return Some(denied(&format!("Write on the topic {topic}")));
        }
        match fault.rdkafka_error_code()? {
            RDKafkaErrorCode::TopicAuthorizationFailed => {
                // librdkafka does not say which.
                let is_written =
                    |topic: OutTopic| batches.iter().any(|(_, batch)| batch.iter().any(|record| record.topic == topic));
                let written = self.topics.iter().zip(OutTopic::ALL).filter(|(_, topic)| is_written(*topic));
                let names: Vec<&str> = written.map(|(name, _)| name.as_str()).collect();
                Some(denied(&format!("Write on the topic {}", names.join(" or "))))
            }
            RDKafkaErrorCode::GroupAuthorizationFailed => Some(denied(&format!("Read on the group {}", self.group))),
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
                Some(denied(&format!("Write on the transactional ids that begin with {}-", self.group)))
            }
            _ => None,
        }
    }

    /// Aborts where that leaves no doubt.
    fn give_up(&self, fault: &KafkaError, batches: &[(u32, Batch)]) -> Committed {
        let sentence = fault.to_string();
        if fault.rdkafka_error_code().is_some_and(|code| SHUT_OUT.contains(&code)) {
            return Committed::Unknown(sentence);
        }
        match fault {
            // Who could not deliver in all that time can't abort either.
            KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut) => return Committed::Unknown(sentence),
            KafkaError::Transaction(fault) if fault.is_fatal() => return Committed::Unknown(sentence),
            KafkaError::Transaction(fault) if !fault.txn_requires_abort() => return Committed::Unknown(sentence),
            _ => {}
        }
        // Undelivered messages would keep the abort waiting for them.
        self.producer.purge(PurgeConfig::default().queue().inflight());
        let deadline = Instant::now() + Duration::from_secs(2);
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            self.producer.poll(Duration::from_millis(5));
        }
        let aborted = self.producer.abort_transaction(ABORT);
        if let Some(fault) = self.forbidden(fault, batches) {
            return Committed::Forbidden(fault);
        }
        match aborted {
            Ok(()) => Committed::Aborted(sentence),
            Err(fault) => Committed::Unknown(format!("{sentence}; abort: {fault}")),
        }
    }
}

/// Waits until the brokers have everything, as long as there is time `left`.
///
/// Neither flushed, which sleeps 100 ms whatever there is to do, nor polled with a time to wait, the last millisecond of
/// which poll spins.
pub fn delivered<C: ProducerContext<NoCustomPartitioner> + 'static>(
    producer: &BaseProducer<C>,
    left: impl Fn() -> Duration,
) -> Result<(), KafkaError> {
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::ZERO);
        std::thread::sleep(DELIVERY_LOOK);
        if left().is_zero() {
            return Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut));
        }
    }
    Ok(())
}

/// Headers as the client takes them.
pub fn owned<'h>(headers: impl Iterator<Item = (&'h str, &'h [u8])>) -> OwnedHeaders {
    headers.fold(OwnedHeaders::new(), |all, (key, value)| all.insert(message::Header { key, value: Some(value) }))
}

#[cfg(test)]
mod tests {
    use super::{FRAME, REQUEST_BYTES, REQUEST_RECORDS, Room};
    use crate::processor::batch::{Batch, OutTopic};

    /// How many of a batch's records go into each request.
    fn requests(batch: &Batch) -> Vec<usize> {
        let (mut records, mut requests) = (batch.iter().peekable(), Vec::new());
        while records.peek().is_some() {
            let mut room = Room::default();
            requests.push(std::iter::from_fn(|| records.next_if(|record| room.takes(record))).count());
        }
        requests
    }

    #[test]
    fn a_request_takes_what_the_client_would_send_at_once() {
        let mut batch = Batch::new();
        for _ in 0..=2 * REQUEST_RECORDS {
            batch.add(OutTopic::Risk, b"c", |out| out.push(b'r'));
        }
        assert_eq!(requests(&batch), [REQUEST_RECORDS, REQUEST_RECORDS, 1]);
        batch.clear();
        let third = REQUEST_BYTES / 3 - FRAME;
        for length in [third, third, third, 1, 2 * REQUEST_BYTES, 2] {
            batch.add(OutTopic::Alerts, b"", |out| out.resize(out.len() + length, b'a'));
        }
        assert_eq!(requests(&batch), [3, 1, 1, 1]);
    }
}
