//! A live history once more: days close where they closed then, whatever the clock said, so the same alerts come.

use std::collections::VecDeque;

use crate::engine::day::Day;
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
        Self { closes: restored.closes.iter().cloned().collect() }
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
