//! The metrics against scikit-learn's, on the arrays of tests/fixtures/metrics (make.py beside them says how each is defined).

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use churnwatch::training::metrics::{auc, brier, ece, lift, log_loss, reliability};
use serde::Deserialize;

/// Arrays and what they come to.
#[derive(Deserialize)]
struct Case {
    name: String,
    scores: Vec<f64>,
    churned: Vec<u8>,
    auc: Option<f64>,
    log_loss: f64,
    brier: f64,
    ece: f64,
    /// Rows, mean score and share churned of each bin; `None` where it is empty.
    calibration: Vec<Option<(u64, f64, f64)>>,
    /// `None` for an empty tenth, and everywhere where nobody churned.
    lift: Vec<Option<f64>>,
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
        let bins = reliability(&case.scores, &churned);
        assert_eq!(bins.len(), case.calibration.len(), "{}", case.name);
        for ((predicted, true_, count), theirs) in bins.into_iter().zip(case.calibration) {
            let (rows, mean, share) = theirs.unwrap_or_default();
            assert_eq!(count, rows, "{}", case.name);
            same(&case.name, "mean score of a bin", predicted, mean);
            same(&case.name, "share churned of a bin", true_, share);
        }
        let tenths = lift(&case.scores, &churned);
        assert_eq!(tenths.len(), case.lift.len(), "{}", case.name);
        for (ours, theirs) in tenths.into_iter().zip(case.lift) {
            // Where numpy has nothing to divide by, ours is 0.
            same(&case.name, "lift of a tenth", ours, theirs.unwrap_or(0.0));
        }
    }
}
