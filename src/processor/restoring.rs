//! A partition's state from its changelog. A record that is not understood stops the partition: it is never guessed at.

use std::sync::Arc;

use crate::engine::clock::PartitionClock;
use crate::engine::day::Millis;
use crate::engine::generations::Saved;
use crate::engine::partition::Engine;
use crate::processor::past::Past;
use crate::processor::setup::ClockMode;
use crate::processor::topology::Processor;
use crate::wire::changelog::{ChangelogFault, read_customer};
use crate::wire::partition_record::{ChangelogKey, Closes, PartitionRecord, read_erasure, read_name};

/// Why a partition can't be restored.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RestoreFault {
    /// A record can't be read.
    #[error(transparent)]
    Changelog(#[from] ChangelogFault),
    /// Settings that are part of the state have changed.
    #[error(
        "zone, base currency, rates, lateness, horizon, salt, erasure secret, identity.merge or partition count differ from those that the state was made with: set them back, or run `churnwatch rebuild`"
    )]
    Settings,
    /// The record of another partition.
    #[error(
        "the changelog of partition {expected} holds the record of partition {found}: the topic was repartitioned; run `churnwatch rebuild`"
    )]
    Partition {
        /// The partition being restored.
        expected: u32,
        /// The partition that the record names.
        found: u32,
    },
}

/// What does not fit between the changelog's word on models and the promotions that are known.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ModelDoubt {
    /// Another model decides from now on, because the recorded one is nowhere.
    #[error(
        "the model {recorded} that was in force is neither promoted nor configured any more: {now} decides from now on"
    )]
    Unknown {
        /// The version in the partition record.
        recorded: String,
        /// The version that took its place.
        now: String,
    },
    /// Promotions begin again at a lower offset than the one taken.
    #[error("the promotions have been made anew: all that are due count from the next open of a day on")]
    Anew,
}

impl Processor {
    /// Takes one changelog record in; records come in the order of their offsets.
    pub fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreFault> {
        let broken = RestoreFault::Changelog(ChangelogFault::Broken { what: "a key" });
        match (ChangelogKey::read(key).ok_or(broken)?, value) {
            (ChangelogKey::Customer(id), Some(value)) => {
                let broken = ChangelogFault::Broken { what: "a profile" };
                self.engine.state.restore(id, read_customer(value)?).ok_or(broken)?;
            }
            (ChangelogKey::Customer(id), None) => self.engine.state.restore_removed(id),
            (ChangelogKey::Partition(number), Some(value)) => {
                if number != self.partition {
                    return Err(RestoreFault::Partition { expected: self.partition, found: number });
                }
                self.restore_partition(&PartitionRecord::read(value)?)?;
            }
            (ChangelogKey::Closes(_), Some(value)) => {
                let mut closes = Closes::read(value)?;
                self.engine.drift = Arc::new(std::mem::take(&mut closes.drift));
                self.past = Past::restored(closes, &self.setup.input_topics);
            }
            (ChangelogKey::Erasure(digest), Some(value)) => self.engine.erasures.restore(digest, read_erasure(value)?),
            (ChangelogKey::Name(_), Some(value)) => self.engine.names.restore(read_name(value)?),
            (
                ChangelogKey::Partition(_) | ChangelogKey::Closes(_) | ChangelogKey::Erasure(_) | ChangelogKey::Name(_),
                None,
            ) => {}
        }
        Ok(())
    }

    fn restore_partition(&mut self, record: &PartitionRecord) -> Result<(), RestoreFault> {
        if record.settings_digest != self.setup.settings_digest {
            return Err(RestoreFault::Settings);
        }
        let places = self.setup.input_topics.iter().map(|name| record.topics.iter().position(|known| known == name));
        let places: Vec<Option<usize>> = places.collect();
        let known = |at: &Option<usize>| at.and_then(|at| record.clock.frontiers.get(at)).cloned().unwrap_or_default();
        let frontiers = places.iter().take(self.setup.sources()).map(known).collect();
        self.offsets = places.iter().map(|at| at.and_then(|at| record.offsets.get(at)).copied().flatten()).collect();
        self.engine.clock = PartitionClock { frontiers, ..record.clock.clone() };
        self.engine.used = record.used;
        let in_force = &mut self.engine.in_force;
        (in_force.since, in_force.taken, in_force.generation) = (record.since, record.taken, record.generation);
        self.recorded_model = Some(record.model.clone());
        self.engine.publish_from = self.setup.policy.publish_from.or(record.publish_from);
        self.closing_stale = record.closing_stale;
        Ok(())
    }

    /// All records are in, and the promotions were offered as they stand since. A partition that starts for the first
    /// time with the wall clock publishes from today on.
    pub fn restored(&mut self, wall: Millis) -> Vec<ModelDoubt> {
        let doubts = self.find_model();
        let first_start = self.engine.clock().first_day.is_none() && self.offsets.iter().all(Option::is_none);
        if first_start && self.setup.clock == ClockMode::Wall && self.engine.publish_from.is_none() {
            self.engine.publish_from = Some(self.setup.rules.day(wall));
        }
        self.engine.committed();
        self.past.settle();
        self.saved = Saved::new(self.checkpoint());
        doubts
    }

    /// Puts the model in force that the partition record names. Where it is nowhere, the one that a partition would go
    /// by that began on the open day.
    fn find_model(&mut self) -> Vec<ModelDoubt> {
        let mut doubts = Vec::new();
        let Some(recorded) = self.recorded_model.take() else { return doubts };
        let Engine { in_force, clock, .. } = &mut self.engine;
        if in_force.taken.is_some_and(|taken| taken >= self.schedule.end()) {
            in_force.taken = None;
            doubts.push(ModelDoubt::Anew);
        }
        if in_force.model().version == recorded {
            return doubts;
        }
        if let Some(model) = self.schedule.find(&recorded) {
            in_force.put(model);
            return doubts;
        }
        let day = clock.open_day().or(clock.first_day);
        if let Some(due) = day.and_then(|day| self.schedule.due(day, None)) {
            in_force.put(&due.model);
            in_force.taken = in_force.taken.max(Some(due.offset));
        }
        (in_force.since, in_force.generation) = (day, in_force.generation.wrapping_add(1));
        doubts.push(ModelDoubt::Unknown { recorded, now: in_force.model().version.clone() });
        // What the old model said is not held against the one that takes its place.
        self.engine.drift = Arc::default();
        self.note_model(day);
        doubts
    }
}
