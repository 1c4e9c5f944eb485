//! A writer that leaves a transaction open in the changelog.

use std::collections::BTreeMap;
use std::time::Duration;

use churnwatch::wire::partition_record::ChangelogKey;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::Bench;

/// A customer who is in the changelog of nobody but such a writer.
pub(crate) const GHOST: &str = "ghost";

/// Asks for the ends of the changelog, all and stable.
pub(crate) struct Ends {
    topic: String,
    partitions: i32,
    all: BaseConsumer,
    stable: BaseConsumer,
}

impl Ends {
    pub(crate) fn new(bench: &Bench, partitions: u32) -> Self {
        let asking = |isolation| bench.client(&[("isolation.level", isolation)]).create().unwrap();
        let topic = bench.settings().file.topics.profiles;
        let (all, stable) = (asking("read_uncommitted"), asking("read_committed"));
        Self { topic, partitions: partitions as i32, all, stable }
    }

    /// Whether a partition has a transaction that is not decided.
    pub(crate) fn open(&self) -> bool {
        let end = |consumer: &BaseConsumer, number| {
            consumer.fetch_watermarks(&self.topic, number, Duration::from_secs(10)).unwrap().1
        };
        // What lay before the end at first and is not stable later was open in between.
        let all: Vec<i64> = (0..self.partitions).map(|number| end(&self.all, number)).collect();
        (0..self.partitions).zip(all).any(|(number, all)| end(&self.stable, number) < all)
    }
}

/// In every partition: one customer less, and one who never was. Then the writer is gone, without an end.
pub(crate) fn crash(bench: &Bench, id: &str, timeout_millis: u32) {
    let topic = bench.settings().file.topics.profiles;
    let mut customers = BTreeMap::new();
    for (partition, key, value, _) in bench.committed(&topic) {
        if matches!(ChangelogKey::read(&key), Some(ChangelogKey::Customer(_))) {
            customers.insert(partition, (key, value));
        }
    }
    assert!(!customers.is_empty());
    let timeout = timeout_millis.to_string();
    let properties = [("transactional.id", id), ("transaction.timeout.ms", &timeout), ("message.timeout.ms", "1000")];
    let writer: BaseProducer = bench.client(&properties).create().unwrap();
    writer.init_transactions(Duration::from_secs(30)).unwrap();
    writer.begin_transaction().unwrap();
    for (partition, (key, value)) in &customers {
        let gone = BaseRecord::<[u8], [u8]>::to(&topic).partition(*partition).key(key);
        writer.send(gone).map_err(|(fault, _)| fault).unwrap();
        if let Some(value) = value {
            let ghost = BaseRecord::to(&topic).partition(*partition).key(GHOST.as_bytes()).payload(value);
            writer.send(ghost).map_err(|(fault, _)| fault).unwrap();
        }
    }
    writer.flush(Duration::from_secs(10)).unwrap();
}
