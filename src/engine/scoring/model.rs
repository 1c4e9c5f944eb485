//! What `train` makes and the engine scores with: two heads on one feature vector, thresholds and tier edges.

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::rfm::features::{FeatureConstants, Features, features};
use crate::engine::rfm::view::View;
use crate::engine::scoring::logistic::Head;

/// A model in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Name and digest of the artifact, as shown to people.
    pub version: String,
    /// Constants of the features, the horizon H among them.
    pub constants: FeatureConstants,
    /// P(this silence will exceed H), defined while it is below H.
    pub silence: Head,
    /// P(no purchase in the next H days).
    pub forward: Head,
    /// Scores at which watch, high and critical begin; ascending.
    pub thresholds: [f64; 3],
    /// Net spend of a year at which tier mid and tier high begin; ascending.
    pub tier_edges: [Money; 2],
    /// The midnight that closes the training window.
    pub trained_until: Day,
}

impl Model {
    /// The churn horizon H in days.
    pub const fn horizon_days(&self) -> i32 {
        self.constants.horizon_days
    }

    /// The features of a view under this model's constants.
    pub fn features(&self, view: &View) -> Option<Features> {
        features(view, &self.constants)
    }
}
