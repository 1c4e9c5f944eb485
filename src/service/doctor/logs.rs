//! Where the partitions begin and end, how far committed transactions reach, and how far the group is: looked at more
//! than once, for what counts is whether it moves.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::config::settings::Settings;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::doctor::topics::{Role, Topics};
use crate::service::fault::ServiceFault;
use crate::service::kafka::client;
use crate::service::kafka::context::{Listening, Reader};
use crate::service::kafka::read::reader;
use crate::service::kafka::topics::asker;

/// Bound on one answer.
const ANSWER: Duration = Duration::from_secs(4);
/// How long is waited before the question is put again, as while a leader is elected.
const PAUSE: Duration = Duration::from_millis(200);

/// Topic and partition.
pub type Place = (String, i32);
/// An offset of each partition that has one.
pub type Offsets = BTreeMap<Place, i64>;

/// The clients that look.
pub struct Lookers {
    /// Sees what is written, committed or not.
    pub all: Reader,
    /// Sees what is committed.
    committed: Reader,
    /// Asks for the group's offsets, also those that a transaction is about to change.
    group: Reader,
}

impl Lookers {
    /// Makes them.
    pub fn new(settings: &Settings) -> Result<Self, ServiceFault> {
        let mut group = client::reading(settings);
        let group = group.set("isolation.level", "read_uncommitted").create_with_context(Listening::default());
        let group = group.map_err(|fault| ServiceFault::settings("asking client", &fault))?;
        Ok(Self { all: asker(settings)?, committed: reader(settings)?, group })
    }

    /// Ends them, without waiting.
    pub fn end(self) {
        client::end((self.all, self.committed, self.group));
    }
}

/// What one look saw.
#[derive(Clone, Debug)]
pub struct Look {
    /// When.
    pub at: Instant,
    /// The oldest offsets.
    pub lows: Offsets,
    /// The next offsets.
    pub highs: Offsets,
    /// The next offsets below which every transaction is decided.
    pub stable: Offsets,
    /// The partitions of the inputs.
    pub inputs: Vec<Place>,
    /// The group's offsets in the inputs, where it has any; `None`: it may not be asked.
    pub committed: Option<Offsets>,
}

impl Look {
    /// Looks once.
    pub fn take(lookers: &Lookers, topics: &Topics, time: TimeLeft) -> Result<Self, KafkaError> {
        let places = topics.places(|_| true);
        let inputs = topics.places(|topic| topic.role == Role::Input);
        let at = Instant::now();
        // What the group has read comes first, so that it never seems to be further than the end.
        let committed = committed(&lookers.group, &inputs, time).ok();
        let lows = offsets(&lookers.all, &places, Offset::Beginning, time)?;
        let highs = offsets(&lookers.all, &places, Offset::End, time)?;
        // After the end: a transaction that was decided meanwhile does not count as open.
        let stable = offsets(&lookers.committed, &places, Offset::End, time)?;
        Ok(Self { at, lows, highs, stable, inputs, committed })
    }

    /// Records not yet read by the group, as far as it is known.
    pub fn lag(&self) -> Offsets {
        let Some(committed) = &self.committed else { return Offsets::new() };
        let left = |place: &Place| {
            let from = committed.get(place).or_else(|| self.lows.get(place))?;
            Some((self.stable.get(place)? - from).max(0))
        };
        self.inputs.iter().filter_map(|place| Some((place.clone(), left(place)?))).collect()
    }
}

/// `which` offset of each place. An [`Offset::Offset`] stands for a time in milliseconds: of the first record that is not
/// older; where there is none the place is left out.
pub fn offsets(reader: &Reader, places: &[Place], which: Offset, time: TimeLeft) -> Result<Offsets, KafkaError> {
    if places.is_empty() {
        return Ok(Offsets::new());
    }
    let mut asked = TopicPartitionList::with_capacity(places.len());
    for (topic, partition) in places {
        asked.add_partition_offset(topic, *partition, which)?;
    }
    let within = TimeLeft::of(time.bound(ANSWER));
    loop {
        let answer = reader.offsets_for_times(asked.clone(), within.bound(ANSWER)).and_then(|answer| known(&answer));
        match answer {
            Err(fault) if ServiceFault::passes(&fault) && !within.is_over() => {
                // What the client remembers of the leaders would stay for minutes.
                let _ = reader.fetch_metadata(None, within.bound(PAUSE));
                within.sleep(PAUSE);
            }
            answer => return answer,
        }
    }
}

/// The group's offsets; where it has none the place is left out.
fn committed(reader: &Reader, places: &[Place], time: TimeLeft) -> Result<Offsets, KafkaError> {
    let mut asked = TopicPartitionList::with_capacity(places.len());
    for (topic, partition) in places {
        asked.add_partition(topic, *partition);
    }
    known(&reader.committed_offsets(asked, time.bound(ANSWER))?)
}

fn known(answer: &TopicPartitionList) -> Result<Offsets, KafkaError> {
    let mut offsets = Offsets::new();
    for element in answer.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset()
            && offset >= 0
        {
            offsets.insert((element.topic().to_owned(), element.partition()), offset);
        }
    }
    Ok(offsets)
}
