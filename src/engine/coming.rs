//! The warnings that silence alone will bring: what the coming closes would open if nothing more were heard.
//!
//! Which of them capacity lets through is not told: that hangs on who else competes on the day.

use std::collections::BTreeMap;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::Standing;
use crate::engine::alerting::holdout::{Arm, arm};
use crate::engine::alerting::value::Tier;
use crate::engine::assess::Judge;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::packed::customer::Customer;
use crate::engine::packed::layers::Slot;
use crate::engine::partition::Engine;

/// A warning to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coming {
    /// The close that would open it.
    pub day: Day,
    /// Its band.
    pub band: Band,
    /// The customer's tier then.
    pub tier: Tier,
    /// Margin at risk then.
    pub value_at_risk: Money,
    /// Which side of the experiment it would be on.
    pub arm: Arm,
}

/// Warnings of one day and tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// How many.
    pub warnings: u64,
    /// Margin at risk in all of them, minor units.
    pub value_at_risk: Money,
}

impl Due {
    /// Adds other warnings.
    pub fn add(&mut self, other: &Self) {
        self.warnings += other.warnings;
        self.value_at_risk += other.value_at_risk;
    }
}

/// Warnings to come, by day and [`Tier`].
pub type Forecast = BTreeMap<Day, [Due; 3]>;

/// Adds what another partition expects.
pub fn add(forecast: &mut Forecast, other: &Forecast) {
    for (day, tiers) in other {
        for (sum, due) in forecast.entry(*day).or_default().iter_mut().zip(tiers) {
            sum.add(due);
        }
    }
}

impl Judge<'_> {
    /// The warning that the first `days` closes after the one of `closed` would open, if nothing more were heard.
    pub fn coming(&self, customer: &Customer, closed: Day, days: i32) -> Option<Coming> {
        let Customer { id, profile, standing, .. } = customer;
        if standing.episode.is_some() || profile.marks.opt_out.is_some() {
            return None;
        }
        let thresholds = self.thresholds();
        let (mut now, mut view) = (*standing, profile.view(closed, self.policy.lateness_days));
        for day in (closed.0 + 1..=closed.0.saturating_add(days)).map(Day) {
            if day <= profile.newest {
                view = profile.view(day, self.policy.lateness_days);
            } else {
                view.day = day;
            }
            let Some(score) = self.silence_score(&view) else {
                if day > profile.newest {
                    // Churn already, or never bought: silence alone opens nothing any more.
                    return None;
                }
                now = Standing { band: None, above_since: None, ..now };
                continue;
            };
            now = now.after(&thresholds, day, score);
            let Some(band) = now.band.filter(|_| now.above_since.is_some()) else { continue };
            let assessed = self.assess(profile, day)?;
            if self.suppression(profile, &now, &assessed, day).is_none() {
                let policy = self.policy;
                return Some(Coming {
                    day,
                    band,
                    tier: self.tier_after(customer, day),
                    value_at_risk: self.value_at_risk(profile, &assessed),
                    arm: arm(id, day, &policy.holdout_salt, policy.holdout_share),
                });
            }
        }
        None
    }
}

impl Engine {
    /// Adds the warnings that the next `days` closes would bring the CRM, of at most `budget` customers from `next` on;
    /// gives where to go on. Held-out warnings are not among them: nobody will hear of them.
    pub fn forecast(&self, days: i32, next: Slot, budget: usize, forecast: &mut Forecast) -> Option<Slot> {
        let closed = self.clock.closed?;
        let end = next.saturating_add(budget as Slot).min(self.state.slots());
        for customer in (next..end).filter_map(|slot| self.state.peek(slot)) {
            let coming = self.judge().coming(&customer, closed, days);
            let told = coming.filter(|coming| coming.arm == Arm::Treated && self.publishes(coming.day));
            if let Some(coming) = told
                && let Some(due) = forecast.entry(coming.day).or_default().get_mut(coming.tier as usize)
            {
                due.add(&Due { warnings: 1, value_at_risk: coming.value_at_risk });
            }
        }
        (end < self.state.slots()).then_some(end)
    }
}
