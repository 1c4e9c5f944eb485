//! What clients tell without being asked. The end of a partition is no error, whatever librdkafka calls it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};
use tracing::{debug, warn};

use crate::service::kafka::refusal::{Refusal, Refusals, Seen, is_denied};

/// How long a client may take to tell of what it has heard.
const TELL: Duration = Duration::from_millis(20);
/// Most errors that it is asked for at once.
const MOST: usize = 100;

/// The context of consumers that only read and ask.
#[derive(Default)]
pub struct Listening {
    /// What it has heard.
    pub refusals: Refusals,
}

/// A consumer that only reads and asks.
pub type Reader = BaseConsumer<Listening>;

/// A context of consumers that remembers refusals.
pub trait Hears: ConsumerContext {
    /// The refusal that it is time to give up at.
    fn refused(consumer: &BaseConsumer<Self>) -> Option<Refusal>;
}

impl ClientContext for Listening {
    fn error(&self, fault: KafkaError, reason: &str) {
        heard(&fault, reason, &self.refusals);
    }
}

impl ConsumerContext for Listening {}

impl Hears for Listening {
    /// Lets it tell of its errors, which it otherwise does only while it is read: to be called before that, or never,
    /// because a record would be lost.
    fn refused(consumer: &Reader) -> Option<Refusal> {
        for _ in 0..MOST {
            if consumer.poll(TELL).is_none() {
                break;
            }
        }
        consumer.context().refusals.at_first(Instant::now())
    }
}

/// The context of a transactional producer. It tells of undelivered records alone.
#[derive(Default)]
pub struct Writing {
    /// What it has heard.
    pub refusals: Refusals,
    /// A topic that it may not write into.
    forbidden: Mutex<Option<String>>,
}

impl Writing {
    /// A topic that this user may not write into, if a record failed for that.
    pub fn forbidden(&self) -> Option<String> {
        self.forbidden.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Writing {
    fn error(&self, fault: KafkaError, reason: &str) {
        heard(&fault, reason, &self.refusals);
    }
}

impl ProducerContext<NoCustomPartitioner> for Writing {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((fault, message)) = result
            && is_denied(fault)
        {
            let mut forbidden = self.forbidden.lock().unwrap_or_else(PoisonError::into_inner);
            forbidden.get_or_insert_with(|| message.topic().to_owned());
        }
    }
}

/// Logs what a client complains of; remembers refusals, of which each is told once.
pub fn heard(fault: &KafkaError, reason: &str, refusals: &Refusals) {
    let is_end = fault.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF);
    match refusals.note(fault, reason, Instant::now()) {
        _ if is_end => debug!(reason, "end of a partition"),
        Some(Seen::Before) => debug!(%fault, reason, "librdkafka"),
        Some(Seen::First) | None => warn!(%fault, reason, "librdkafka"),
    }
}
