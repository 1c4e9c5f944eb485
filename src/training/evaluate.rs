//! How good scores were: figures, their intervals, lift.

use crate::engine::customer::uniform;
use crate::engine::day::Day;
use crate::engine::rfm::features::Features;
use crate::engine::scoring::model::Model;
use crate::training::history::History;
use crate::training::metrics::{auc, brier, ece, lift, log_loss, share};
use crate::training::rows::{Row, RowRules, forward_rows};
use crate::training::treatments::Treatments;

/// A score and what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Position of the customer in the history.
    pub customer: u32,
    /// Probability of churn.
    pub score: f64,
    /// Days of silence, recency.
    pub silence_days: i32,
    /// What came true.
    pub churned: bool,
}

impl Scored {
    /// A row with its score.
    pub const fn of_row(row: &Row, score: f64) -> Self {
        Self { customer: row.customer, score, silence_days: row.silence_days, churned: row.churned }
    }
}

/// Figures of a set of scores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Area under the ROC curve.
    pub auc: f64,
    /// The same among customers silent for at most H days, of whom a warning is still of use.
    pub auc_active: f64,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error, ten bins.
    pub ece: f64,
    /// AUC of the silence alone.
    pub idle_auc: f64,
    /// AUC of the silence alone among the active.
    pub idle_auc_active: f64,
}

impl Figures {
    /// Names, in the order of [`Figures::values`].
    pub const NAMES: [&str; 7] = ["auc", "auc_active", "log_loss", "brier", "ece", "idle_auc", "idle_auc_active"];

    /// What each is, for people, by [`Figures::NAMES`].
    pub const MEANINGS: [&str; 7] = [
        "how often who churned scored above who did not (area under the ROC curve; chance is .5)",
        "the same among those silent for at most a horizon",
        "how surprising what happened was (mean negative log likelihood; less is better)",
        "mean squared error of the probabilities (less is better)",
        "how far probabilities are from the shares that churned (ten bins; less is better)",
        "what the days of silence alone would have had for auc",
        "what they would have had for auc_active",
    ];

    /// All figures.
    pub const fn values(&self) -> [f64; 7] {
        [self.auc, self.auc_active, self.log_loss, self.brier, self.ece, self.idle_auc, self.idle_auc_active]
    }
}

/// Figures of scores with their intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Scores.
    pub rows: usize,
    /// Share that churned.
    pub base_rate: f64,
    /// The figures.
    pub figures: Figures,
    /// 95 % intervals of each figure, by [`Figures::NAMES`].
    pub intervals: [[f64; 2]; 7],
    /// How many times the base rate each tenth of the rows has, highest scores first.
    pub lift: Vec<f64>,
}

/// The rows of every customer with a purchase before the midnight that opens `at`, as often as `treatments` says: once
/// where nobody was warned about.
pub fn rows_at(history: &History, model: &Model, treatments: &Treatments, at: Day, lateness_days: i32) -> Vec<Row> {
    let rules = RowRules { constants: model.constants, lateness_days, treatments, seed: 0 };
    forward_rows(history, &[at], 1.0, &rules)
}

/// Scores rows by `score`.
pub fn scored(rows: &[Row], score: impl Fn(&Features) -> f64) -> Vec<Scored> {
    rows.iter().map(|row| Scored::of_row(row, score(&row.features))).collect()
}

