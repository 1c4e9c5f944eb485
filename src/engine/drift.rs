//! Whether customers still look as they did in training: what each close saw of the scores, and whether silences came to
//! what was predicted of them. Alerts never depend on it.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::day::Day;
use crate::engine::scoring::model::ScoreReference;

/// Cohorts whose end is known that calibration is measured on, in days.
const MATURED_DAYS: i32 = 90;
/// Shares below this count as this, so that an empty bin does not make the index infinite.
const LEAST_SHARE: f64 = 1e-4;

/// The silences that had lasted a third of the horizon at one close, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cohort {
    /// The day of that close.
    pub day: i32,
    /// How many they were.
    pub silences: u32,
    /// How many of them were expected to exceed the horizon: the sum of their scores.
    pub expected: f32,
    /// How many did.
    pub exceeded: u32,
}

/// How the scores of one close were spread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Customers by bin of the training's scores.
    pub bins: [u32; 10],
    /// Features looked at.
    pub features: u64,
    /// Features that were clipped.
    pub clipped: u64,
}

/// What one close sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    spread: Spread,
    /// The cohort of this close.
    silences: u32,
    expected: f32,
    /// Silences that exceed the horizon with this close.
    exceeded: u32,
}

impl Seen {
    /// A customer was scored.
    pub fn score(&mut self, score: f64, clipped: u32, features: usize, reference: Option<&ScoreReference>) {
        if let Some(reference) = reference
            && let Some(bin) = self.spread.bins.get_mut(ScoreReference::bin(&reference.edges, score))
        {
            *bin += 1;
        }
        self.spread.features += features as u64;
        self.spread.clipped += u64::from(clipped);
    }

    /// A silence has lasted a third of the horizon.
    pub fn expect(&mut self, score: f64) {
        self.silences += 1;
        self.expected += score as f32;
    }

    /// A silence exceeds the horizon.
    pub const fn exceed(&mut self) {
        self.exceeded += 1;
    }
}

/// Every customer's score is counted at one of so many closes: a close can leave alone whom it has no other reason to
/// look at. Over as many closes everybody was counted.
pub const SAMPLED_DAYS: i32 = 64;

/// The first day from `day` on at whose close the score of a customer of this hash is counted.
pub const fn next_sampled(hash: u64, day: Day) -> Day {
    let phase = (hash >> 32) as i32;
    day.plus(phase.wrapping_sub(day.0).rem_euclid(SAMPLED_DAYS))
}

/// Days of silence at which a cohort is formed.
pub const fn cohort_silence(horizon_days: i32) -> i32 {
    horizon_days / 3
}

/// What a partition remembers of its closes under the model in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// How the scores of the last [`SAMPLED_DAYS`] closes were spread, ascending by day: everybody once.
    pub spreads: VecDeque<Spread>,
    /// Ascending by day.
    pub cohorts: VecDeque<Cohort>,
}

impl Drift {
    /// After the close of `day`.
    #[must_use]
    pub fn after(&self, day: Day, seen: Seen, horizon_days: i32) -> Self {
        let waits = horizon_days - cohort_silence(horizon_days);
        let mut cohorts = self.cohorts.clone();
        let matured = day.plus(-waits).0;
        if let Some(cohort) = cohorts.iter_mut().find(|cohort| cohort.day == matured) {
            cohort.exceeded = seen.exceeded;
        }
        let Seen { spread, silences, expected, .. } = seen;
        cohorts.push_back(Cohort { day: day.0, silences, expected, exceeded: 0 });
        while cohorts.front().is_some_and(|oldest| oldest.day <= matured - MATURED_DAYS) {
            cohorts.pop_front();
        }
        let mut spreads = self.spreads.clone();
        spreads.push_back(spread);
        while spreads.len() > SAMPLED_DAYS as usize {
            spreads.pop_front();
        }
        Self { spreads, cohorts }
    }

    /// The cohorts whose end is known, `waits` days after they were predicted.
    fn matured(&self, waits: i32) -> impl Iterator<Item = &Cohort> {
        let newest = self.cohorts.back().map_or(0, |cohort| cohort.day);
        self.cohorts.iter().filter(move |cohort| cohort.day <= newest - waits)
    }
}

/// The matured cohorts of some partitions together, ascending by day.
pub fn matured<'a>(drifts: impl Iterator<Item = &'a Drift>, horizon_days: i32) -> Vec<Cohort> {
    let waits = horizon_days - cohort_silence(horizon_days);
    let mut sums: BTreeMap<i32, Cohort> = BTreeMap::new();
    for cohort in drifts.flat_map(|drift| drift.matured(waits)) {
        let none = Cohort { day: cohort.day, silences: 0, expected: 0.0, exceeded: 0 };
        let sum = sums.entry(cohort.day).or_insert(none);
        sum.silences += cohort.silences;
        sum.expected += cohort.expected;
        sum.exceeded += cohort.exceeded;
    }
    sums.into_values().collect()
}

