//! Why the service stops, as sentences that say what to do.

/// A fault that a worker cannot mend by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// The configuration, or what it names, is wrong: exit code 64.
    #[error("{0}")]
    Setup(String),
    /// Kafka or the state failed: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Nothing moved for too long: exit code 70.
    #[error("{0}")]
    Stuck(String),
}

impl ServiceFault {
    /// A failure of Kafka while doing something.
    pub fn kafka(doing: &str, fault: &rdkafka::error::KafkaError) -> Self {
        Self::Failed(format!("{doing} failed: {fault}"))
    }
}
