//! How a model would have done: every customer scored at one midnight, against what then happened.

use crate::engine::day::Day;
use crate::engine::scoring::model::Model;
use crate::training::history::History;
use crate::training::metrics::{auc, brier, ece, log_loss};
use crate::training::rows::{RowRules, forward_rows};

/// One customer's score and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredCustomer {
    /// Its id.
    pub customer: Box<str>,
    /// P(no purchase in the next H days).
    pub forward: f64,
    /// Days of silence, recency.
    pub silence_days: i32,
    /// Whether nothing was bought in the H days.
    pub churned: bool,
}

/// Figures of a set of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Customers scored.
    pub customers: usize,
    /// Share that churned.
    pub base_rate: f64,
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

/// Scores every customer with a purchase before the midnight that opens `at`.
pub fn score(history: &History, model: &Model, at: Day, lateness_days: i32) -> Vec<ScoredCustomer> {
    let rules = RowRules { constants: model.constants, lateness_days };
    forward_rows(history, &[at], &rules)
        .into_iter()
        .map(|row| ScoredCustomer {
            customer: history
                .customers
                .get(row.customer as usize)
                .map_or_else(Box::default, |known| known.customer.clone()),
            forward: model.forward.score(&row.features),
            silence_days: row.silence_days,
            churned: row.churned,
        })
        .collect()
}

/// The figures of scored customers; `horizon_days` is H.
pub fn figures(scored: &[ScoredCustomer], horizon_days: i32) -> Figures {
    let active: Vec<&ScoredCustomer> = scored.iter().filter(|customer| customer.silence_days < horizon_days).collect();
    let all: Vec<&ScoredCustomer> = scored.iter().collect();
    let churned = |of: &[&ScoredCustomer]| of.iter().map(|customer| customer.churned).collect::<Vec<bool>>();
    let forward = |of: &[&ScoredCustomer]| of.iter().map(|customer| customer.forward).collect::<Vec<f64>>();
    let idle =
        |of: &[&ScoredCustomer]| of.iter().map(|customer| f64::from(customer.silence_days)).collect::<Vec<f64>>();
    let (truth, active_truth, scores) = (churned(&all), churned(&active), forward(&all));
    Figures {
        customers: scored.len(),
        base_rate: truth.iter().filter(|churned| **churned).count() as f64 / truth.len().max(1) as f64,
        auc: auc(&scores, &truth),
        auc_active: auc(&forward(&active), &active_truth),
        log_loss: log_loss(&scores, &truth),
        brier: brier(&scores, &truth),
        ece: ece(&scores, &truth),
        idle_auc: auc(&idle(&all), &truth),
        idle_auc_active: auc(&idle(&active), &active_truth),
    }
}
