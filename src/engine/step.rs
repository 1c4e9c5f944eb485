//! One step of one partition: an event or a close goes in, effects come out. Never fails, never waits.

use crate::engine::day::Day;
use crate::engine::effect::Effect;
use crate::engine::event::{Event, Reason};
use crate::engine::partition::Engine;

/// What can happen to a partition.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// An event came.
    Event {
        /// The event.
        event: &'a Event<'a>,
        /// Which input topic it came from.
        topic: usize,
        /// The last day that is settled once the frontier stands at this event: local day of (time − close delay), less one.
        settles: Day,
    },
    /// The close of the next day is to begin, or to go on.
    Close {
        /// The day.
        day: Day,
        /// Decided too late to open anything (`alerts.max_age_days`).
        stale: bool,
        /// Most customers to look at in this step.
        budget: usize,
    },
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken in.
    Applied,
    /// Taken in, but the sender should see this.
    AppliedBut(Reason),
    /// Known already.
    Duplicate,
    /// Its customer was erased later than it happened.
    Erased,
    /// It is another id's by now, and goes there: the last of the effects says where.
    Forwarded,
    /// Unusable.
    Rejected(Reason),
    /// The close needs another step.
    Closing,
    /// The day is closed.
    Closed,
}

impl Engine {
    /// Takes one input; effects are appended to `out`.
    pub fn step(&mut self, input: Input<'_>, out: &mut Vec<Effect>) -> Outcome {
        match input {
            Input::Event { event, topic, settles } => self.event(event, topic, settles, out),
            Input::Close { day, stale, budget } => self.close(day, stale, budget, out),
        }
    }
}
