//! How many customers there are of each sort, and what their warnings are worth.

use std::cmp::Ordering;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::coming::Due;
use crate::engine::day::Day;
use crate::service::status::Roster;

/// Counts over a roster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many partitions.
    pub partitions: u64,
    /// The newest day that a partition has closed.
    pub closed: Option<Day>,
    /// Customers with a purchase.
    pub customers: u64,
    /// Customers by band; of those who are held out none is told.
    pub bands: [u64; Band::ALL.len()],
    /// Customers whose silence has become churn.
    pub churned: u64,
    /// Warnings that opened with the last closed day, by tier.
    pub opened: [Due; Tier::ALL.len()],
    /// All open warnings, by tier.
    pub open: [Due; Tier::ALL.len()],
}

impl Tally {
    /// Of a roster.
    pub fn of(roster: &Roster) -> Self {
        let closed = roster.partitions.iter().map(|(_, closed)| *closed).max().flatten();
        let (partitions, customers) = (roster.partitions.len() as u64, roster.listed.len() as u64);
        let mut tally = Self { partitions, closed, customers, ..Self::default() };
        for one in &roster.listed {
            tally.churned += u64::from(one.score.is_none());
            if let Some(customers) = one.band.and_then(|band| tally.bands.get_mut(band as usize)) {
                *customers += 1;
            }
            let Some(opened) = one.opened else { continue };
            let due = Due { warnings: 1, value_at_risk: one.value_at_risk };
            count(&mut tally.open, one.tier, &due);
            if tally.closed == Some(opened) {
                count(&mut tally.opened, one.tier, &due);
            }
        }
        tally
    }

    /// Adds the counts of other partitions. What opened with an earlier close than the newest is not of that close.
    pub fn add(&mut self, other: &Self) {
        match self.closed.cmp(&other.closed) {
            Ordering::Less => self.opened = other.opened,
            Ordering::Equal => add(&mut self.opened, &other.opened),
            Ordering::Greater => {}
        }
        self.closed = self.closed.max(other.closed);
        self.partitions += other.partitions;
        self.customers += other.customers;
        self.churned += other.churned;
        self.bands.iter_mut().zip(other.bands).for_each(|(sum, count)| *sum += count);
        add(&mut self.open, &other.open);
    }
}

fn count(sums: &mut [Due], tier: Tier, due: &Due) {
    if let Some(sum) = sums.get_mut(tier as usize) {
        sum.add(due);
    }
}

fn add(sums: &mut [Due], others: &[Due]) {
    sums.iter_mut().zip(others).for_each(|(sum, due)| sum.add(due));
}

/// All tiers together.
pub fn sum<'a>(tiers: impl IntoIterator<Item = &'a Due>) -> Due {
    tiers.into_iter().fold(Due::default(), |mut sum, due| {
        sum.add(due);
        sum
    })
}
