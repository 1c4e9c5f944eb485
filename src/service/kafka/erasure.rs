//! Watching an erasure being carried out: the tombstones and the record of it, as the service commits them.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::erasure::Erasures;
use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Reader;
use crate::service::kafka::ends::ends;
use crate::service::kafka::read::reader;
use crate::service::kafka::topics::asker;
use crate::service::pulse::Pulse;
use crate::wire::partition_record::ChangelogKey;

/// Something written while a customer was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// The offset.
    pub offset: i64,
    /// When, by the record's timestamp.
    pub time: Millis,
    /// What it is.
    pub what: &'static str,
}

/// Looks out for the erasure of one customer from a moment on.
pub struct Lookout {
    partition: u32,
    customer: Vec<u8>,
    /// Key of the record that keeps earlier events out.
    suppression: Vec<u8>,
    profiles: (String, Reader),
    risk: (String, Reader),
}

impl Lookout {
    /// Looks out in the customer's partition from its present ends on; made before the erasure is asked for.
    pub fn new(settings: &Settings, customer: &str, partition: u32) -> Result<Self, ServiceFault> {
        let topics = &settings.file.topics;
        let follow = |topic: &str| {
            let consumer = reader(settings)?;
            // The end with open transactions in it: what they hold was not written for this erasure.
            let bounds = ends(settings, &asker(settings)?, topic, &[partition], &Pulse::free())?;
            let end = bounds.first().map_or(0, |(_, end)| *end);
            let mut assignment = TopicPartitionList::new();
            let assigned = assignment
                .add_partition_offset(topic, partition as i32, Offset::Offset(end))
                .and_then(|()| consumer.assign(&assignment));
            assigned.map_err(|fault| ServiceFault::kafka(&format!("reading {topic}"), &fault))?;
            Ok((topic.to_owned(), consumer))
        };
        let digest = Erasures::new(&settings.erasure_secret).key(customer);
        Ok(Self {
            partition,
            customer: customer.as_bytes().to_vec(),
            suppression: ChangelogKey::Erasure(digest).write(),
            profiles: follow(&topics.profiles)?,
            risk: follow(&topics.risk)?,
        })
    }

    /// What was written for the erasure; `None` where nothing was within `patience`.
    pub fn wait(&self, patience: Duration) -> Result<Option<Vec<Written>>, ServiceFault> {
        let deadline = Instant::now() + patience;
        let mut written = Vec::new();
        // The suppression record comes behind the customer's tombstone in the same transaction.
        let suppressed = self.read(&self.profiles, deadline, |key, gone| {
            let customer = key == self.customer && gone;
            let suppression = key == self.suppression;
            match (customer, suppression) {
                (true, _) => Some(("profile erased", false)),
                (_, true) => Some(("earlier events kept out", true)),
                _ => None,
            }
        })?;
        let risk = self
            .read(&self.risk, deadline, |key, gone| (key == self.customer && gone).then_some(("risk erased", true)))?;
        let (Some(profiles), Some(risk)) = (suppressed, risk) else { return Ok(None) };
        written.extend(profiles);
        written.extend(risk);
        Ok(Some(written))
    }

    /// The records that `wanted` knows by key and by being a tombstone, up to the one that it calls the last.
    fn read(
        &self,
        (topic, consumer): &(String, Reader),
        deadline: Instant,
        wanted: impl Fn(&[u8], bool) -> Option<(&'static str, bool)>,
    ) -> Result<Option<Vec<Written>>, ServiceFault> {
        let mut found = Vec::new();
        while Instant::now() < deadline {
            let message = match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => message,
                Some(Err(fault)) if !ServiceFault::passes(&fault) && !is_end(&fault) => {
                    return Err(ServiceFault::kafka(&format!("reading {topic}"), &fault));
                }
                Some(Err(_)) | None => continue,
            };
            let key = message.key().unwrap_or_default();
            let Some((what, last)) = wanted(key, message.payload().is_none()) else { continue };
            let time = Millis(message.timestamp().to_millis().unwrap_or_default());
            let (topic, partition, offset) = (topic.clone(), self.partition, message.offset());
            found.push(Written { topic, partition, offset, time, what });
            if last {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

const fn is_end(fault: &rdkafka::error::KafkaError) -> bool {
    matches!(fault, rdkafka::error::KafkaError::PartitionEOF(_))
}
