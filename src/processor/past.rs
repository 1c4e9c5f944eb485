//! What a partition remembers of its own past: the last closes, and the models that decided them. Bounded, and rolled
//! back with the batch.

use crate::engine::drift::Drift;
use crate::wire::partition_record::{CLOSES_KEPT, CloseRecord, Closes, MODELS_KEPT, ModelChange, write_closes};

/// The closes and models of a partition.
#[derive(Default)]
pub(crate) struct Past {
    closes: Vec<CloseRecord>,
    models: Vec<ModelChange>,
    /// How many of each were there at the last commit.
    committed: (usize, usize),
    changed: bool,
}

impl Past {
    /// As the changelog has it.
    pub(crate) fn restored(past: Closes, topics: &[String]) -> Self {
        let Closes { closes, models, .. } = past.for_topics(topics);
        Self { committed: (closes.len(), models.len()), closes, models, changed: false }
    }

    /// The last closes, ascending by day.
    pub(crate) fn closes(&self) -> &[CloseRecord] {
        &self.closes
    }

    /// The models, in the order in which they came into force.
    pub(crate) fn models(&self) -> &[ModelChange] {
        &self.models
    }

    /// A day was closed.
    pub(crate) fn close(&mut self, close: CloseRecord) {
        self.closes.push(close);
        self.changed = true;
    }

    /// Another model decides.
    pub(crate) fn model(&mut self, change: ModelChange) {
        self.models.push(change);
        self.changed = true;
    }

    /// Writes what is kept if anything came to it since the last commit; gives whether it did.
    pub(crate) fn write(&self, topics: &[String], drift: &Drift, out: &mut Vec<u8>) -> bool {
        if self.changed {
            write_closes(topics, newest(&self.closes, CLOSES_KEPT), newest(&self.models, MODELS_KEPT), drift, out);
        }
        self.changed
    }

    /// What is there now is not rolled back any more, written or not.
    pub(crate) const fn settle(&mut self) {
        self.committed = (self.closes.len(), self.models.len());
    }

    /// The batch is committed.
    pub(crate) fn commit(&mut self) {
        self.closes.drain(..self.closes.len().saturating_sub(CLOSES_KEPT));
        self.models.drain(..self.models.len().saturating_sub(MODELS_KEPT));
        self.settle();
        self.changed = false;
    }

    /// The batch is lost.
    pub(crate) fn roll_back(&mut self) {
        let (closes, models) = self.committed;
        self.closes.truncate(closes);
        self.models.truncate(models);
        self.changed = false;
    }
}

fn newest<T>(all: &[T], count: usize) -> &[T] {
    all.get(all.len().saturating_sub(count)..).unwrap_or_default()
}
