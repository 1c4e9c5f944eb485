//! A writer that leaves a transaction open in the changelog.

use std::collections::BTreeMap;
use std::time::Duration;

use churnwatch::wire::partition_record::ChangelogKey;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::Bench;

/// A customer who is in the changelog of nobody but such a writer.
pub(crate) const GHOST: &str = "ghost";

/// Whether a partition of the changelog has a transaction that is not decided.
pub(crate) fn is_open(bench: &Bench, partitions: u32) -> bool {
    let topic = bench.settings().file.topics.profiles;
    let ends = |isolation| -> Vec<i64> {
        let consumer: BaseConsumer = bench.client(&[("isolation.level", isolation)]).create().unwrap();
        let end = |number| consumer.fetch_watermarks(&topic, number, Duration::from_secs(10)).unwrap().1;
        (0..partitions as i32).map(end).collect()
    };
    // What lay before the end at first and is not stable later was open in between.
    let all = ends("read_uncommitted");
    ends("read_committed").iter().zip(all).any(|(stable, end)| *stable < end)
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
