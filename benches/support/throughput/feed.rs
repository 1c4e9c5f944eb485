//! Events into a topic, keyed and batched as the rival's own loader does.

use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::support::topics::{Topics, client};
use crate::support::workload::Workload;

/// Writes records as fast as the broker takes them.
pub(crate) struct Feed {
    producer: BaseProducer,
    topic: String,
}

impl Feed {
    /// With this linger (milliseconds) and batch size.
    pub(crate) fn new(brokers: &str, topic: &str, linger: u32, batch: u32) -> Self {
        let (linger, batch) = (linger.to_string(), batch.to_string());
        let properties = [
            ("enable.idempotence", "true"),
            ("compression.type", "zstd"),
            ("linger.ms", linger.as_str()),
            ("batch.size", batch.as_str()),
            ("partitioner", "murmur2_random"),
            ("queue.buffering.max.messages", "200000"),
            ("delivery.report.only.error", "true"),
        ];
        Self { producer: client(brokers, &properties).create().unwrap(), topic: topic.into() }
    }

    pub(crate) fn send(&self, key: &str, value: &str) {
        let mut record = BaseRecord::to(&self.topic).key(key).payload(value);
        while let Err((fault, back)) = self.producer.send(record) {
            assert_eq!(fault.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "loading {}", self.topic);
            self.poll(Duration::from_millis(5));
            record = back;
        }
    }

    /// Lets what happened in the background be heard.
    pub(crate) fn poll(&self, wait: Duration) {
        self.producer.poll(wait);
    }

    /// Waits until all is delivered.
    pub(crate) fn finish(self) {
        self.producer.flush(Duration::from_mins(2)).unwrap();
    }
}

/// Makes the topic and writes the first `events` of a workload into it.
pub(crate) fn load(topics: &Topics, brokers: &str, topic: &str, workload: Workload, events: u64) {
    topics.create(topic, "delete");
    let (started, feed) = (Instant::now(), Feed::new(brokers, topic, 50, 128 << 10));
    let (mut key, mut value, mut bytes) = (String::new(), String::new(), 0);
    for i in 0..events {
        workload.event(i, &mut key, &mut value);
        bytes += value.len();
        feed.send(&key, &value);
        if i % 10_000 == 0 {
            feed.poll(Duration::ZERO);
        }
    }
    feed.finish();
    assert_eq!(topics.count(topic), events, "{topic} does not hold what was loaded");
    println!(
        "{topic}: {events} events of {:.1} bytes loaded in {:.1} s",
        bytes as f64 / events as f64,
        started.elapsed().as_secs_f64()
    );
}
