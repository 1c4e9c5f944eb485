//! What happened in the lives that are simulated: one in which nothing happens proves nothing.

use crate::broker::Seen;

/// What happened in a life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) alerts: usize,
    pub(crate) crashes: u64,
    pub(crate) rebalances: u64,
    pub(crate) aborts: u64,
    pub(crate) unknown: u64,
    pub(crate) zombie_commits: u64,
    pub(crate) duplicates: u64,
    pub(crate) late: u64,
    /// Events of customers for whom there was no room.
    pub(crate) full: u64,
    pub(crate) switches: u64,
    /// Looks at a transaction that was still under way.
    pub(crate) looks: u64,
    /// Processes that died or lost their partitions with a transaction under way.
    pub(crate) interrupted: u64,
    /// Transactions of sleepers and the dead that were committed after all.
    pub(crate) late_ends: u64,
    /// Partitions that waited for a schema.
    pub(crate) pauses: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.alerts += other.alerts;
        self.crashes += other.crashes;
        self.rebalances += other.rebalances;
        self.aborts += other.aborts;
        self.unknown += other.unknown;
        self.zombie_commits += other.zombie_commits;
        self.duplicates += other.duplicates;
        self.late += other.late;
        self.full += other.full;
        self.switches += other.switches;
        self.looks += other.looks;
        self.interrupted += other.interrupted;
        self.late_ends += other.late_ends;
        self.pauses += other.pauses;
    }

    /// Adds what a member has lived through.
    pub(crate) fn keep(&mut self, seen: Seen) {
        self.aborts += seen.aborts;
        self.unknown += seen.unknown;
        self.zombie_commits += seen.zombie_commits;
        self.looks += seen.looks;
        self.pauses += seen.pauses;
    }
}
