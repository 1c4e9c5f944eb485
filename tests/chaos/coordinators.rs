//! Which node is what to the service, and how partitions move to others.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::json;

use crate::bench::Bench;
use crate::broker::Nodes;

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

/// Moves every partition of a topic to the nodes next to those that have it, the leader with it.
pub(crate) fn move_on(bench: &Bench, nodes: &Nodes, topic: &str) {
    let client: BaseConsumer = bench.client(&[]).create().unwrap();
    let metadata = client.fetch_metadata(Some(topic), Duration::from_secs(20)).unwrap();
    let moved = metadata.topics()[0].partitions().iter().map(|partition| {
        let replicas: Vec<i32> = partition.replicas().iter().map(|node| node % 3 + 1).collect();
        json!({"topic": topic, "partition": partition.id(), "replicas": replicas})
    });
    let plan = json!({"version": 1, "partitions": moved.collect::<Vec<_>>()});
    let path = bench.folder().join("moved.json");
    std::fs::write(&path, plan.to_string()).unwrap();
    let tool = "reassign.ReassignPartitionsCommand";
    nodes.tool(tool, &["--reassignment-json-file", path.to_str().unwrap(), "--execute"]);
}

/// Java's `String.hashCode` of ASCII, by which Kafka spreads groups and transactional ids.
fn java_hash(text: &str) -> i32 {
    text.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)))
}
