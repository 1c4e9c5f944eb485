//! The metrics against scikit-learn's, on the arrays of tests/fixtures/metrics (make.py beside them says how each is defined).

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use churnwatch::training::metrics::{auc, brier, ece, log_loss};
use serde::Deserialize;

/// Arrays and what they come to; lift and calibration by bins are kept for figures that are still to come.
#[derive(Deserialize)]
struct Case {
    name: String,
    scores: Vec<f64>,
    churned: Vec<u8>,
    auc: Option<f64>,
    log_loss: f64,
    brier: f64,
    ece: f64,
}

fn same(name: &str, figure: &str, ours: f64, theirs: f64) {
    let close = (ours - theirs).abs() <= 1e-12 * theirs.abs() + 1e-17;
    assert!(close, "{name}: {figure} is {ours:?}, scikit-learn says {theirs:?}");
}

#[test]
fn figures_are_scikit_learn_s() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/metrics/golden.json")).unwrap();
    assert!(cases.len() >= 16 && cases.iter().any(|case| case.auc.is_none()), "the arrays say too little");
    for case in cases {
        let churned: Vec<bool> = case.churned.iter().map(|churned| *churned == 1).collect();
        assert_eq!(churned.len(), case.scores.len(), "{}", case.name);
        // scikit-learn knows no area with one class alone; ours is that of a coin.
        same(&case.name, "auc", auc(&case.scores, &churned), case.auc.unwrap_or(0.5));
        same(&case.name, "log loss", log_loss(&case.scores, &churned), case.log_loss);
        same(&case.name, "brier", brier(&case.scores, &churned), case.brier);
        same(&case.name, "ece", ece(&case.scores, &churned), case.ece);
    }
}
