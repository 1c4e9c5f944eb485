//! Why the service stops, as sentences that say what to do. A value that was configured is never in them.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// A fault that a worker cannot mend by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// The configuration, or what it names, is wrong: exit code 64.
    #[error("{0}")]
    Setup(String),
    /// Kafka or the state failed: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// The group does not know this member any more: it may join anew. Exit code 1.
    #[error("{0}")]
    ShutOut(String),
    /// A client has lost its brokers, or has had no record for a minute: a worker begins anew, with other clients. Exit
    /// code 1.
    #[error("{0}")]
    CutOff(String),
    /// Nothing moved for too long: exit code 70.
    #[error("{0}")]
    Stuck(String),
}

impl ServiceFault {
    /// A failure of Kafka while doing something.
    pub fn kafka(doing: &str, fault: &KafkaError) -> Self {
        Self::Failed(format!("{doing} failed: {fault}"))
    }

    /// Whether the fault is one that passes when brokers come back or elect leaders.
    pub fn passes(fault: &KafkaError) -> bool {
        matches!(
            fault.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::DestroyBroker
                    | RDKafkaErrorCode::Resolve
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::TimedOutQueue
                    | RDKafkaErrorCode::Retry
                    | RDKafkaErrorCode::RequestTimedOut
                    | RDKafkaErrorCode::LeaderNotAvailable
                    | RDKafkaErrorCode::NotLeaderForPartition
                    | RDKafkaErrorCode::CoordinatorNotAvailable
                    | RDKafkaErrorCode::CoordinatorLoadInProgress
                    | RDKafkaErrorCode::NotCoordinator
                    | RDKafkaErrorCode::NetworkException
                    | RDKafkaErrorCode::KafkaStorageError
                    | RDKafkaErrorCode::OffsetNotAvailable
                    | RDKafkaErrorCode::ReplicaNotAvailable
                    | RDKafkaErrorCode::FencedLeaderEpoch
                    | RDKafkaErrorCode::UnknownLeaderEpoch
            )
        )
    }

    /// A client that could not be made: its settings are at fault. librdkafka's sentence would hold the value, which may
    /// be a password, so only the property is named.
    pub fn settings(client: &str, fault: &KafkaError) -> Self {
        let reason = match fault {
            KafkaError::ClientConfig(_, _, property, _) => format!("the property {property} has no usable value"),
            other => other.to_string(),
        };
        Self::Setup(format!("the settings of the {client} are not accepted: {reason}; see [kafka]"))
    }
}
