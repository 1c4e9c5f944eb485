//! Promotions, and the model in force in a partition. It changes at the open of a day and at no other moment, so one
//! model decides a whole day.

use std::sync::Arc;

use crate::engine::day::Day;
use crate::engine::scoring::model::Model;
use crate::engine::scoring::rough::RoughHead;

/// The word that a model is to decide from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    /// Its place in the order of promotions: of two that are due the later one counts.
    pub offset: i64,
    /// The first day that the model is to decide.
    pub effective: Day,
    /// The model.
    pub model: Arc<Model>,
}

/// All promotions that are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Ascending by offset.
    promotions: Vec<Promotion>,
    /// The offset that the next promotion will have at least.
    end: i64,
}

impl Schedule {
    /// The promotions, ascending by offset, of a topic that was read up to `end`.
    pub const fn new(promotions: Vec<Promotion>, end: i64) -> Self {
        Self { promotions, end }
    }

    /// All promotions, ascending by offset.
    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    /// The offset that the next promotion will have at least.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// The newest promotion that is due when `day` opens, if it is newer than the one `taken` last.
    pub fn due(&self, day: Day, taken: Option<i64>) -> Option<&Promotion> {
        self.after(taken).rev().find(|promotion| promotion.effective <= day)
    }

    /// What comes into force next in a partition that took `taken` last, as far as is known.
    pub fn pending(&self, taken: Option<i64>) -> Option<&Promotion> {
        let first = self.after(taken).map(|promotion| promotion.effective).min()?;
        self.due(first, taken)
    }

    /// A model by its version.
    pub fn find(&self, version: &str) -> Option<&Arc<Model>> {
        self.promotions.iter().map(|promotion| &promotion.model).find(|model| model.version == version)
    }

    fn after(&self, taken: Option<i64>) -> impl DoubleEndedIterator<Item = &Promotion> {
        self.promotions.iter().filter(move |promotion| taken.is_none_or(|taken| promotion.offset > taken))
    }
}

/// The model that decides in a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    model: Arc<Model>,
    /// The rough copy of its silence head.
    rough: Arc<RoughHead>,
    /// The day from which on it decides; `None` before the first close, and where nobody noted it.
    pub since: Option<Day>,
    /// The newest promotion taken: none is taken twice, whatever is promoted again or offered after a restart.
    pub taken: Option<i64>,
    /// Counts the models, and the times that everybody is to be told of. A customer whose standing has another number has
    /// not been told of since.
    pub generation: u8,
}

impl InForce {
    /// The model that a partition begins with.
    pub fn first(model: Arc<Model>) -> Self {
        let rough = Arc::new(RoughHead::of(&model.silence));
        Self { model, rough, since: None, taken: None, generation: 0 }
    }

    /// The model.
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The rough copy of its silence head.
    pub fn rough(&self) -> &RoughHead {
        &self.rough
    }

    /// Puts a model in the place of this one, whatever their versions; nothing else changes.
    pub fn put(&mut self, model: &Arc<Model>) {
        (self.model, self.rough) = (model.clone(), Arc::new(RoughHead::of(&model.silence)));
    }

    /// A day opens: what is due comes into force. Gives whether another model decides from now on.
    pub fn open(&mut self, day: Day, schedule: &Schedule) -> bool {
        let Some(promotion) = schedule.due(day, self.taken) else { return false };
        self.taken = Some(promotion.offset);
        self.replace(&promotion.model, Some(day))
    }

    /// Another model decides from `since` on. Gives whether it is another indeed.
    pub fn replace(&mut self, model: &Arc<Model>, since: Option<Day>) -> bool {
        if model.version == self.model.version {
            return false;
        }
        self.put(model);
        self.since = since;
        self.tell_all();
        true
    }

    /// The next close is to tell of everybody.
    pub const fn tell_all(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }
}
