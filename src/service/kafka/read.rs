//! Reads one partition of a topic from its beginning to the end that it has now, past any transaction left open.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::{ADMIN_SECONDS, asking};

/// Longest wait for a dead writer's transaction to be ended by the broker.
const OPEN_TRANSACTION: Duration = Duration::from_mins(1);
/// Longest time without a record while some are missing.
const NO_PROGRESS: Duration = Duration::from_mins(1);

/// Hands every committed record of the partition to `take`, in order; gives their number. `stop` ends it early.
pub fn read_partition(
    settings: &Settings,
    topic: &str,
    partition: u32,
    stop: &AtomicBool,
    mut take: impl FnMut(&BorrowedMessage<'_>) -> Result<(), ServiceFault>,
) -> Result<u64, ServiceFault> {
    let consumer = reader(settings, "read_committed")?;
    let Some(target) = target(settings, &consumer, topic, partition, stop)? else { return Ok(0) };
    let failed = |fault: &KafkaError| ServiceFault::kafka(&format!("reading {topic}"), fault);
    let mut assignment = TopicPartitionList::new();
    let assigned = assignment
        .add_partition_offset(topic, partition as i32, Offset::Beginning)
        .and_then(|()| consumer.assign(&assignment));
    assigned.map_err(|fault| failed(&fault))?;
    let (mut records, mut progress) = (0, Instant::now());
    loop {
        halted(stop)?;
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                progress = Instant::now();
                // What came after the target belongs to whoever reads next.
                if message.offset() < target {
                    records += 1;
                    take(&message)?;
                }
                if message.offset() + 1 >= target {
                    return Ok(records);
                }
            }
            // The last records may be markers of transactions, which are never handed out.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(records),
            Some(Err(fault)) if progress.elapsed() > NO_PROGRESS => return Err(failed(&fault)),
            None if progress.elapsed() > NO_PROGRESS => {
                return Err(ServiceFault::Failed(format!(
                    "reading partition {partition} of {topic} does not get on: is the broker up?"
                )));
            }
            Some(Err(_)) | None => {}
        }
    }
}

/// The end to read to; `None` where there is nothing to read.
///
/// It is asked of a reader of uncommitted records, so that it counts open transactions in; the stable offset does not,
/// and has to catch up with it first.
fn target(
    settings: &Settings,
    committed: &BaseConsumer,
    topic: &str,
    partition: u32,
    stop: &AtomicBool,
) -> Result<Option<i64>, ServiceFault> {
    let ends = |consumer: &BaseConsumer| {
        consumer
            .fetch_watermarks(topic, partition as i32, Duration::from_secs(ADMIN_SECONDS))
            .map_err(|fault| ServiceFault::kafka(&format!("asking for the end of {topic}"), &fault))
    };
    let (low, target) = ends(&reader(settings, "read_uncommitted")?)?;
    let started = Instant::now();
    while ends(committed)?.1 < target {
        halted(stop)?;
        if started.elapsed() > OPEN_TRANSACTION {
            return Err(ServiceFault::Failed(format!(
                "partition {partition} of {topic} has a transaction that stays open: see `kafka-transactions.sh find-hanging`, abort it, start again"
            )));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((low < target).then_some(target))
}

fn reader(settings: &Settings, isolation: &str) -> Result<BaseConsumer, ServiceFault> {
    let mut config = asking(settings, isolation);
    config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "10").set("auto.offset.reset", "earliest");
    config.create().map_err(|fault| ServiceFault::settings("reading client", &fault))
}

fn halted(stop: &AtomicBool) -> Result<(), ServiceFault> {
    if stop.load(Ordering::Relaxed) {
        return Err(ServiceFault::Failed("stopped while reading".into()));
    }
    Ok(())
}
