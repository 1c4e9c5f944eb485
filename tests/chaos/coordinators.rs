//! Which node is what to the service.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::bench::Bench;

/// What a node is to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Leader of an input's first partition.
    Leader,
    /// Coordinator of the consumer group.
    Group,
    /// Coordinator of a worker's transactions.
    Transactions,
}

/// The node that has a role now.
pub(crate) fn leads(bench: &Bench, role: Role, transactional_id: &str) -> i32 {
    let settings = bench.settings();
    let (topic, key) = match role {
        Role::Leader => (settings.file.topics.events[0].as_str(), None),
        Role::Group => ("__consumer_offsets", Some(settings.file.kafka.group_id.as_str())),
        Role::Transactions => ("__transaction_state", Some(transactional_id)),
    };
    let client: BaseConsumer = bench.client(&[]).create().unwrap();
    let metadata = client.fetch_metadata(Some(topic), Duration::from_secs(20)).unwrap();
    let partitions = metadata.topics()[0].partitions();
    let number = key.map_or(0, |key| (java_hash(key) & 0x7fff_ffff) % partitions.len() as i32);
    partitions.iter().find(|partition| partition.id() == number).unwrap().leader()
}

/// Java's `String.hashCode` of ASCII, by which Kafka spreads groups and transactional ids.
fn java_hash(text: &str) -> i32 {
    text.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)))
}
