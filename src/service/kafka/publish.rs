//! Events into the input topic, keyed and partitioned as Java clients do.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer, ProducerContext};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::publisher;
use crate::service::kafka::refusal::{denied, is_denied};
use crate::wire::partitioner::partition;

/// Longest time that one record may wait for room, or all for delivery.
const PATIENCE: Duration = Duration::from_mins(1);

/// Remembers what Kafka refused, and the place of what it took last.
struct Refusals {
    count: AtomicU64,
    /// The first refusal, and the topic.
    first: OnceLock<(KafkaError, String)>,
    last_offset: AtomicI64,
}

impl ClientContext for Refusals {}

impl ProducerContext<NoCustomPartitioner> for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => self.last_offset.store(message.offset(), Ordering::Relaxed),
            Err((fault, message)) => {
                self.count.fetch_add(1, Ordering::Relaxed);
                self.first.get_or_init(|| (fault.clone(), message.topic().to_owned()));
            }
        }
    }
}

/// A producer of events.
pub struct Publisher {
    producer: BaseProducer<Refusals>,
    topic: String,
    partitions: u32,
}

impl Publisher {
    /// A producer into an input topic, which has `partitions` partitions.
    pub fn new(settings: &Settings, topic: &str, partitions: u32) -> Result<Self, ServiceFault> {
        let producer = publisher(settings)
            .create_with_context(Refusals {
                count: AtomicU64::new(0),
                first: OnceLock::new(),
                last_offset: AtomicI64::new(-1),
            })
            .map_err(|fault| ServiceFault::settings("producer", &fault))?;
        Ok(Self { producer, topic: topic.into(), partitions })
    }

    /// Sends one record; waits where the queue is full.
    pub fn send(&self, key: &[u8], value: &[u8], timestamp: Millis) -> Result<(), ServiceFault> {
        let number = partition(key, self.partitions) as i32;
        self.enqueue(BaseRecord::to(&self.topic).key(key).payload(value).partition(number).timestamp(timestamp.0))
    }

    /// Sends any record, to whatever topic; waits where the queue is full.
    pub fn enqueue(&self, mut record: BaseRecord<'_, [u8], [u8]>) -> Result<(), ServiceFault> {
        let deadline = Instant::now() + PATIENCE;
        while let Err((fault, back)) = self.producer.send(record) {
            let full = fault.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            if !full || Instant::now() > deadline {
                return Err(ServiceFault::kafka("publishing", &fault));
            }
            self.producer.poll(Duration::from_millis(10));
            record = back;
        }
        self.producer.poll(Duration::ZERO);
        Ok(())
    }

    /// Number of records not yet acknowledged.
    pub fn in_flight(&self) -> i32 {
        self.producer.poll(Duration::ZERO);
        self.producer.in_flight_count()
    }

    /// The offset of the record acknowledged last; −1 before the first.
    pub fn last_offset(&self) -> i64 {
        self.producer.context().last_offset.load(Ordering::Relaxed)
    }

    /// Waits until every record is acknowledged. Fails where Kafka refused any.
    pub fn finish(&self) -> Result<(), ServiceFault> {
        self.producer.flush(PATIENCE).map_err(|fault| ServiceFault::kafka("publishing", &fault))?;
        let refusals = self.producer.context();
        match refusals.first.get() {
            None => Ok(()),
            Some((fault, topic)) if is_denied(fault) => Err(denied(&format!("Write on the topic {topic}"))),
            Some((fault, _)) => {
                let count = refusals.count.load(Ordering::Relaxed);
                Err(ServiceFault::Failed(format!(
                    "Kafka refused {count} records ({fault}): mend that and publish again, what is there already counts once"
                )))
            }
        }
    }
}
