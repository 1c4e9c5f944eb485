//! Reads one partition of a topic from its beginning to the end that it has now, past any transaction left open.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::warn;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::asking;
use crate::service::kafka::context::{Listening, Reader};
use crate::service::pulse::Pulse;

/// Longest wait for a dead writer's transaction to be ended by the broker.
const OPEN_TRANSACTION: Duration = Duration::from_mins(1);
/// Longest time without a record while some are missing.
const NO_PROGRESS: Duration = Duration::from_mins(1);

/// The committed records of one partition up to the end that it had when reading began.
pub struct PartitionReader {
    consumer: Reader,
    topic: String,
    partition: u32,
    /// The offset to read to; `None` once it is reached.
    target: Cell<Option<i64>>,
    end: i64,
}

impl PartitionReader {
    /// Opens a partition; waits until the last transaction in it is decided.
    pub fn open(settings: &Settings, topic: &str, partition: u32, pulse: &Pulse) -> Result<Self, ServiceFault> {
        let consumer = reader(settings, "read_committed")?;
        let (low, end) = stable_ends(settings, &consumer, topic, partition, pulse)?;
        let target = (low < end).then_some(end);
        if target.is_some() {
            let mut assignment = TopicPartitionList::new();
            let assigned = assignment
                .add_partition_offset(topic, partition as i32, Offset::Beginning)
                .and_then(|()| consumer.assign(&assignment));
            assigned.map_err(|fault| ServiceFault::kafka(&format!("reading {topic}"), &fault))?;
        }
        Ok(Self { consumer, topic: topic.into(), partition, target: Cell::new(target), end })
    }

    /// The end that the partition had when reading began.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// The next record, `None` at the end.
    pub fn next(&self, pulse: &Pulse) -> Result<Option<BorrowedMessage<'_>>, ServiceFault> {
        let progress = Instant::now();
        while let Some(target) = self.target.get() {
            halted(pulse)?;
            match self.consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    if message.offset() + 1 >= target {
                        self.target.set(None);
                    }
                    // What came after the target belongs to whoever reads next.
                    return Ok(Some(message).filter(|message| message.offset() < target));
                }
                // The last records may be markers of transactions, which are never handed out.
                Some(Err(KafkaError::PartitionEOF(_))) => self.target.set(None),
                Some(Err(fault)) if progress.elapsed() > NO_PROGRESS => {
                    return Err(ServiceFault::kafka(&format!("reading {}", self.topic), &fault));
                }
                None if progress.elapsed() > NO_PROGRESS => {
                    return Err(ServiceFault::Failed(format!(
                        "reading partition {} of {} does not get on: is the broker up?",
                        self.partition, self.topic
                    )));
                }
                Some(Err(_)) | None => {}
            }
        }
        Ok(None)
    }
}

/// The oldest offset and the end to read to.
///
/// The end is asked of a reader of uncommitted records, so that it counts open transactions in; the stable offset does not,
/// and has to catch up with it first.
fn stable_ends(
    settings: &Settings,
    committed: &Reader,
    topic: &str,
    partition: u32,
    pulse: &Pulse,
) -> Result<(i64, i64), ServiceFault> {
    let ends = |consumer: &Reader| ends(consumer, topic, partition, pulse);
    let (low, target) = ends(&reader(settings, "read_uncommitted")?)?;
    let started = Instant::now();
    while ends(committed)?.1 < target {
        halted(pulse)?;
        if started.elapsed() > OPEN_TRANSACTION {
            return Err(ServiceFault::Failed(format!(
                "partition {partition} of {topic} has a transaction that stays open: see `kafka-transactions.sh find-hanging`, abort it, start again"
            )));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((low, target))
}

/// The oldest and the next offset of a partition; waits for a broker as long as it takes.
pub fn ends<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: u32,
    pulse: &Pulse,
) -> Result<(i64, i64), ServiceFault> {
    loop {
        halted(pulse)?;
        match consumer.fetch_watermarks(topic, partition as i32, Duration::from_secs(2)) {
            Ok(ends) => return Ok(ends),
            Err(fault) if ServiceFault::passes(&fault) => {
                warn!(topic, partition, %fault, "waiting for a broker");
                std::thread::sleep(Duration::from_millis(200));
            }
            Err(fault) => return Err(ServiceFault::kafka(&format!("asking for the ends of {topic}"), &fault)),
        }
    }
}

/// A client that reads partitions from where it is told to.
pub fn reader(settings: &Settings, isolation: &str) -> Result<Reader, ServiceFault> {
    let mut config = asking(settings, isolation);
    config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "10").set("auto.offset.reset", "earliest");
    config.create_with_context(Listening).map_err(|fault| ServiceFault::settings("reading client", &fault))
}

fn halted(pulse: &Pulse) -> Result<(), ServiceFault> {
    pulse.beat();
    if pulse.stopping() { Err(ServiceFault::Failed("stopped while reading".into())) } else { Ok(()) }
}
