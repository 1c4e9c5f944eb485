//! Rewards freed from the weeks they fell in. Weights change from week to week and so do customers: an action that was drawn
//! more in a good season would otherwise look better than it is. Arm and week are taken to add up (two-way analysis of
//! variance, fitted by turns).

use std::collections::BTreeMap;

use crate::effect_study::bandit::Tally;
use crate::engine::day::Day;

/// Turns of the fit; each brings it nearer, and twenty would mostly do.
const TURNS: u32 = 100;

/// Rewards by week of opening and arm.
#[derive(Clone, Debug)]
pub struct Weeks {
    arms: usize,
    weeks: BTreeMap<i32, Vec<Tally>>,
}

impl Weeks {
    /// For so many arms.
    pub const fn new(arms: usize) -> Self {
        Self { arms, weeks: BTreeMap::new() }
    }

    /// Adds an episode.
    pub fn add(&mut self, opened: Day, arm: usize, reward: f64) {
        let week = self.weeks.entry(opened.0.div_euclid(7)).or_insert_with(|| vec![Tally::default(); self.arms]);
        if let Some(tally) = week.get_mut(arm) {
            tally.add(reward);
        }
    }

    /// The arms' tallies with every reward moved by what its week was better or worse than the others. The sum over all arms
    /// stays.
    pub fn tallies(&self) -> Vec<Tally> {
        let mut whole = vec![Tally::default(); self.arms];
        for week in self.weeks.values() {
            for (whole, tally) in whole.iter_mut().zip(week) {
                *whole = whole.joined(tally);
            }
        }
        let all = whole.iter().map(|tally| tally.episodes).sum::<u64>().max(1) as f64;
        let mut means: Vec<f64> = whole.iter().map(Tally::mean).collect();
        let mut shifts = vec![0.0; self.weeks.len()];
        for _ in 0..TURNS {
            for (shift, week) in shifts.iter_mut().zip(self.weeks.values()) {
                *shift = mean_left(week.iter().zip(means.iter().copied()));
            }
            let counts = self.weeks.values().map(|week| week.iter().map(|tally| tally.episodes).sum::<u64>() as f64);
            let level = shifts.iter().zip(counts).map(|(shift, count)| shift * count).sum::<f64>() / all;
            for shift in &mut shifts {
                *shift -= level;
            }
            for (arm, mean) in means.iter_mut().enumerate() {
                let column = self.weeks.values().filter_map(|week| week.get(arm));
                *mean = mean_left(column.zip(shifts.iter().copied()));
            }
        }
        let freed = |(tally, mean): (&Tally, f64)| Tally { sum: mean * tally.episodes as f64, ..*tally };
        whole.iter().zip(means).map(freed).collect()
    }
}

/// Mean of what is left of rewards when each loses what is known of it.
fn mean_left<'a>(parts: impl Iterator<Item = (&'a Tally, f64)>) -> f64 {
    let (count, sum) = parts.fold((0.0, 0.0), |(count, sum), (tally, known)| {
        let episodes = tally.episodes as f64;
        (count + episodes, sum + tally.sum - episodes * known)
    });
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::Weeks;
    use crate::effect_study::bandit::Tally;
    use crate::engine::day::Day;

    /// Two actions and a holdout that are all alike: a tenth comes back at first, three tenths later, when the first action is
    /// drawn nine times in ten. By the plain means it would seem far better.
    #[test]
    fn a_good_season_is_not_an_action_s_merit() {
        let mut weeks = Weeks::new(3);
        for week in 0..20 {
            let (counts, of_ten) = if week < 10 { ([50, 50, 10], 1) } else { ([90, 10, 10], 3) };
            for (arm, count) in counts.into_iter().enumerate() {
                for number in 0..count {
                    weeks.add(Day(week * 7), arm, f64::from(u8::from(number % 10 < of_ten)));
                }
            }
        }
        let freed = weeks.tallies();
        let means = freed.iter().map(Tally::mean);
        assert!(means.clone().all(|mean| (mean - 0.2).abs() < 0.01), "{:?}", means.collect::<Vec<_>>());
        let sum: f64 = freed.iter().map(|tally| tally.sum).sum();
        assert!((sum - (110.0 + 330.0)).abs() < 1e-6, "{sum}");
    }
}
