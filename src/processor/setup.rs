//! What a processor is made with: rules, policy, and which clock closes days.

use std::sync::Arc;

use crate::engine::alerting::policy::Policy;
use crate::engine::day::{Day, Millis};
use crate::wire::inputs::format::Format;
use crate::wire::rules::EventRules;
use crate::wire::words::Locale;

/// Most customers that one step of a close looks at, and about as many that a transaction of it writes.
pub const CLOSE_BUDGET: usize = 5_000;

/// Customers of a close that are looked at before what came of them is written: it is still in the processor's cache then.
pub const CLOSE_STRIDE: usize = 256;

/// Everything that all partitions share.
#[derive(Clone)]
pub struct Setup {
    /// How bytes become events.
    pub rules: EventRules,
    /// What the engine decides by.
    pub policy: Arc<Policy>,
    /// How money and time are written.
    pub locale: Locale,
    /// Digest of the settings that are part of the state.
    pub settings_digest: u64,
    /// Names of the input topics.
    pub input_topics: Vec<String>,
    /// The shapes of their records.
    pub formats: Vec<Format>,
    /// Which clock closes days.
    pub clock: ClockMode,
    /// With the event clock: at the end of its inputs a partition closes through the day before this one.
    pub until: Option<Day>,
    /// With the wall clock: a close decided more than this many days late opens nothing; 0: off.
    pub max_age_days: i32,
    /// Most customers that one call of `Processor::advance` looks at.
    pub close_budget: usize,
    /// Key of the digests of erased ids.
    pub erasure_secret: Arc<[u8]>,
}

impl Setup {
    /// Input topics of events that came from outside; what partitions say to each other comes behind them and moves no clock.
    pub fn sources(&self) -> usize {
        self.input_topics.len() - usize::from(self.policy.merges)
    }
}

/// Which clock closes days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// The frontier of the events alone.
    Event,
    /// The frontier, and the wall clock where the inputs are read to their ends and their source lives.
    Wall,
}

/// The time as the shell sees it.
#[derive(Clone, Copy, Debug)]
pub struct Time<'a> {
    /// Now.
    pub wall: Millis,
    /// Whether each input topic of the partition is read to its end.
    pub at_end: &'a [bool],
    /// Whether the ends of the inputs may be believed: the source lives (some input moved within `time.source_silence`),
    /// and what is at its end stands still. Only the frontier closes days otherwise.
    pub source_alive: bool,
}

/// Whether `advance` has more to do right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is due.
    Idle,
    /// Call again.
    More,
}
