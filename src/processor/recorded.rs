//! A live history once more: days close where they closed then, whatever the clock said, so the same alerts come.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::day::Day;
use crate::engine::promotion::{Promotion, Schedule};
use crate::engine::scoring::model::Model;
use crate::processor::batch::Batch;
use crate::processor::setup::{Progress, Time};
use crate::processor::topology::Processor;
use crate::wire::partition_record::CloseRecord;

/// The closes of a partition that are still to be repeated.
pub struct Recorded {
    closes: VecDeque<CloseRecord>,
}

impl Recorded {
    /// The closes that a processor restored from its changelog remembers.
    pub fn of(restored: &Processor) -> Self {
        Self { closes: restored.past.closes().iter().cloned().collect() }
    }

    /// The model that decided first, `otherwise` where nobody remembers, and the later ones as promotions of the days
    /// on which they came into force. Fails with the version of a model that `find` does not know.
    pub fn models(
        restored: &Processor,
        otherwise: &Arc<Model>,
        find: impl Fn(&str) -> Option<Arc<Model>>,
    ) -> Result<(Arc<Model>, Schedule), String> {
        let (mut first, mut promotions) = (otherwise.clone(), Vec::new());
        for (offset, change) in (0..).zip(restored.past.models()) {
            let model = find(&change.model).ok_or_else(|| change.model.clone())?;
            match change.since {
                None => first = model,
                Some(day) => promotions.push(Promotion { offset, effective: Day(day), model }),
            }
        }
        Ok((first, Schedule::new(promotions, restored.past.models().len() as i64)))
    }

    /// How far each input is to be read before the next close; `None` after the last.
    pub fn read_to(&self) -> Option<&[i64]> {
        self.closes.front().map(|close| close.offsets.as_slice())
    }

    /// Takes one step of what is due before the next record.
    pub fn advance(&mut self, processor: &mut Processor, time: &Time<'_>, batch: &mut Batch) -> Progress {
        let Some(close) = self.closes.front() else {
            return if processor.closing() { processor.advance(time, batch) } else { Progress::Idle };
        };
        let (day, stale) = (Day(close.day), close.stale);
        // Closes older than those remembered go by the frontier.
        let before_all = processor.due_by_frontier().is_some_and(|due| due < day);
        if before_all {
            return processor.advance(time, batch);
        }
        let stands = processor.offsets().iter().map(|next| next.unwrap_or_default());
        if close.offsets.iter().zip(stands).any(|(then, now)| now < *then) {
            return Progress::Idle;
        }
        // Days that no close is remembered of come first.
        let clock = processor.engine().clock();
        let next = clock.closing.or_else(|| clock.next_close(Some(day))).unwrap_or(day);
        processor.closing_stale = stale && next == day;
        processor.close(next, batch);
        if processor.closed_day() == Some(day) {
            self.closes.pop_front();
        }
        Progress::More
    }
}