/// The figures of scores; `horizon_days` is H.
pub fn figures(scored: &[Scored], horizon_days: i32) -> Figures {
    let (mut scores, mut idle, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    let (mut active_scores, mut active_idle, mut active_truth) = (Vec::new(), Vec::new(), Vec::new());
    for Scored { score, silence_days, churned, .. } in scored {
        scores.push(*score);
        idle.push(f64::from(*silence_days));
        truth.push(*churned);
        if *silence_days < horizon_days {
            active_scores.push(*score);
            active_idle.push(f64::from(*silence_days));
            active_truth.push(*churned);
        }
    }
    Figures {
        auc: auc(&scores, &truth),
        auc_active: auc(&active_scores, &active_truth),
        log_loss: log_loss(&scores, &truth),
        brier: brier(&scores, &truth),
        ece: ece(&scores, &truth),
        idle_auc: auc(&idle, &truth),
        idle_auc_active: auc(&active_idle, &active_truth),
    }
}

/// Share of scores that churned.
pub fn base_rate(scored: &[Scored]) -> f64 {
    share(scored.iter().map(|row| row.churned))
}

/// Figures with 95 % bootstrap intervals by customer.
pub fn evaluate(scored: &[Scored], horizon_days: i32) -> Evaluation {
    let figures_of = |scored: &[Scored]| figures(scored, horizon_days).values();
    let (scores, truth): (Vec<f64>, Vec<bool>) = scored.iter().map(|row| (row.score, row.churned)).unzip();
    Evaluation {
        rows: scored.len(),
        base_rate: base_rate(scored),
        figures: figures(scored, horizon_days),
        intervals: intervals(scored, |row| row.customer, figures_of),
        lift: lift(&scores, &truth),
    }
}

/// Fewest and most resamples of a bootstrap, and the rows that all of them together may have.
const RESAMPLES: [usize; 2] = [100, 500];
const RESAMPLED_ROWS: usize = 20_000_000;

/// 95 % intervals of `figures` by the Poisson bootstrap over customers: each stands in a resample as often as a Poisson
/// draw of mean one says (Chamandy, Muralidharan, Najmi, Naidu 2012), so no order and no machine matters.
pub fn intervals<T: Copy, const N: usize>(
    rows: &[T],
    customer: impl Fn(&T) -> u32,
    figures: impl Fn(&[T]) -> [f64; N],
) -> [[f64; 2]; N] {
    let [fewest, most] = RESAMPLES;
    let resamples = (RESAMPLED_ROWS / rows.len().max(1)).clamp(fewest, most);
    let mut drawn: Vec<[f64; N]> = Vec::with_capacity(resamples);
    let mut sample = Vec::with_capacity(rows.len() + rows.len() / 8);
    for resample in 0..resamples as u32 {
        sample.clear();
        for row in rows {
            let draw = uniform(&[&customer(row).to_le_bytes(), &resample.to_le_bytes()]);
            sample.extend(std::iter::repeat_n(*row, poisson_one(draw)));
        }
        drawn.push(figures(&sample));
    }
    std::array::from_fn(|figure| {
        let mut values: Vec<f64> = drawn.iter().filter_map(|drawn| drawn.get(figure)).copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |share: f64| values.get((share * (values.len() - 1) as f64).round() as usize).copied();
        [0.025, 0.975].map(|share| quantile(share).unwrap_or(f64::NAN))
    })
}

/// The Poisson quantile of mean one.
fn poisson_one(draw: f64) -> usize {
    let (mut count, mut term) = (0, (-1.0_f64).exp());
    let mut below = term;
    while draw >= below && count < 20 {
        count += 1;
        term /= count as f64;
        below += term;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{intervals, poisson_one};
    use crate::engine::customer::uniform;

    #[test]
    fn the_interval_of_a_mean_is_that_of_theory() {
        let rows: Vec<(u32, f64)> = (0..4_000_u32).map(|at| (at, uniform(&[&at.to_le_bytes()]))).collect();
        let mean = |rows: &[(u32, f64)]| [rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64];
        let [[low, high]] = intervals(&rows, |row| row.0, mean);
        // Standard deviation of a uniform number over the root of the count, times 2 · 1.96.
        let theory = 2.0 * 1.96 / 12.0_f64.sqrt() / 4_000.0_f64.sqrt();
        assert!(((high - low) / theory - 1.0).abs() < 0.15, "{} {theory}", high - low);
        assert!(low < 0.5 && 0.5 < high);
    }

    #[test]
    fn poisson_draws_have_mean_and_variance_one() {
        let draws: Vec<f64> = (0..200_000_u32).map(|at| poisson_one(uniform(&[&at.to_le_bytes()])) as f64).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((mean - 1.0).abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
