//! What clients tell without being asked. The end of a partition is no error, whatever librdkafka calls it.

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tracing::{debug, warn};

/// The context of consumers that only read and ask.
pub struct Listening;

/// A consumer that only reads and asks.
pub type Reader = BaseConsumer<Listening>;

impl ClientContext for Listening {
    fn error(&self, fault: KafkaError, reason: &str) {
        heard(&fault, reason);
    }
}

impl ConsumerContext for Listening {}

/// Logs what a client complains of.
pub fn heard(fault: &KafkaError, reason: &str) {
    if fault.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
        debug!(reason, "end of a partition");
    } else {
        warn!(%fault, reason, "librdkafka");
    }
}
