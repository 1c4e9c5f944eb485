//! The inputs once more, from their beginnings, partition by partition: for `replay`, `train` and `evaluate`.

use rdkafka::message::{Message, OwnedMessage};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::fault::ServiceFault;
use crate::service::kafka::ends::ends;
use crate::service::kafka::headers::headers;
use crate::service::kafka::read::{Left, TopicReader};
use crate::service::kafka::topics::asker;
use crate::service::pulse::Pulse;
use crate::service::registry::at_once::AtOnce;
use crate::wire::event::{Headers, RawRecord};
use crate::wire::inputs::format::Format;

/// One partition of all inputs, merged by the records' timestamps.
pub struct PartitionHistory<'a> {
    inputs: Vec<(TopicReader<'a>, Option<OwnedMessage>)>,
    pulse: Pulse,
    schemas: AtOnce<'a>,
    settings: &'a Settings,
}

/// A record with the input that it came from.
pub struct Past {
    /// Which input topic.
    pub topic: usize,
    /// Its offset.
    pub offset: i64,
    message: OwnedMessage,
}

impl Past {
    /// What stands in its headers of what its shape asks for.
    pub fn headers(&self, format: &Format) -> Vec<(&str, &[u8])> {
        headers(&self.message, format)
    }

    /// The record; one without a timestamp counts as of `wall`.
    pub fn record<'a>(&'a self, headers: Headers<'a>, wall: Millis) -> RawRecord<'a> {
        let timestamp = self.message.timestamp().to_millis().map_or(wall, Millis);
        RawRecord { headers, ..RawRecord::new(self.message.key(), self.message.payload(), timestamp) }
    }
}

impl<'a> PartitionHistory<'a> {
    /// Opens a partition of every input.
    pub fn open(settings: &'a Settings, partition: u32) -> Result<Self, ServiceFault> {
        let pulse = Pulse::free();
        let open = |topic: &String| {
            let mut reader = TopicReader::open(settings, topic, &[partition], &pulse)?;
            let head = head(&mut reader, &pulse)?;
            Ok((reader, head))
        };
        let inputs = settings.inputs().map(open).collect::<Result<_, ServiceFault>>()?;
        Ok(Self { inputs, pulse, schemas: AtOnce::new(settings), settings })
    }

    /// Offsets still to be read, in all inputs.
    pub fn left(&self) -> u64 {
        self.inputs.iter().map(|(reader, _)| reader.left()).sum()
    }

    /// The next record of an input that is not yet read to its end in `read_to`; `None` where there is none.
    pub fn next(&mut self, read_to: Option<&[i64]>) -> Result<Option<Past>, ServiceFault> {
        let open = |topic: usize, head: &OwnedMessage| {
            read_to.and_then(|ends| ends.get(topic)).is_none_or(|end| head.offset() < *end)
        };
        let heads = self.inputs.iter().enumerate().filter_map(|(topic, (_, head))| Some((topic, head.as_ref()?)));
        let heads = heads.filter(|(topic, head)| open(*topic, head));
        let oldest = heads.min_by_key(|(_, head)| head.timestamp().to_millis()).map(|(topic, _)| topic);
        let Some((topic, (reader, slot))) = oldest.and_then(|at| Some((at, self.inputs.get_mut(at)?))) else {
            return Ok(None);
        };
        let next = head(reader, &self.pulse)?;
        let past = std::mem::replace(slot, next);
        if let (Some(message), Some(name)) = (&past, self.settings.inputs().nth(topic)) {
            self.schemas.learn(name, message.payload())?;
        }
        Ok(past.map(|message| Past { topic, offset: message.offset(), message }))
    }
}

#[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is for one lifetime only")]
fn head(reader: &mut TopicReader<'_>, pulse: &Pulse) -> Result<Option<OwnedMessage>, ServiceFault> {
    reader.next(pulse, |message| message.detach())
}

/// Offsets that all partitions of some topics hold now.
pub fn offsets(settings: &Settings, topics: &[String], partitions: u32) -> Result<u64, ServiceFault> {
    let (asker, numbers, pulse) = (asker(settings)?, (0..partitions).collect::<Vec<u32>>(), Pulse::free());
    topics.iter().try_fold(0, |all, topic| {
        let bounds = ends(settings, &asker, topic, &numbers, &pulse)?;
        Ok(all + bounds.into_iter().map(|(low, high)| (high - low).max(0) as u64).sum::<u64>())
    })
}

/// Hands every value of a topic to `visit`, partition by partition; what it says ends the reading.
pub fn each_value(
    settings: &Settings,
    topic: &String,
    partitions: u32,
    left: &Left<'_>,
    mut visit: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), ServiceFault> {
    let pulse = Pulse::free();
    let mut behind = offsets(settings, std::slice::from_ref(topic), partitions)?;
    for partition in 0..partitions {
        let mut reader = TopicReader::open(settings, topic, &[partition], &pulse)?;
        behind = behind.saturating_sub(reader.left());
        loop {
            left(behind + reader.left());
            let visited = reader.next(&pulse, |message| {
                let at = message.offset();
                let refused = |why| ServiceFault::Failed(format!("{topic}, partition {partition}, offset {at}: {why}"));
                message.payload().map_or(Ok(()), &mut visit).map_err(refused)
            })?;
            let Some(visited) = visited else { break };
            visited?;
        }
    }
    Ok(())
}