/// Drift over some partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DriftFigures {
    /// Population stability index of the scores of the last [`SAMPLED_DAYS`] closes against those of the training
    /// (Siddiqi 2006); `None` where nobody was scored or the training's are unknown.
    pub psi: Option<f64>,
    /// Share of those scores in each decile of the training's; `None` with `psi`.
    pub seen: Option<[f64; 10]>,
    /// Share of features that were clipped.
    pub clipped: f64,
    /// Silences whose end is known and of which something was predicted.
    pub silences: u64,
    /// How many of them were expected to exceed the horizon.
    pub expected: f64,
    /// How many did.
    pub exceeded: u64,
}

impl DriftFigures {
    /// Figures over partitions.
    pub fn of<'a>(
        drifts: impl Iterator<Item = &'a Drift>,
        reference: Option<&ScoreReference>,
        horizon_days: i32,
    ) -> Self {
        let waits = horizon_days - cohort_silence(horizon_days);
        let (mut figures, mut bins) = (Self::default(), [0.0; 10]);
        let (mut features, mut clipped) = (0, 0);
        for drift in drifts {
            for spread in &drift.spreads {
                bins.iter_mut().zip(spread.bins).for_each(|(sum, count)| *sum += f64::from(count));
                features += spread.features;
                clipped += spread.clipped;
            }
            for cohort in drift.matured(waits) {
                figures.silences += u64::from(cohort.silences);
                figures.expected += f64::from(cohort.expected);
                figures.exceeded += u64::from(cohort.exceeded);
            }
        }
        figures.clipped = clipped as f64 / (features as f64).max(1.0);
        let scored: f64 = bins.iter().sum();
        figures.seen = reference.filter(|_| scored > 0.0).map(|_| bins.map(|count| count / scored));
        figures.psi = reference.filter(|_| scored > 0.0).map(|reference| {
            let parts = bins.iter().zip(reference.shares).map(|(count, expected)| {
                let (actual, expected) = ((count / scored).max(LEAST_SHARE), expected.max(LEAST_SHARE));
                (actual - expected) * libm::log(actual / expected)
            });
            parts.sum()
        });
        figures
    }

    /// Silences that exceeded the horizon over those expected to; `None` where none matured.
    pub fn calibration(&self) -> Option<f64> {
        (self.expected > 0.0).then(|| self.exceeded as f64 / self.expected)
    }
}

#[cfg(test)]
mod tests {
    use super::{Drift, DriftFigures, Seen};
    use crate::engine::day::Day;
    use crate::engine::scoring::model::ScoreReference;

    /// Every day ten silences reach the cohort with a score of 0.4, and `exceeding` silences exceed the horizon.
    fn story(days: i32, exceeding: u32) -> Drift {
        let mut drift = Drift::default();
        for day in 0..days {
            let mut seen = Seen::default();
            (0..10).for_each(|_| seen.expect(0.4));
            (0..exceeding).for_each(|_| seen.exceed());
            drift = drift.after(Day(day), seen, 90);
        }
        drift
    }

    #[test]
    fn silences_are_held_against_what_was_predicted_of_them() {
        let young = DriftFigures::of([&story(60, 5)].into_iter(), None, 90);
        assert_eq!((young.silences, young.calibration()), (0, None), "nothing has matured yet");
        let figures = DriftFigures::of([&story(400, 5)].into_iter(), None, 90);
        assert_eq!((figures.silences, figures.exceeded), (900, 450), "the last ninety days that matured");
        assert!((figures.calibration().unwrap() - 1.25).abs() < 1e-6);
    }

    #[test]
    fn the_index_is_nought_where_nothing_moved_and_grows_with_the_distance() {
        let reference =
            ScoreReference { edges: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], shares: [0.1; 10], clipped: 0.0 };
        let psi = |scores: &dyn Fn(u32) -> f64| {
            let mut seen = Seen::default();
            (0..1_000).for_each(|at| seen.score(scores(at), 0, 30, Some(&reference)));
            DriftFigures::of([&Drift::default().after(Day(1), seen, 90)].into_iter(), Some(&reference), 90).psi.unwrap()
        };
        assert!(psi(&|at| f64::from(at % 1_000) / 1_000.0).abs() < 1e-9);
        // Half of the customers in the upper half of the bins, twice over: Σ (a − e) ln(a/e) by hand.
        let upper = psi(&|at| 0.5 + f64::from(at % 500) / 1_000.0);
        let by_hand = 5.0 * 0.1 * 2.0_f64.ln() + 5.0 * (0.1 - 1e-4) * (0.1_f64 / 1e-4).ln();
        assert!((upper - by_hand).abs() < 1e-6, "{upper} {by_hand}");
    }
}
