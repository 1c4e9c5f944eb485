//! What a partition did, counted. Metrics are read off these after a commit; a rolled-back batch counts nothing.

use std::collections::BTreeMap;

use crate::engine::alerting::episode::{Cause, Suppression, Transition};
use crate::engine::alerting::holdout::Arm;
use crate::engine::effect::{Alert, Matured};
use crate::engine::event::{Body, INTERACTION_KINDS, INTERACTION_NAMES, Reason};

/// Number of event types.
pub const EVENT_TYPES: usize = INTERACTION_KINDS + 8;

/// The name of an event type by its position in [`Stats::events`].
pub fn event_type(at: usize) -> &'static str {
    const OTHERS: [&str; 8] = ["purchase", "refund", "contacted", "opt_out", "identity", "forget", "merge", "merged"];
    INTERACTION_NAMES.get(at).or_else(|| OTHERS.get(at.wrapping_sub(INTERACTION_KINDS))).copied().unwrap_or("unknown")
}

/// Transitions of an episode, as labels.
pub const TRANSITIONS: [&str; 5] = ["opened", "escalated", "resolved", "lapsed", "withdrawn"];

/// Counts of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records read.
    pub records: u64,
    /// Usable events by type.
    pub events: [u64; EVENT_TYPES],
    /// Events that were known already.
    pub duplicates: u64,
    /// Events of customers erased since.
    pub erased: u64,
    /// Events of an alias, passed on to the id that its customer goes on under.
    pub forwarded: u64,
    /// Records that tell nothing of ours.
    pub unused: u64,
    /// Fields that nobody here knows.
    pub unknown_fields: u64,
    /// Dead letters by reason.
    pub dead_letters: [u64; Reason::ALL.len()],
    /// Alerts of treated episodes by transition, band and tier.
    pub alerts: [[[u64; 3]; 4]; 5],
    /// Transitions of held-out episodes.
    pub held_out: [u64; 5],
    /// Episodes resolved by a purchase, by arm.
    pub won_back: [u64; Arm::ALL.len()],
    /// Candidates not published, by reason.
    pub suppressed: [u64; Suppression::ALL.len()],
    /// Changes of segment at closes, by the names from and to; `none` without a segment.
    pub segment_moves: BTreeMap<(Box<str>, Box<str>), u64>,
    /// Outcomes matured, by arm, tier, whether somebody got in touch, and whether the customer bought.
    pub matured: [[[[u64; 2]; 2]; 3]; Arm::ALL.len()],
    /// Days closed.
    pub closes: u64,
}

/// The counts of what is committed, of the sealed batch and of the open one.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) committed: Stats,
    sealed: Stats,
    pub(crate) open: Stats,
}

impl Counted {
    /// Hands the open batch over to be committed.
    pub(crate) fn seal(&mut self) {
        self.sealed = std::mem::take(&mut self.open);
    }

    /// The sealed batch is committed; gives its counts.
    pub(crate) fn confirm(&mut self) -> Stats {
        let sealed = std::mem::take(&mut self.sealed);
        self.committed.add(&sealed);
        sealed
    }

    /// The batches are lost.
    pub(crate) fn roll_back(&mut self) {
        (self.sealed, self.open) = (Stats::default(), Stats::default());
    }
}

impl Stats {
    /// Counts a usable event.
    pub fn event(&mut self, body: &Body<'_>) {
        let at = match body {
            Body::Interaction(interaction) => usize::from(interaction.kind()),
            Body::Purchase { .. } => INTERACTION_KINDS,
            Body::Refund { .. } => INTERACTION_KINDS + 1,
            Body::Contacted { .. } => INTERACTION_KINDS + 2,
            Body::OptOut => INTERACTION_KINDS + 3,
            Body::Identity { .. } => INTERACTION_KINDS + 4,
            Body::Forget => INTERACTION_KINDS + 5,
            Body::Merge { .. } => INTERACTION_KINDS + 6,
            Body::Merged { .. } => INTERACTION_KINDS + 7,
        };
        bump(self.events.get_mut(at));
    }

    /// Counts a dead letter.
    pub fn dead_letter(&mut self, reason: Reason) {
        bump(self.dead_letters.get_mut(reason as usize));
    }

    /// Counts a transition of a treated (`told`) or held-out episode.
    pub fn alert(&mut self, alert: &Alert, told: bool) {
        let at = match alert.transition {
            Transition::Opened => 0,
            Transition::Escalated => 1,
            Transition::Resolved(_) => 2,
            Transition::Lapsed => 3,
            Transition::Withdrawn(_) => 4,
        };
        if matches!(alert.transition, Transition::Resolved(Cause::Purchase { .. })) {
            bump(self.won_back.get_mut(alert.arm as usize));
        }
        if told {
            let bands = self.alerts.get_mut(at).and_then(|bands| bands.get_mut(alert.band as usize));
            bump(bands.and_then(|tiers| tiers.get_mut(alert.tier as usize)));
        } else {
            bump(self.held_out.get_mut(at));
        }
    }

    /// Counts an outcome.
    pub fn outcome(&mut self, matured: &Matured) {
        let pending = &matured.pending;
        let tier = self.matured.get_mut(pending.arm as usize).and_then(|tiers| tiers.get_mut(pending.tier as usize));
        let contacted = tier.and_then(|tier| tier.get_mut(usize::from(pending.contacted)));
        bump(contacted.and_then(|returned| returned.get_mut(usize::from(matured.window.purchases > 0))));
    }

    /// All outcomes.
    pub fn all_matured(&self) -> u64 {
        self.matured.as_flattened().as_flattened().as_flattened().iter().sum()
    }

    /// All dead letters.
    pub fn all_dead_letters(&self) -> u64 {
        self.dead_letters.iter().sum()
    }

    /// Alerts of one transition.
    pub fn transition(&self, at: usize) -> u64 {
        self.alerts.get(at).into_iter().flatten().flatten().sum()
    }

    /// Adds another partition's or batch's counts.
    pub fn add(&mut self, other: &Self) {
        fn each(to: &mut [u64], from: &[u64]) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
        self.records += other.records;
        each(&mut self.events, &other.events);
        self.duplicates += other.duplicates;
        self.erased += other.erased;
        self.unused += other.unused;
        self.unknown_fields += other.unknown_fields;
        each(&mut self.dead_letters, &other.dead_letters);
        each(self.alerts.as_flattened_mut().as_flattened_mut(), other.alerts.as_flattened().as_flattened());
        each(&mut self.held_out, &other.held_out);
        each(&mut self.won_back, &other.won_back);
        each(&mut self.suppressed, &other.suppressed);
        for (names, count) in &other.segment_moves {
            *self.segment_moves.entry(names.clone()).or_default() += count;
        }
        let (to, from) = (self.matured.as_flattened_mut(), other.matured.as_flattened());
        each(to.as_flattened_mut().as_flattened_mut(), from.as_flattened().as_flattened());
        self.closes += other.closes;
    }
}

fn bump(count: Option<&mut u64>) {
    if let Some(count) = count {
        *count += 1;
    }
}
