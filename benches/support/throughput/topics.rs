//! Topics and groups of the benchmark, made and deleted; what was committed, what was written.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// Partitions of every topic.
pub(crate) const PARTITIONS: i32 = 12;
/// Bound on every answer.
const ANSWER: Duration = Duration::from_secs(30);

/// A client of these brokers.
pub(crate) fn client(brokers: &str, properties: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    for (name, value) in properties {
        config.set(*name, *value);
    }
    config
}

/// A consumer that reads what is committed, to the end of each partition.
pub(crate) fn reader(brokers: &str) -> BaseConsumer {
    let properties = [
        ("group.id", "churnwatch-bench-reader"),
        ("isolation.level", "read_committed"),
        ("enable.partition.eof", "true"),
        ("enable.auto.commit", "false"),
        ("auto.offset.reset", "earliest"),
        ("fetch.queue.backoff.ms", "5"),
        ("fetch.wait.max.ms", "10"),
    ];
    client(brokers, &properties).create().unwrap()
}

/// Asks and deletes.
pub(crate) struct Topics {
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    brokers: String,
}

impl Topics {
    pub(crate) fn new(brokers: &str) -> Self {
        Self {
            admin: client(brokers, &[]).create().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
            brokers: brokers.into(),
        }
    }

    fn options() -> AdminOptions {
        AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
    }

    /// Makes a topic; waits while one of that name is still being deleted.
    pub(crate) fn create(&self, name: &str, policy: &str) {
        let started = Instant::now();
        loop {
            let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(-1)).set("cleanup.policy", policy);
            let made = self.runtime.block_on(self.admin.create_topics([&topic], &Self::options())).unwrap();
            match made.into_iter().next().unwrap() {
                Ok(_) => break,
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) if started.elapsed() < ANSWER => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err((name, code)) => panic!("creating {name}: {code}"),
            }
        }
        let known = || self.names().iter().any(|known| known == name);
        while !known() && started.elapsed() < ANSWER {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn names(&self) -> Vec<String> {
        let metadata = self.admin.inner().fetch_metadata(None, ANSWER).unwrap();
        metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
    }

    /// Deletes every topic whose name begins so.
    pub(crate) fn delete(&self, prefix: &str) {
        let names: Vec<String> = self.names().into_iter().filter(|name| name.starts_with(prefix)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !names.is_empty() {
            // What cannot be deleted is in nobody's way but the disk's.
            let _ = self.runtime.block_on(self.admin.delete_topics(&names, &Self::options()));
        }
    }

    /// Deletes a group that has no members any more.
    pub(crate) fn delete_group(&self, group: &str) {
        let _ = self.runtime.block_on(self.admin.delete_groups(&[group], &Self::options()));
    }

    /// Records in a topic that no transaction writes to.
    pub(crate) fn count(&self, topic: &str) -> u64 {
        let ends = |partition| self.admin.inner().fetch_watermarks(topic, partition, ANSWER).unwrap();
        (0..PARTITIONS).map(ends).map(|(low, high)| (high - low) as u64).sum()
    }

    /// Reads what is committed in a topic.
    pub(crate) fn read(&self, topic: &str, mut each: impl FnMut(i32, &[u8], Option<&[u8]>)) {
        let consumer = reader(&self.brokers);
        consumer.assign(&whole(topic)).unwrap();
        let mut ended = 0;
        while ended < PARTITIONS {
            match consumer.poll(ANSWER) {
                Some(Ok(record)) => each(record.partition(), record.key().unwrap_or_default(), record.payload()),
                Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
                other => panic!("reading {topic}: {other:?}"),
            }
        }
    }

    /// Number of committed records in a topic, and bytes of their keys and values.
    pub(crate) fn weigh(&self, topic: &str) -> (u64, u64) {
        let (mut records, mut bytes) = (0, 0);
        self.read(topic, |_, key, value| {
            records += 1;
            bytes += (key.len() + value.map_or(0, <[u8]>::len)) as u64;
        });
        (records, bytes)
    }
}

/// What a compacted topic holds in the end: the last record of each key, in the order of the log.
#[derive(Default)]
struct Last(HashMap<(i32, Vec<u8>), (u64, Vec<u8>)>);

impl Topics {
    /// Writes a topic anew as a compaction of all of it leaves it, each customer so many times; gives the number of its
    /// records. The broker's own compaction never takes in the newest segment, and when it is done cannot be asked.
    pub(crate) fn compact(&self, topic: &str, compression: &str, copies: u64) -> u64 {
        let (mut last, mut place) = (Last::default(), 0);
        self.read(topic, |partition, key, value| {
            place += 1;
            let name = (partition, key.to_vec());
            match value {
                Some(value) => last.0.insert(name, (place, value.to_vec())),
                None => last.0.remove(&name),
            };
        });
        self.delete(topic);
        self.create(topic, "compact");
        let properties = [("compression.type", compression), ("linger.ms", "20"), ("batch.size", "1000000")];
        let producer: BaseProducer = client(&self.brokers, &properties).create().unwrap();
        let mut records: Vec<_> = last.0.into_iter().collect();
        records.sort_unstable_by_key(|(_, (place, _))| *place);
        let mut written = 0;
        for copy in 0..copies {
            for ((partition, key), (_, value)) in &records {
                let Some((partition, key)) = named(*partition, key, copy) else { continue };
                let mut record = BaseRecord::to(topic).key(&key).payload(value).partition(partition);
                while let Err((fault, back)) = producer.send(record) {
                    assert_eq!(fault.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "writing {topic}");
                    producer.poll(Duration::from_millis(5));
                    record = back;
                }
                written += 1;
            }
        }
        producer.flush(ANSWER).unwrap();
        assert_eq!(self.count(topic), written, "{topic} does not hold what was written");
        written
    }
}

/// Partition and key of a copy: a customer `c0012345` becomes `c0312345`, all else is there once.
fn named(partition: i32, key: &[u8], copy: u64) -> Option<(i32, Vec<u8>)> {
    if copy == 0 {
        return Some((partition, key.to_vec()));
    }
    let digits = key.strip_prefix(b"c00").filter(|digits| digits.len() == 5)?;
    let key = [format!("c{copy:02}").as_bytes(), digits].concat();
    Some((churnwatch::wire::partitioner::partition(&key, PARTITIONS as u32) as i32, key))
}

/// Every partition of a topic from the beginning.
pub(crate) fn whole(topic: &str) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    list
}

/// Asks how far a group has committed.
pub(crate) struct Commits {
    consumer: BaseConsumer,
    topic: String,
}

impl Commits {
    pub(crate) fn new(brokers: &str, group: &str, topic: &str) -> Self {
        // Read uncommitted: otherwise the broker would answer only between two transactions, and there is no between.
        let properties =
            [("group.id", group), ("enable.auto.commit", "false"), ("isolation.level", "read_uncommitted")];
        Self { consumer: client(brokers, &properties).create().unwrap(), topic: topic.into() }
    }

    /// Events committed, over all partitions; `None` where the broker does not answer now.
    pub(crate) fn events(&self) -> Option<u64> {
        let committed = self.consumer.committed_offsets(whole(&self.topic), Duration::from_secs(5)).ok()?;
        let offsets = committed.elements().into_iter().map(|element| match element.offset() {
            Offset::Offset(offset) => offset as u64,
            _ => 0,
        });
        Some(offsets.sum())
    }
}
