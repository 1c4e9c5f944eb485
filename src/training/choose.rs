//! Choosing between ways to fit: each is fitted on earlier rows and judged by log loss on later ones.

use crate::engine::scoring::logistic::Head;
use crate::training::evaluate::Scored;
use crate::training::fit::{Design, FitFault};
use crate::training::metrics::log_loss;
use crate::training::rows::Row;

/// L2 strengths tried, in the order of preference where they are equally good: the usual one first.
const ALPHAS: [f64; 4] = [1.0, 10.0, 100.0, 0.1];
/// Log losses nearer to each other than this share differ by chance.
const EQUALLY_GOOD: f64 = 1e-3;

/// Rows to choose by and rows to fit with in the end.
pub struct Split<'a> {
    /// Rows that the candidates are fitted with.
    pub earlier: Vec<&'a Row>,
    /// Rows that they are judged by.
    pub later: Vec<&'a Row>,
    /// Rows of the last fit.
    pub all: Vec<&'a Row>,
    /// Rows that both fits have besides.
    pub beside: &'a [Row],
}

/// What was chosen and fitted.
pub struct Chosen {
    /// The head fitted on all rows of its split.
    pub head: Head,
    /// Rows of the log in that fit.
    pub rows: u64,
    /// L2 strength.
    pub alpha: f64,
    /// How it did on the later rows; `None` where there is too little to choose by.
    pub trial: Option<Trial>,
}

impl Chosen {
    /// The later rows with their scores; empty where there is too little to choose by.
    pub fn validation(&self, later: &[&Row]) -> Vec<Scored> {
        let scores = self.trial.iter().flat_map(|trial| trial.scores.iter());
        later.iter().zip(scores).map(|(row, score)| Scored::of_row(row, *score)).collect()
    }
}

/// How a head fitted on the earlier rows did on the later ones.
pub struct Trial {
    alpha: f64,
    /// Log loss of the scores.
    pub log_loss: f64,
    /// Scores of the later rows, in their order.
    pub scores: Vec<f64>,
}

/// Chooses rows and strength on the later rows, then fits on all. The first split is taken where there is too little to
/// choose by.
pub fn fit_best(splits: &[Split<'_>], features: &[usize]) -> Result<Chosen, FitFault> {
    let mut best: Option<(&Split<'_>, Trial)> = None;
    for split in splits {
        let Some(trial) = judge(split, features) else { continue };
        if best.as_ref().is_none_or(|(_, known)| trial.log_loss < known.log_loss) {
            best = Some((split, trial));
        }
    }
    let (split, trial) = match best {
        Some((split, trial)) => (split, Some(trial)),
        None => (splits.first().ok_or(FitFault::TooLittle { rows: 0, rarer: 0 })?, None),
    };
    let alpha = trial.as_ref().map_or(1.0, |trial| trial.alpha);
    let head = Design::new(&split.all, split.beside, features).fit(alpha)?;
    Ok(Chosen { head, rows: split.all.len() as u64, alpha, trial })
}

/// The best strength on the later rows; `None` where there is too little to choose by.
fn judge(split: &Split<'_>, features: &[usize]) -> Option<Trial> {
    let design = Design::new(&split.earlier, split.beside, features);
    let churned: Vec<bool> = split.later.iter().map(|row| row.churned).collect();
    let trials = ALPHAS.iter().filter_map(|alpha| {
        let head = design.fit(*alpha).ok()?;
        let scores: Vec<f64> = split.later.iter().map(|row| head.score(&row.features)).collect();
        let log_loss = log_loss(&scores, &churned);
        Some(Trial { alpha: *alpha, log_loss, scores })
    });
    let trials: Vec<Trial> = trials.filter(|trial| trial.log_loss.is_finite()).collect();
    let best = trials.iter().map(|trial| trial.log_loss).reduce(f64::min)?;
    trials.into_iter().find(|trial| trial.log_loss <= best * (1.0 + EQUALLY_GOOD))
}
