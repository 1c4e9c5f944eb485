//! Reads one partition of the changelog to its true end, past any transaction that a dead writer left open.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::config::settings::Settings;
use crate::processor::restoring::RestoreFault;
use crate::processor::topology::Processor;
use crate::service::kafka::client::{ADMIN_SECONDS, asking};
use crate::service::kafka::fault::ServiceFault;

/// Longest wait for a dead writer's transaction to be ended by the broker.
const OPEN_TRANSACTION: Duration = Duration::from_mins(1);
/// Longest time without a record while some are missing.
const NO_PROGRESS: Duration = Duration::from_mins(1);

/// Restores `processor` from its partition of the changelog; gives the number of records read.
pub fn restore(settings: &Settings, processor: &mut Processor) -> Result<u64, ServiceFault> {
    let topic = settings.file.topics.profiles.as_str();
    let partition = processor.partition() as i32;
    let asker = |isolation: &str| -> Result<BaseConsumer, ServiceFault> {
        let mut config = asking(settings, isolation);
        config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "10").set("auto.offset.reset", "earliest");
        config.create().map_err(|fault| ServiceFault::kafka("making the restore consumer", &fault))
    };
    // The target counts open transactions in; the stable offset does not, and has to catch up with it first.
    let uncommitted = asker("read_uncommitted")?;
    let committed = asker("read_committed")?;
    let wait = Duration::from_secs(ADMIN_SECONDS);
    let watermarks = |consumer: &BaseConsumer| {
        consumer
            .fetch_watermarks(topic, partition, wait)
            .map_err(|fault| ServiceFault::kafka("asking for the end of the changelog", &fault))
    };
    let (low, target) = watermarks(&uncommitted)?;
    let deadline = Instant::now() + OPEN_TRANSACTION;
    while watermarks(&committed)?.1 < target {
        if Instant::now() > deadline {
            return Err(ServiceFault::Failed(format!(
                "partition {partition} of {topic} has a transaction that stays open: see `kafka-transactions.sh find-hanging`, abort it, start again"
            )));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    if low >= target {
        return Ok(0);
    }
    read(&committed, topic, partition, target, processor)
}

fn read(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    target: i64,
    processor: &mut Processor,
) -> Result<u64, ServiceFault> {
    let mut assignment = TopicPartitionList::new();
    let assigned = assignment
        .add_partition_offset(topic, partition, Offset::Beginning)
        .and_then(|()| consumer.assign(&assignment));
    assigned.map_err(|fault| ServiceFault::kafka("reading the changelog", &fault))?;
    let (mut records, mut progress) = (0, Instant::now());
    loop {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                progress = Instant::now();
                records += 1;
                take(processor, message.key().unwrap_or_default(), message.payload())?;
                if message.offset() + 1 >= target {
                    return Ok(records);
                }
            }
            // The last records may be markers of transactions, which are never handed out.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(records),
            Some(Err(fault)) if progress.elapsed() > NO_PROGRESS => {
                return Err(ServiceFault::kafka("reading the changelog", &fault));
            }
            None if progress.elapsed() > NO_PROGRESS => {
                return Err(ServiceFault::Failed(format!(
                    "reading the changelog of partition {partition} does not get on: is the broker up?"
                )));
            }
            Some(Err(_)) | None => {}
        }
    }
}

fn take(processor: &mut Processor, key: &[u8], value: Option<&[u8]>) -> Result<(), ServiceFault> {
    processor.restore(key, value).map_err(|fault| match fault {
        RestoreFault::Settings | RestoreFault::Partition { .. } => ServiceFault::Setup(fault.to_string()),
        RestoreFault::Changelog(_) => ServiceFault::Failed(fault.to_string()),
    })
}
