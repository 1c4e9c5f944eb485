//! Why a score is what it is: contributions by group, relative to the same customer the day after the last purchase.
//!
//! Reference + contributions = calibrated log-odds, exactly as the head computes them.

use crate::engine::rfm::features::{Features, Group, Steady};
use crate::engine::scoring::model::Model;

/// A score taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reasons {
    /// Calibrated log-odds of the reference.
    pub reference: f64,
    /// What each group adds, by [`Group::ALL`].
    pub contributions: [f64; Group::ALL.len()],
    /// Calibrated log-odds of the view.
    pub log_odds: f64,
}

/// Takes the silence score apart of a customer whose features are known, and what of them stays.
///
/// The reference is the customer as it was the day after its last purchase, nothing having been heard from it but purchases.
/// Interactions are kept decayed, not dated, so their reference is none at all: what engagement and satisfaction
/// contribute is then all that they say (docs/decisions/0002-reference-of-reasons.md).
pub fn reasons(model: &Model, steady: &Steady, now: &Features) -> Reasons {
    let head = &model.silence;
    let then = steady.features(steady.last.plus(1), None, head.is_seasonal());
    let (now_terms, then_terms) = (head.group_terms(now), head.group_terms(&then));
    let mut contributions = now_terms;
    for (contribution, then) in contributions.iter_mut().zip(then_terms) {
        *contribution -= then;
    }
    Reasons { reference: head.log_odds(&then), contributions, log_odds: head.log_odds(now) }
}
