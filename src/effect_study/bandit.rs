//! How often each action shall be drawn next: Thompson sampling in batches (Thompson 1933; Chapelle and Li 2011). An
//! action's weight is the probability that it is the best one, mixed with a floor so that every action keeps being tried.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Normal};

/// Least share of draws of an approved action.
pub const FLOOR: f64 = 0.05;
/// Draws from the posterior.
const DRAWS: u32 = 20_000;
/// A rule with fewer matured treated episodes keeps its weights: what people chose is worth more than so little.
pub const LEAST_TREATED: u64 = 100;
/// An effect is credibly negative where it is so with at least this probability.
pub const CREDIBLE: f64 = 0.975;
/// Fewest episodes of an action, and of the holdout, for that to be said.
pub const LEAST_HARMED: u64 = 50;

/// What an action is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reward {
    /// Whether the customer came back: Beta–Bernoulli, with a uniform prior.
    Return,
    /// Margin less the action's cost cap: normal, with the spread of all actions' episodes.
    Margin,
}

impl Reward {
    /// The name in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Margin => "margin",
        }
    }
}

/// Rewards of some episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Episodes.
    pub episodes: u64,
    /// Sum of rewards.
    pub sum: f64,
    /// Sum of squared rewards.
    pub squares: f64,
}

impl Tally {
    /// Adds an episode.
    pub fn add(&mut self, reward: f64) {
        self.episodes += 1;
        self.sum += reward;
        self.squares += reward * reward;
    }

    /// Mean reward; 0 of nothing.
    pub fn mean(&self) -> f64 {
        self.sum / self.episodes.max(1) as f64
    }

    /// Both together.
    #[must_use]
    pub fn joined(self, other: &Self) -> Self {
        Self {
            episodes: self.episodes + other.episodes,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }
}

/// What is believed of a mean reward.
enum Belief {
    Share(Beta<f64>),
    Mean(Normal<f64>),
}

impl Belief {
    fn draw(&self, random: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Share(beta) => beta.sample(random),
            Self::Mean(normal) => normal.sample(random),
        }
    }
}

/// The posterior of each tally. The normal prior lies at the mean of all with the weight of one episode.
fn beliefs(tallies: &[Tally], reward: Reward, all: &Tally) -> Vec<Option<Belief>> {
    let count = all.episodes.max(1) as f64;
    let spread = (all.squares / count - all.mean().powi(2)).max(0.0).sqrt();
    let one = |tally: &Tally| {
        let episodes = tally.episodes as f64;
        match reward {
            Reward::Return => {
                let returns = tally.sum.clamp(0.0, episodes);
                Beta::new(returns + 1.0, episodes - returns + 1.0).ok().map(Belief::Share)
            }
            Reward::Margin => {
                let mean = (tally.sum + all.mean()) / (episodes + 1.0);
                Normal::new(mean, spread / (episodes + 1.0).sqrt()).ok().map(Belief::Mean)
            }
        }
    };
    tallies.iter().map(one).collect()
}

/// For each action the probability that it is the best.
pub fn best(actions: &[Tally], reward: Reward, random: &mut ChaCha8Rng) -> Vec<f64> {
    let all = actions.iter().fold(Tally::default(), Tally::joined);
    let beliefs = beliefs(actions, reward, &all);
    let mut wins = vec![0_u32; actions.len()];
    for _ in 0..DRAWS {
        let drawn = beliefs.iter().map(|belief| belief.as_ref().map_or(f64::MIN, |belief| belief.draw(random)));
        let winner = drawn.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some(win) = winner.and_then(|(at, _)| wins.get_mut(at)) {
            *win += 1;
        }
    }
    wins.into_iter().map(|wins| f64::from(wins) / f64::from(DRAWS)).collect()
}

/// The probability that each action does worse than nothing.
pub fn harms(actions: &[Tally], holdout: &Tally, reward: Reward, random: &mut ChaCha8Rng) -> Vec<f64> {
    let all = actions.iter().fold(*holdout, Tally::joined);
    let nothing = beliefs(std::slice::from_ref(holdout), reward, &all).into_iter().next().flatten();
    let Some(nothing) = nothing else { return vec![0.0; actions.len()] };
    let worse = |belief: &Option<Belief>| {
        let Some(belief) = belief else { return 0.0 };
        let worse = (0..DRAWS).filter(|_| belief.draw(random) < nothing.draw(random)).count();
        worse as f64 / f64::from(DRAWS)
    };
    beliefs(actions, reward, &all).iter().map(worse).collect()
}

/// Weights from the probabilities of being best: every action at least the floor, thousandths that sum to 1.
pub fn weights(best: &[f64]) -> Vec<f64> {
    let count = best.len() as f64;
    let floor = FLOOR.min(1.0 / count.max(1.0));
    let exact: Vec<f64> = best.iter().map(|share| (1.0 - floor * count).mul_add(*share, floor) * 1_000.0).collect();
    let mut whole: Vec<u32> = exact.iter().map(|thousandths| (thousandths + 1e-9).floor() as u32).collect();
    // What rounding down left goes to the largest remainders.
    let left = 1_000_u32.saturating_sub(whole.iter().sum());
    let mut order: Vec<(usize, f64)> = exact.iter().map(|exact| exact.fract()).enumerate().collect();
    order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (at, _) in order.into_iter().cycle().take(if best.is_empty() { 0 } else { left as usize }) {
        if let Some(thousandths) = whole.get_mut(at) {
            *thousandths += 1;
        }
    }
    whole.into_iter().map(|thousandths| f64::from(thousandths) / 1_000.0).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::{Reward, Tally, best, harms, weights};

    fn tally(episodes: u64, returns: f64) -> Tally {
        Tally { episodes, sum: returns, squares: returns }
    }

    /// P(Beta(3, 2) > Beta(2, 3)) is 53/70, counted out from the binomial sums.
    #[test]
    fn the_best_is_as_probable_as_counted_out() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let shares = best(&[tally(3, 2.0), tally(3, 1.0)], Reward::Return, &mut random);
        assert!((shares[0] - 53.0 / 70.0).abs() < 0.01, "{shares:?}");
        let harm = harms(&[tally(3, 1.0)], &tally(3, 2.0), Reward::Return, &mut random);
        assert!((harm[0] - 53.0 / 70.0).abs() < 0.01, "{harm:?}");
    }

    #[test]
    fn weights_keep_the_floor_and_sum_to_one() {
        assert_eq!(weights(&[1.0, 0.0, 0.0]), [0.9, 0.05, 0.05]);
        assert_eq!(weights(&[1.0]), [1.0]);
        for best in [vec![1.0 / 3.0; 3], vec![0.5, 0.25, 0.125, 0.125], vec![1.0 / 30.0; 30]] {
            let weights = weights(&best);
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{weights:?}");
        }
    }
}
