//! What the changelog says of a partition as a whole: its time, its place in the inputs, its closes, its erasures, its names.
//!
//! Their keys begin with bytes that no UTF-8 customer id has.

use serde::{Deserialize, Serialize};

use crate::engine::alerting::capacity::DayUse;
use crate::engine::clock::{Frontier, PartitionClock, Sighting};
use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::drift::{Cohort, Drift, Spread};
use crate::engine::erasure::{ErasedKey, Erasure};
use crate::wire::changelog::{ChangelogFault, read_versioned, write_versioned};

/// First byte of the partition record's key.
const PARTITION: u8 = 0xFF;
/// First byte of the key of the last closes.
const CLOSES: u8 = 0xFE;
/// First byte of an erasure's key.
const ERASURE: u8 = 0xFD;
/// First byte of a name's key.
const NAME: u8 = 0xFC;

/// Closes that are remembered.
pub const CLOSES_KEPT: usize = 400;
/// Models that are remembered to have come into force.
pub const MODELS_KEPT: usize = 100;

/// What a changelog key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangelogKey<'a> {
    /// A customer.
    Customer(&'a str),
    /// The partition record.
    Partition(u32),
    /// The last closes of the partition.
    Closes(u32),
    /// An erasure.
    Erasure(ErasedKey),
    /// A name, by its tag.
    Name(Tag),
}

impl<'a> ChangelogKey<'a> {
    /// Reads a key; `None` where it is none of ours.
    pub fn read(key: &'a [u8]) -> Option<Self> {
        match key.split_first()? {
            (&PARTITION, number) => Some(Self::Partition(u32::from_be_bytes(number.try_into().ok()?))),
            (&CLOSES, number) => Some(Self::Closes(u32::from_be_bytes(number.try_into().ok()?))),
            (&ERASURE, digest) => Some(Self::Erasure(digest.try_into().ok()?)),
            (&NAME, tag) => {
                let bits = u64::from_be_bytes(tag.try_into().ok()?);
                Some(Tag::from_bits(bits)).filter(|tag| tag.bits() == bits).map(Self::Name)
            }
            _ => std::str::from_utf8(key).ok().map(Self::Customer),
        }
    }

    /// The key as bytes.
    pub fn write(&self) -> Vec<u8> {
        let (first, rest): (u8, &[u8]) = match self {
            Self::Customer(id) => return id.as_bytes().to_vec(),
            Self::Partition(number) => (PARTITION, &number.to_be_bytes()),
            Self::Closes(number) => (CLOSES, &number.to_be_bytes()),
            Self::Erasure(digest) => (ERASURE, digest),
            Self::Name(tag) => (NAME, &tag.bits().to_be_bytes()),
        };
        [&[first], rest].concat()
    }
}

/// The state of a partition as a whole, written in every transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionRecord {
    /// Digest of the settings that are part of the state.
    pub settings_digest: u64,
    /// Names of the input topics, in the order of the clock's frontiers and of `offsets`.
    pub topics: Vec<String>,
    /// Time.
    pub clock: PartitionClock,
    /// Next offset of each input topic; `None` before the first record.
    pub offsets: Vec<Option<i64>>,
    /// First closed day whose openings are published.
    pub publish_from: Option<Day>,
    /// Places used on the open day.
    pub used: DayUse,
    /// The version of the model in force.
    pub model: String,
    /// The day from which on it decides.
    pub since: Option<Day>,
    /// The offset of the newest promotion taken.
    pub taken: Option<i64>,
    /// Counts the changes of the model.
    pub generation: u8,
    /// The close under way was decided more than `alerts.max_age_days` late.
    pub closing_stale: bool,
}

#[derive(Serialize, Deserialize)]
struct Record {
    settings_digest: u64,
    topics: Vec<String>,
    first_day: Option<i32>,
    closed: Option<i32>,
    closing: Option<i32>,
    frontiers: Vec<Vec<(i64, u64, i32)>>,
    offsets: Vec<Option<i64>>,
    publish_from: Option<i32>,
    used: (i32, [u32; 3]),
    model: String,
    since: Option<i32>,
    taken: Option<i64>,
    generation: u8,
    closing_stale: bool,
}

impl PartitionRecord {
    /// Writes the record; `out` is cleared first.
    pub fn write(&self, out: &mut Vec<u8>) {
        let frontier = |frontier: &Frontier| {
            frontier.newest.iter().map(|seen| (seen.time.0, seen.customer, seen.settles.0)).collect()
        };
        let record = Record {
            settings_digest: self.settings_digest,
            topics: self.topics.clone(),
            first_day: self.clock.first_day.map(|day| day.0),
            closed: self.clock.closed.map(|day| day.0),
            closing: self.clock.closing.map(|day| day.0),
            frontiers: self.clock.frontiers.iter().map(frontier).collect(),
            offsets: self.offsets.clone(),
            publish_from: self.publish_from.map(|day| day.0),
            used: (self.used.day.0, self.used.used),
            model: self.model.clone(),
            since: self.since.map(|day| day.0),
            taken: self.taken,
            generation: self.generation,
            closing_stale: self.closing_stale,
        };
        write_versioned(&record, out);
    }

