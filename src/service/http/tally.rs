//! How many customers there are of each sort, and what their warnings are worth.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::coming::Due;
use crate::engine::day::Day;
use crate::service::status::Roster;

/// Counts over a roster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
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
        let mut tally = Self { closed, customers: roster.listed.len() as u64, ..Self::default() };
        for one in &roster.listed {
            tally.churned += u64::from(one.score.is_none());
            if let Some(count) = one.band.and_then(|band| tally.bands.get_mut(band as usize)) {
                *count += 1;
            }
            let Some(opened) = one.opened else { continue };
            let due = Due { warnings: 1, value_at_risk: one.value_at_risk };
            for (sums, counts) in [(&mut tally.open, true), (&mut tally.opened, tally.closed == Some(opened))] {
                if let Some(sum) = sums.get_mut(one.tier as usize).filter(|_| counts) {
                    sum.add(&due);
                }
            }
        }
        tally
    }
}

/// All tiers together.
pub fn sum(tiers: &[Due]) -> Due {
    tiers.iter().fold(Due::default(), |mut sum, due| {
        sum.add(due);
        sum
    })
}
