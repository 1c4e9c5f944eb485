//! The course of a silence: its score at each close since the last purchase, and at each to come if it lasts.

use crate::engine::assess::Judge;
use crate::engine::day::Day;
use crate::engine::rfm::profile::Profile;

/// The scores of one silence, as the model in force says them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// Those of the closes until today, ascending by day.
    pub past: Vec<(Day, f64)>,
    /// Those of the closes to come until the horizon, if nothing more is heard, ascending by day.
    pub ahead: Vec<(Day, f64)>,
}

impl Judge<'_> {
    /// The course of the silence that a customer is in at the end of `day`; empty without a purchase.
    ///
    /// What is settled is kept summed up, as of the newest day in it. Closes before that day can't be scored as they were, so
    /// they are left out.
    pub fn course(&self, profile: &Profile, day: Day) -> Course {
        let view = |day| profile.view(day, self.policy.lateness_days);
        let score = |day| self.silence_score(&view(day)).map(|score| (day, score));
        let Some(last) = view(day).last() else { return Course::default() };
        let heard = profile.kinds.iter().map(|kind| kind.day);
        let booked = profile.ledger.iter().map(|booked| booked.day);
        let from = heard.chain(booked).filter(|settled| *settled <= day).fold(last, Day::max);
        let end = last.plus(self.model.horizon_days());
        Course {
            past: (0..=day.since(from)).filter_map(|days| score(from.plus(days))).collect(),
            ahead: (1..end.since(day).max(1)).filter_map(|days| score(day.plus(days))).collect(),
        }
    }
}