    /// Reads the record.
    pub fn read(bytes: &[u8]) -> Result<Self, ChangelogFault> {
        let record: Record = read_versioned(bytes, "a partition record")?;
        let frontier = |seen: Vec<(i64, u64, i32)>| Frontier {
            newest: seen
                .into_iter()
                .map(|(time, customer, settles)| Sighting { time: Millis(time), customer, settles: Day(settles) })
                .collect(),
        };
        let (day, used) = record.used;
        Ok(Self {
            settings_digest: record.settings_digest,
            topics: record.topics,
            clock: PartitionClock {
                frontiers: record.frontiers.into_iter().map(frontier).collect(),
                first_day: record.first_day.map(Day),
                closed: record.closed.map(Day),
                closing: record.closing.map(Day),
            },
            offsets: record.offsets,
            publish_from: record.publish_from.map(Day),
            used: DayUse { day: Day(day), used },
            model: record.model,
            since: record.since.map(Day),
            taken: record.taken,
            generation: record.generation,
            closing_stale: record.closing_stale,
        })
    }
}

/// The last closes of a partition, and the models that decided them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closes {
    /// Names of the input topics, in the order of each close's offsets.
    pub topics: Vec<String>,
    /// Ascending by day.
    pub closes: Vec<CloseRecord>,
    /// In the order in which they came into force.
    pub models: Vec<ModelChange>,
    /// What the closes saw of the scores.
    pub drift: Drift,
}

/// A model that came into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChange {
    /// The first day that it decided, as days since 1970-01-01; `None`: it was there from the beginning.
    pub since: Option<i32>,
    /// Its version.
    pub model: String,
}

/// One close, with the next offset of each input topic when it was decided; `stale` if it could open nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseRecord {
    /// Day, as days since 1970-01-01.
    pub day: i32,
    /// Next offsets, in the order of the input topics.
    pub offsets: Vec<i64>,
    /// Decided more than `alerts.max_age_days` late.
    pub stale: bool,
}

/// A cohort as it is written: day, silences, expected and exceeded.
type CohortRecord = (i32, u32, f32, u32);
/// The scores of a close: bins, features, clipped features.
type SpreadRecord = ([u32; 10], u64, u64);
/// What the closes saw, as it is written.
type DriftRecord = (Vec<SpreadRecord>, Vec<CohortRecord>);

/// Writes the last closes over the input topics of these names, the models that decided them, and what they saw.
pub fn write_closes(
    topics: &[String],
    closes: &[CloseRecord],
    models: &[ModelChange],
    drift: &Drift,
    out: &mut Vec<u8>,
) {
    let spread = |spread: &Spread| (spread.bins, spread.features, spread.clipped);
    let cohort = |cohort: &Cohort| (cohort.day, cohort.silences, cohort.expected, cohort.exceeded);
    let drift: DriftRecord = (drift.spreads.iter().map(spread).collect(), drift.cohorts.iter().map(cohort).collect());
    write_versioned(&(topics, closes, models, drift), out);
}

impl Closes {
    /// Reads the last closes.
    pub fn read(bytes: &[u8]) -> Result<Self, ChangelogFault> {
        type Record = (Vec<String>, Vec<CloseRecord>, Vec<ModelChange>, DriftRecord);
        let (topics, closes, models, drift): Record = read_versioned(bytes, "a list of closes")?;
        let (spreads, cohorts) = drift;
        let cohort = |(day, silences, expected, exceeded)| Cohort { day, silences, expected, exceeded };
        let spread = |(bins, features, clipped)| Spread { bins, features, clipped };
        let spreads = spreads.into_iter().map(spread).collect();
        let drift = Drift { spreads, cohorts: cohorts.into_iter().map(cohort).collect() };
        Ok(Self { topics, closes, models, drift })
    }

    /// The same with the closes' offsets in the order of other topics; 0 for one that was not there.
    #[must_use]
    pub fn for_topics(self, topics: &[String]) -> Self {
        let places: Vec<Option<usize>> =
            topics.iter().map(|name| self.topics.iter().position(|known| known == name)).collect();
        let place = |close: CloseRecord| {
            let offset = |at: &Option<usize>| at.and_then(|at| close.offsets.get(at)).copied().unwrap_or_default();
            CloseRecord { offsets: places.iter().map(offset).collect(), ..close }
        };
        let closes = self.closes.into_iter().map(place).collect();
        Self { topics: topics.to_vec(), closes, ..self }
    }
}

/// Writes an erasure.
pub fn write_erasure(erasure: &Erasure, out: &mut Vec<u8>) {
    write_versioned(&(erasure.time.0, erasure.day.0), out);
}

/// Reads an erasure.
pub fn read_erasure(bytes: &[u8]) -> Result<Erasure, ChangelogFault> {
    let (time, day) = read_versioned(bytes, "an erasure")?;
    Ok(Erasure { time: Millis(time), day: Day(day) })
}

/// Writes a name.
pub fn write_name(name: &str, out: &mut Vec<u8>) {
    write_versioned(name, out);
}

/// Reads a name.
pub fn read_name(bytes: &[u8]) -> Result<&str, ChangelogFault> {
    read_versioned(bytes, "a name")
}
