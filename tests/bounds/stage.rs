//! What the bounds share: one broker, one test at a time, a feed that knows where each record went, a service that is asked.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::{Bench, Replica};
use crate::broker::Nodes;
use crate::support::page::{answer, free_port};
use crate::support::{is_long, size};

/// How long a broker may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One test at a time: memory and time are measured.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for those that have a broker of their own and mostly wait for it, beside the others.
pub(crate) fn beside() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port of this process's own, below the range that the system hands out by itself, away from the other suites'.
pub(crate) fn port(from: u32) -> u32 {
    from + std::process::id() % 400 * 3
}

/// The broker whose disk can be looked at; `None`, said plainly, where none can be had.
pub(crate) fn nodes() -> Option<&'static Nodes> {
    static NODES: OnceLock<Option<Nodes>> = OnceLock::new();
    NODES.get_or_init(|| Nodes::start("bounds", 1, port(4_000), None)).as_ref()
}

/// Records into the inputs, in an order and to places that are known.
pub(crate) struct Feed {
    producer: BaseProducer,
    asking: ClientConfig,
    pub(crate) topic: String,
    /// The next offset of each partition.
    pub(crate) next: Vec<i64>,
}

impl Feed {
    /// Into the fresh input of a bench.
    pub(crate) fn new(bench: &Bench, partitions: u32) -> Self {
        let properties = [
            ("enable.idempotence", "true"),
            ("linger.ms", "20"),
            ("compression.type", "zstd"),
            ("message.max.bytes", "2000000"),
            ("queue.buffering.max.messages", "100000"),
        ];
        let topic = bench.settings().file.topics.events[0].clone();
        let producer = bench.client(&properties).create().unwrap();
        Self { producer, asking: bench.client(&[]), topic, next: vec![0; partitions as usize] }
    }

    /// Sends a record; gives its offset.
    pub(crate) fn send(&mut self, partition: u32, key: Option<&[u8]>, value: Option<&[u8]>) -> i64 {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic).partition(partition as i32);
        (record.key, record.payload) = (key, value);
        while let Err((fault, back)) = self.producer.send(record) {
            assert_eq!(fault.rdkafka_error_code(), Some(rdkafka::error::RDKafkaErrorCode::QueueFull));
            self.producer.poll(Duration::from_millis(20));
            record = back;
        }
        self.producer.poll(Duration::ZERO);
        let offset = self.next[partition as usize];
        self.next[partition as usize] += 1;
        offset
    }

    /// The same with key and customer being one, and the partition that Java clients choose.
    pub(crate) fn event(&mut self, customer: &str, value: &str) -> i64 {
        let number = churnwatch::wire::partitioner::partition(customer.as_bytes(), self.next.len() as u32);
        self.send(number, Some(customer.as_bytes()), Some(value.as_bytes()))
    }

    /// Every event of a log, a line each.
    pub(crate) fn log(&mut self, log: &str) {
        for line in log.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            self.event(event["customer_id"].as_str().unwrap(), line);
        }
    }

    /// Waits until everything is there.
    pub(crate) fn flush(&self) {
        self.producer.flush(Duration::from_mins(2)).unwrap();
    }

    /// The same, and nothing else is.
    pub(crate) fn finish(&self) {
        self.flush();
        for (number, next) in self.next.iter().enumerate() {
            // The leader may just have gone, and a client whose brokers were all away may look for them no more.
            let mut asked = (0..6).map(|_| {
                let consumer: BaseConsumer = self.asking.create().unwrap();
                consumer.fetch_watermarks(&self.topic, number as i32, PATIENCE)
            });
            let ends = asked.find_map(Result::ok);
            assert_eq!(ends, Some((0, *next)), "partition {number}");
        }
    }

    /// Records sent so far.
    pub(crate) fn sent(&self) -> usize {
        self.next.iter().sum::<i64>() as usize
    }
}

/// A service and where it answers.
pub(crate) struct Served {
    pub(crate) replica: Replica,
    port: u16,
}

impl Served {
    /// Starts it with HTTP at a free port.
    pub(crate) fn start(bench: &Bench) -> Self {
        Self::with(|port| bench.serve_at(port))
    }

    /// The same, started in one's own way.
    pub(crate) fn with(start: impl FnOnce(u16) -> Replica) -> Self {
        let port = free_port();
        Self { replica: start(port), port }
    }

    /// Status and body of an answer.
    pub(crate) fn answer(&self, path: &str) -> Option<(u16, String)> {
        answer(self.port, path)
    }

    /// Every series by name and labels, with its value; none where nobody answers.
    pub(crate) fn series(&self) -> BTreeMap<String, f64> {
        let text = self.answer("/metrics").map(|(_, text)| text).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(name, value)| (name.into(), value.parse().unwrap()))
            .collect()
    }

    /// Sum over the series of a name, without its prefix.
    pub(crate) fn total(&self, name: &str) -> u64 {
        let of = |series: &str| {
            series
                .strip_prefix("churnwatch_")
                .and_then(|rest| rest.strip_prefix(name))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        };
        self.series().iter().filter(|(series, _)| of(series)).map(|(_, value)| *value as u64).sum()
    }

    /// Waits until something holds; the service must live meanwhile.
    pub(crate) fn until(&mut self, what: &str, patience: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let started = Instant::now();
        while !holds(self) {
            let ended = self.replica.ended();
            assert!(ended.is_none(), "the service ended with {ended:?} before {what}");
            assert!(started.elapsed() < patience, "not {what} after {patience:?}: {:#?}", self.moved());
            std::thread::sleep(Duration::from_millis(100));
        }
        started.elapsed()
    }

    /// Waits until so many records are committed since it started.
    pub(crate) fn until_read(&mut self, records: usize) -> Duration {
        let patience = Duration::from_secs(size(3_600, 120) as u64);
        self.until(&format!("{records} records read"), patience, |served| {
            served.total("records_total") >= records as u64
        })
    }

    /// Waits until every partition has closed through `day`; of many customers the changelog is not read for that.
    pub(crate) fn until_closed(&mut self, bench: &Bench, partitions: u32, day: &str) {
        if !is_long() {
            return bench.wait_until_closed(partitions, day);
        }
        let number = churnwatch::wire::calendar::day(day.parse().unwrap()).0;
        self.until(&format!("closed through {day}"), Duration::from_hours(1), |served| {
            let series = served.series();
            let days = series.iter().filter(|(name, _)| name.starts_with("churnwatch_closed_day{"));
            days.filter(|(_, closed)| **closed >= f64::from(number)).count() == partitions as usize
        });
    }

    /// What is not zero, for sentences.
    fn moved(&self) -> BTreeMap<String, f64> {
        self.series().into_iter().filter(|(name, value)| *value != 0.0 && !name.contains("_bucket")).collect()
    }
}
