//! When a close must look at a customer again. Between, a close would find everything as the last one left it.
//!
//! Only silence passes: whatever else happens wakes the customer. That a plain sweep over everybody gives the same alerts
//! is checked by the tests.

use crate::engine::alerting::segment::{Bounds, Segment, Segments};
use crate::engine::assess::{Assessed, Judge};
use crate::engine::day::Day;
use crate::engine::drift::{cohort_silence, next_sampled};
use crate::engine::effect::Risk;
use crate::engine::packed::customer::Customer;
use crate::engine::placing::YEAR_DAYS;
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::settled::Rhythm;

impl Judge<'_> {
    /// The first close after that of `day` that must look at the customer. `seen` is how it was seen if it was scored, `told`
    /// what was told of it then.
    pub fn next_look(&self, customer: &Customer, seen: Option<&Assessed>, told: Option<&Risk>, day: Day) -> Day {
        let Customer { profile, standing, hash, .. } = customer;
        let tomorrow = day.plus(1);
        // Of a later day something is known already; it is noted for one; or the customer competes for a place.
        let waits = standing.purchased.is_some()
            || standing.calmed.is_some()
            || standing.above_since.is_some() && standing.episode.is_none();
        if profile.newest > day || waits {
            return tomorrow;
        }
        let matures = standing.pending.map(|pending| pending.opened.plus(self.policy.outcome_days));
        let rhythm = seen.map_or_else(|| profile.money_at(day, self.policy.lateness_days).0, |seen| seen.view.rhythm);
        let steps = rhythm.and_then(|rhythm| self.next_step(&rhythm, day));
        let leaves = profile.leaves_window(day, YEAR_DAYS);
        let sampled = seen.map(|_| next_sampled(*hash, tomorrow));
        let next = [matures, steps, leaves, sampled].into_iter().flatten().min().unwrap_or(Day(i32::MAX)).max(tomorrow);
        seen.map_or(next, |seen| self.next_band(customer, seen, told, next))
    }

    /// The next day on which silence alone may move the customer's recency or tenure over a border that something
    /// looks at.
    fn next_step(&self, rhythm: &Rhythm, day: Day) -> Option<Day> {
        let (recency, tenure) = (day.since(rhythm.last), day.since(rhythm.first));
        let horizon = self.model.horizon_days();
        let edges = self.model.rfm_edges.recency_days.map(|edge| edge.saturating_add(1));
        let steps = edges.into_iter().chain([horizon, cohort_silence(horizon)]);
        let recent =
            steps.chain(self.policy.segments.steps(|segment| segment.recency_days)).filter(|step| *step > recency);
        let known = self.policy.segments.steps(|segment| segment.tenure_days).filter(|step| *step > tenure);
        let days = recent.map(|step| rhythm.last.plus(step)).chain(known.map(|step| rhythm.first.plus(step)));
        days.min()
    }

    /// The first day before `until` on which the score alone changes the band or crosses the threshold; else `until`, or
    /// the horizon's day.
    fn next_band(&self, customer: &Customer, seen: &Assessed, told: Option<&Risk>, until: Day) -> Day {
        let (thresholds, standing) = (self.thresholds(), &customer.standing);
        let band = thresholds.kept(standing.band);
        let kept = if standing.above_since.is_some() {
            band.start.max(thresholds.entry())..band.end
        } else {
            band.start..band.end.min(thresholds.entry())
        };
        let left = match told {
            // The band changes on the same day, which was just foretold.
            Some(Risk { band: Some(_), forecast, .. }) if kept == band => forecast.first().map(|(day, _)| *day),
            _ => {
                let left = self.path(&seen.steady, &seen.view).leaves(seen.view.day, until, &kept);
                left.map(|(day, _)| day)
            }
        };
        let horizon = seen.last.plus(self.model.horizon_days());
        left.map_or(horizon, |day| day.min(horizon)).min(until)
    }
}

impl Segments {
    /// The values at which conditions of a kind begin or cease to fit.
    fn steps(&self, bounds: impl Fn(&Segment) -> Bounds) -> impl Iterator<Item = i32> {
        self.0.iter().map(bounds).flat_map(|bounds| {
            [bounds.at_least, bounds.at_most.map(|most| most.saturating_add(1))].into_iter().flatten()
        })
    }
}

impl Profile {
    /// The day on which the first day with money leaves a window of `days` days that ends with `day`.
    fn leaves_window(&self, day: Day, days: i32) -> Option<Day> {
        let oldest = day.plus(-days);
        let settled = self.ledger.get(self.ledger.partition_point(|one| one.day <= oldest)).map(|one| one.day);
        let open = self.orders.get(self.orders.partition_point(|one| one.day <= oldest)).map(|one| one.day);
        settled.or(open).map(|first| first.plus(days))
    }
}
