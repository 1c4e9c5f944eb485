//! The engine of one partition: its customers, its time, and the way back to the last commit.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::engine::alerting::capacity::DayUse;
use crate::engine::alerting::episode::Suppression;
use crate::engine::alerting::policy::Policy;
use crate::engine::assess::Judge;
use crate::engine::clock::PartitionClock;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::drift::{Drift, Seen};
use crate::engine::erasure::Erasures;
use crate::engine::generations::Saved;
use crate::engine::names::Names;
use crate::engine::packed::layers::Slot;
use crate::engine::promotion::{InForce, Schedule};
use crate::engine::scoring::model::Model;
use crate::engine::state::State;

/// Candidates that were not published, by [`Suppression`].
pub type SuppressionCounts = [u64; Suppression::ALL.len()];

/// Customers who changed segments at closes, from and to; `None`: none yet, or no purchase left.
pub type SegmentMoves = BTreeMap<(Option<Tag>, Option<Tag>), u64>;

/// The engine of one partition.
pub struct Engine {
    pub(crate) policy: Arc<Policy>,
    pub(crate) in_force: InForce,
    pub(crate) partition: u32,
    pub(crate) state: State,
    pub(crate) clock: PartitionClock,
    pub(crate) used: DayUse,
    pub(crate) publish_from: Option<Day>,
    pub(crate) erasures: Erasures,
    pub(crate) names: Names,
    pub(crate) sweep: Option<Sweep>,
    pub(crate) suppressed: SuppressionCounts,
    pub(crate) moves: SegmentMoves,
    pub(crate) drift: Arc<Drift>,
    saved: Saved<Checkpoint>,
}

/// The small part of the engine's state.
#[derive(Clone)]
struct Checkpoint {
    in_force: InForce,
    clock: PartitionClock,
    used: DayUse,
    publish_from: Option<Day>,
    drift: Arc<Drift>,
}

/// A close under way.
pub struct Sweep {
    /// The day.
    pub(crate) day: Day,
    /// The first slot not yet looked at.
    pub(crate) next: Slot,
    /// Who is served where capacity is limited; `None`: whoever is eligible.
    pub(crate) served: Option<HashSet<Slot>>,
    /// What it has seen so far.
    pub(crate) seen: Seen,
}

impl Engine {
    /// The engine of `partition`, before anything happened, with `topics` input topics.
    pub fn new(policy: Arc<Policy>, model: Arc<Model>, partition: u32, topics: usize, erasure_secret: &[u8]) -> Self {
        let clock = PartitionClock::new(topics);
        let publish_from = policy.publish_from;
        let in_force = InForce::first(model);
        let drift = Arc::new(Drift::default());
        let checkpoint = Checkpoint {
            in_force: in_force.clone(),
            clock: clock.clone(),
            used: DayUse::default(),
            publish_from,
            drift: drift.clone(),
        };
        Self {
            policy,
            in_force,
            partition,
            state: State::new(),
            clock,
            used: DayUse::default(),
            publish_from,
            erasures: Erasures::new(erasure_secret),
            names: Names::default(),
            sweep: None,
            suppressed: SuppressionCounts::default(),
            moves: SegmentMoves::new(),
            drift,
            saved: Saved::new(checkpoint),
        }
    }

    /// Hands the open batch over to be committed; what comes now is the next one's.
    pub fn seal(&mut self) {
        self.state.seal();
        self.erasures.seal();
        self.names.seal();
        self.saved.seal(Checkpoint {
            in_force: self.in_force.clone(),
            clock: self.clock.clone(),
            used: self.used,
            publish_from: self.publish_from,
            drift: self.drift.clone(),
        });
    }

    /// The sealed batch is committed.
    pub fn confirm(&mut self) {
        self.state.confirm();
        self.erasures.confirm();
        self.names.confirm();
        self.saved.confirm();
    }

    /// Everything up to now is committed.
    pub fn committed(&mut self) {
        self.seal();
        self.confirm();
    }

    /// The batches are lost, sealed or open: everything is again as at the last commit.
    pub fn roll_back(&mut self) {
        self.state.roll_back();
        self.erasures.roll_back();
        self.names.roll_back();
        let Checkpoint { in_force, clock, used, publish_from, drift } = self.saved.roll_back().clone();
        (self.in_force, self.clock, self.used, self.publish_from) = (in_force, clock, used, publish_from);
        self.drift = drift;
        self.sweep = None;
        self.suppressed = SuppressionCounts::default();
        self.moves.clear();
    }

    /// Most customers; `None`: no limit.
    pub fn max_customers(&self) -> Option<usize> {
        self.policy.max_customers
    }

    /// Whether no new customer is taken in.
    pub fn is_full(&self) -> bool {
        self.max_customers().is_some_and(|most| self.state.len() >= most)
    }

    /// What decisions are made by.
    pub fn judge(&self) -> Judge<'_> {
        Judge { policy: &self.policy, model: self.in_force.model(), rough: self.in_force.rough() }
    }

    /// The model that decides, and since when.
    pub const fn in_force(&self) -> &InForce {
        &self.in_force
    }

    /// The model that decided at the last commit, and what the closes had seen of its scores.
    pub const fn committed_model(&self) -> (&InForce, &Arc<Drift>) {
        let Checkpoint { in_force, drift, .. } = self.saved.committed();
        (in_force, drift)
    }

    /// A day opens: the promotion that is due comes into force, and the close before the first openings that are published
    /// is to tell of everybody. Gives whether another model decides from now on.
    pub fn open_day(&mut self, day: Day, schedule: &Schedule) -> bool {
        if self.clock.closed.is_none() {
            self.in_force.since = Some(day);
        }
        let changed = self.in_force.open(day, schedule);
        if self.publish_from == Some(day.plus(1)) {
            self.in_force.tell_all();
            self.state.wake_all();
        }
        if changed {
            self.state.wake_all();
            // What the old model said is not held against the new one.
            self.drift = Arc::default();
        }
        changed
    }

    /// The next close looks at every customer, also where it would find nothing new.
    pub fn wake_all(&mut self) {
        self.state.wake_all();
    }

    /// What the closes saw of the scores under the model in force.
    pub const fn drift(&self) -> &Arc<Drift> {
        &self.drift
    }

    /// The customers.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The names behind the tags of profiles and standings.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The partition's time.
    pub const fn clock(&self) -> &PartitionClock {
        &self.clock
    }
}
