//! What `train` makes and the engine scores with: two heads on one feature vector, thresholds and tier edges.

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::rfm::features::{FeatureConstants, Features, Steady};
use crate::engine::rfm::rfm_scores::RfmEdges;
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
    /// Quintiles that RFM scores are read off.
    pub rfm_edges: RfmEdges,
    /// The silence scores of the training, which drift is measured against; absent for an imported silence head.
    pub reference: Option<ScoreReference>,
    /// How each head did on rows that it had not seen: silence, forward; absent where that is unknown.
    pub validation: [Option<Validation>; 2],
    /// The midnight that closes the training window.
    pub trained_until: Day,
}

/// Figures of a head fitted on earlier rows alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// The midnight that opens the period of the rows judged.
    pub at: Day,
    /// Rows judged.
    pub rows: u64,
    /// Share that churned.
    pub base_rate: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// The same among those silent for at most H days.
    pub auc_active: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error, ten bins.
    pub ece: f64,
}

/// How the silence scores of the newest training rows were spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreReference {
    /// Deciles, ascending.
    pub edges: [f64; 9],
    /// Share of rows in each bin between them.
    pub shares: [f64; 10],
    /// Share of standardised features that were clipped.
    pub clipped: f64,
}

impl ScoreReference {
    /// The bin of a score: the number of edges at or below it.
    pub fn bin(edges: &[f64; 9], score: f64) -> usize {
        edges.partition_point(|edge| *edge <= score)
    }
}

impl Model {
    /// The churn horizon H in days.
    pub const fn horizon_days(&self) -> i32 {
        self.constants.horizon_days
    }

    /// Whether a head looks at interactions.
    pub fn hears(&self) -> bool {
        self.silence.hears() || self.forward.hears()
    }

    /// The features of a view under this model's constants; 0 for those that no head looks at.
    pub fn features(&self, view: &View) -> Option<Features> {
        Some(self.features_of(&Steady::of(view, &self.constants)?, view))
    }

    /// The same, of which is known what stays.
    pub fn features_of(&self, steady: &Steady, view: &View) -> Features {
        let heard = self.hears().then_some(view);
        let season = self.silence.is_seasonal() || self.forward.is_seasonal();
        steady.features(view.day, heard, season)
    }
}
