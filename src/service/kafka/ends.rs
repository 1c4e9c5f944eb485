//! Where partitions begin and end: one request for all of them.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};
use tracing::warn;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Hears;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::refusal::{denied, is_denied};
use crate::service::kafka::topics::asker;
use crate::service::pulse::Pulse;

/// Longest wait for a dead writer's transaction to be ended by the broker.
const OPEN_TRANSACTION: Duration = Duration::from_mins(1);
/// A broker that has just come may not know a partition yet; one that is unknown for longer is gone.
const UNKNOWN: Duration = Duration::from_mins(1);
/// How often the broker is asked meanwhile.
const ASK: Duration = Duration::from_millis(50);
/// How often waiting for it is spoken of.
const SPEAK: Duration = Duration::from_secs(10);
/// Bound on one answer, and the pause before the question is put again.
const ANSWER: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(200);

/// The oldest offset of each partition, and the end to read to.
///
/// The end is asked of a reader of uncommitted records, so that it counts open transactions in; the stable offset does not,
/// and has to catch up with it first.
pub fn stable_ends<C: Hears>(
    settings: &Settings,
    committed: &BaseConsumer<C>,
    topic: &str,
    partitions: &[u32],
    pulse: &Pulse,
) -> Result<Vec<(i64, i64)>, ServiceFault> {
    let bounds = ends(settings, &asker(settings)?, topic, partitions, pulse)?;
    let (started, mut spoken) = (Instant::now(), Instant::now());
    loop {
        let stable = offsets(settings, committed, topic, partitions, Offset::End, pulse)?;
        let mut both = partitions.iter().zip(stable.iter().zip(&bounds));
        let Some((partition, _)) = both.find(|(_, (stable, (_, end)))| *stable < end) else { return Ok(bounds) };
        if started.elapsed() > OPEN_TRANSACTION {
            return Err(ServiceFault::Failed(format!(
                "partition {partition} of {topic} has a transaction that stays open: see `kafka-transactions.sh find-hanging`, abort it, start again"
            )));
        }
        if spoken.elapsed() > SPEAK {
            spoken = Instant::now();
            warn!(topic, partition, "waiting for a transaction to be decided");
        }
        std::thread::sleep(ASK);
    }
}

/// The oldest and the next offset of each partition; waits for a broker as long as it takes, unless it
/// refuses us.
pub fn ends<C: Hears>(
    settings: &Settings,
    consumer: &BaseConsumer<C>,
    topic: &str,
    partitions: &[u32],
    pulse: &Pulse,
) -> Result<Vec<(i64, i64)>, ServiceFault> {
    let lows = offsets(settings, consumer, topic, partitions, Offset::Beginning, pulse)?;
    let highs = offsets(settings, consumer, topic, partitions, Offset::End, pulse)?;
    Ok(lows.into_iter().zip(highs).collect())
}

/// `which` offset of each partition: the oldest (`Beginning`) or the next (`End`).
fn offsets<C: Hears>(
    settings: &Settings,
    consumer: &BaseConsumer<C>,
    topic: &str,
    partitions: &[u32],
    which: Offset,
    pulse: &Pulse,
) -> Result<Vec<i64>, ServiceFault> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |fault: &KafkaError| ServiceFault::kafka(&format!("asking for the ends of {topic}"), fault);
    let mut asked = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        asked.add_partition_offset(topic, *partition as i32, which).map_err(|fault| failed(&fault))?;
    }
    let (mut unknown, mut hearing) = (None, Hearing::default());
    loop {
        pulse.go_on()?;
        // In the question an offset stands for a time: the two that are asked for are the protocol's times −2 and −1.
        match consumer.offsets_for_times(asked.clone(), ANSWER).and_then(|answer| known(&answer)) {
            Ok(offsets) => return Ok(offsets),
            Err(fault) if ServiceFault::passes(&fault) || is_unknown(&fault) => {
                unknown = is_unknown(&fault).then(|| unknown.unwrap_or_else(Instant::now));
                if unknown.is_some_and(|since: Instant| since.elapsed() > UNKNOWN) {
                    return Err(failed(&fault));
                }
                if let Some(refusal) = C::refused(consumer) {
                    return Err(refusal.fault(settings));
                }
                warn!(topic, %fault, "waiting for a broker");
                // Asks for the topic anew, too: what the client remembers of it would stay for minutes.
                hearing.check(settings, consumer.client(), topic)?;
                std::thread::sleep(PAUSE);
            }
            Err(fault) if is_denied(&fault) => return Err(denied(&format!("Describe on the topic {topic}"))),
            Err(fault) => return Err(failed(&fault)),
        }
    }
}

fn is_unknown(fault: &KafkaError) -> bool {
    matches!(
        fault.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    )
}

/// The offsets of an answer, all or none.
fn known(answer: &TopicPartitionList) -> Result<Vec<i64>, KafkaError> {
    let offset = |element: &TopicPartitionListElem<'_>| {
        element.error()?;
        match element.offset() {
            Offset::Offset(offset) => Ok(offset),
            _ => Err(KafkaError::OffsetFetch(RDKafkaErrorCode::OffsetNotAvailable)),
        }
    };
    answer.elements().iter().map(offset).collect()
}
