//! What a partition remembers of its own past: the last closes, and the models that decided them. Bounded, and rolled
//! back with the batches.

use crate::engine::drift::Drift;
use crate::engine::generations::Saved;
use crate::wire::partition_record::{CLOSES_KEPT, CloseRecord, Closes, MODELS_KEPT, ModelChange, write_closes};

/// The closes and models of a partition.
#[derive(Default)]
pub(crate) struct Past {
    closes: Vec<CloseRecord>,
    models: Vec<ModelChange>,
    /// How many of each there were.
    saved: Saved<(usize, usize)>,
    /// The open batch has to write them.
    changed: bool,
}

impl Past {
    /// As the changelog has it.
    pub(crate) fn restored(past: Closes, topics: &[String]) -> Self {
        let Closes { closes, models, .. } = past.for_topics(topics);
        Self { saved: Saved::new((closes.len(), models.len())), closes, models, changed: false }
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

    /// Writes what is kept if the open batch added to it; gives whether it did.
    pub(crate) fn write(&self, topics: &[String], drift: &Drift, out: &mut Vec<u8>) -> bool {
        if self.changed {
            write_closes(topics, newest(&self.closes, CLOSES_KEPT), newest(&self.models, MODELS_KEPT), drift, out);
        }
        self.changed
    }

    /// What is there now is not rolled back any more, written or not.
    pub(crate) const fn settle(&mut self) {
        self.saved = Saved::new((self.closes.len(), self.models.len()));
    }

    /// Hands the open batch over to be committed.
    pub(crate) fn seal(&mut self) {
        self.saved.seal((self.closes.len(), self.models.len()));
        self.changed = false;
    }

    /// The sealed batch is committed: of what it has, the oldest goes.
    pub(crate) fn confirm(&mut self) {
        self.saved.confirm();
        let (closes, models) = *self.saved.committed();
        let old = (closes.saturating_sub(CLOSES_KEPT), models.saturating_sub(MODELS_KEPT));
        self.closes.drain(..old.0);
        self.models.drain(..old.1);
        self.saved = Saved::new((closes - old.0, models - old.1));
    }

    /// The batches are lost.
    pub(crate) fn roll_back(&mut self) {
        let (closes, models) = *self.saved.roll_back();
        self.closes.truncate(closes);
        self.models.truncate(models);
        self.changed = false;
    }
}

fn newest<T>(all: &[T], count: usize) -> &[T] {
    all.get(all.len().saturating_sub(count)..).unwrap_or_default()
}
