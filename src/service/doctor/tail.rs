//! Reads the newest records of a topic. It waits for no transaction, for no broker longer than its time, and for no more
//! than it was asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::service::doctor::time_left::TimeLeft;
use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Reader;
use crate::service::kafka::refusal::{denied, is_denied};

/// Longest wait for one record.
const POLL: Duration = Duration::from_millis(100);

/// Shows the committed records of some partitions from these offsets on, until each has ended, `most` were shown, or time
/// is over. Gives whether all have ended.
pub fn read(
    reader: &Reader,
    topic: &str,
    starts: &[(i32, Offset)],
    most: usize,
    time: TimeLeft,
    mut see: impl FnMut(&BorrowedMessage<'_>),
) -> Result<bool, KafkaError> {
    let mut assignment = TopicPartitionList::with_capacity(starts.len());
    for (partition, start) in starts {
        assignment.add_partition_offset(topic, *partition, *start)?;
    }
    reader.assign(&assignment)?;
    let mut open: BTreeSet<i32> = starts.iter().map(|(partition, _)| *partition).collect();
    let mut left = most;
    while !open.is_empty() && left > 0 && !time.is_over() {
        match reader.poll(time.bound(POLL)) {
            Some(Ok(message)) if message.topic() == topic => {
                left -= 1;
                see(&message);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            // Whoever may not use the group reads all the same.
            Some(Err(fault)) if is_of_topic(&fault) => return Err(fault),
            Some(_) | None => {}
        }
    }
    Ok(open.is_empty())
}

/// What a failed reading means: what this user may not do is told as such.
pub fn fault(topic: &str, fault: &KafkaError) -> ServiceFault {
    if is_denied(fault) {
        return denied(&format!("Read on the topic {topic}"));
    }
    ServiceFault::kafka(&format!("reading {topic}"), fault)
}

fn is_of_topic(fault: &KafkaError) -> bool {
    let codes = [RDKafkaErrorCode::TopicAuthorizationFailed, RDKafkaErrorCode::UnknownTopicOrPartition];
    fault.rdkafka_error_code().is_some_and(|code| codes.contains(&code))
}
