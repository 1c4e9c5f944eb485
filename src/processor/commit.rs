//! What a partition hands over to be committed, and the way back.
//!
//! Invariant: two batches at most are not committed, the sealed one and the open one behind it; they are lost together.

use crate::engine::customer::Tag;
use crate::engine::promotion::InForce;
use crate::engine::state::Touched;
use crate::processor::batch::{Batch, OutTopic};
use crate::processor::stats::Stats;
use crate::processor::topology::{Checkpoint, Processor};
use crate::wire::changelog::write_customer;
use crate::wire::partition_record::{ChangelogKey, PartitionRecord, write_erasure, write_name};

impl Processor {
    /// Adds the changelog of what the open batch touched, each customer once, and the partition record.
    pub fn flush(&mut self, batch: &mut Batch) {
        if !self.dirty {
            return;
        }
        self.engine.state.each_touched(|Touched { id, record }| match record {
            Some(record) => batch.add(OutTopic::Profiles, id.as_bytes(), |out| write_customer(record, out)),
            None => batch.add_tombstone(OutTopic::Profiles, id.as_bytes()),
        });
        let encoded = &mut self.encoded;
        for (key, erasure) in self.engine.erasures.fresh() {
            write_erasure(erasure, encoded);
            let key = ChangelogKey::Erasure(*key).write();
            batch.add(OutTopic::Profiles, &key, |out| out.extend_from_slice(encoded));
        }
        for (tag, name) in self.engine.names.fresh() {
            write_name(name, encoded);
            let key = ChangelogKey::Name(tag).write();
            batch.add(OutTopic::Profiles, &key, |out| out.extend_from_slice(encoded));
        }
        if self.past.write(&self.setup.input_topics, self.engine.drift(), encoded) {
            let key = ChangelogKey::Closes(self.partition).write();
            batch.add(OutTopic::Profiles, &key, |out| out.extend_from_slice(encoded));
        }
        self.record().write(&mut self.encoded);
        let key = ChangelogKey::Partition(self.partition).write();
        batch.add(OutTopic::Profiles, &key, |out| out.extend_from_slice(&self.encoded));
    }

    fn record(&self) -> PartitionRecord {
        let in_force @ InForce { since, taken, generation, .. } = self.engine.in_force();
        PartitionRecord {
            settings_digest: self.setup.settings_digest,
            clock: self.engine.clock().clone(),
            topics: self.setup.input_topics.clone(),
            offsets: self.offsets.clone(),
            publish_from: self.engine.publish_from,
            used: self.engine.used,
            model: in_force.model().version.clone(),
            since: *since,
            taken: *taken,
            generation: *generation,
            closing_stale: self.closing_stale,
        }
    }

    /// Customers that the open batch touched: as many records of the changelog.
    pub fn touched(&self) -> usize {
        self.engine.state().touched_len()
    }

    /// Whether the open batch holds anything to commit.
    pub const fn dirty(&self) -> bool {
        self.dirty
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { offsets: self.offsets.clone(), closing_stale: self.closing_stale }
    }

    /// Hands the open batch over to be committed; what comes now is the next one's. Call only while no other is sealed.
    pub fn seal(&mut self) {
        for (total, fresh) in self.counted.open.suppressed.iter_mut().zip(std::mem::take(&mut self.engine.suppressed)) {
            *total += fresh;
        }
        for ((from, to), count) in std::mem::take(&mut self.engine.moves) {
            let name =
                |segment: Option<Tag>| segment.map_or("none", |tag| self.engine.names.get(tag).unwrap_or("unknown"));
            *self.counted.open.segment_moves.entry((name(from).into(), name(to).into())).or_default() += count;
        }
        self.counted.seal();
        self.engine.seal();
        self.past.seal();
        self.saved.seal(self.checkpoint());
        self.dirty = false;
    }

    /// The sealed batch is committed; gives what it brought.
    pub fn confirm(&mut self) -> Stats {
        self.engine.confirm();
        self.past.confirm();
        self.saved.confirm();
        self.counted.confirm()
    }

    /// Everything up to now is committed, for whoever has nothing to wait for; gives what it brought.
    pub fn committed(&mut self) -> Stats {
        self.seal();
        self.confirm()
    }

    /// The batches are lost, sealed or open: everything is again as at the last commit.
    pub fn roll_back(&mut self) {
        let Checkpoint { offsets, closing_stale } = self.saved.roll_back().clone();
        (self.offsets, self.closing_stale) = (offsets, closing_stale);
        self.past.roll_back();
        self.counted.roll_back();
        self.effects.clear();
        self.engine.roll_back();
        self.dirty = false;
    }
}
