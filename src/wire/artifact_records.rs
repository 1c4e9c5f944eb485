//! The parts of a model artifact, as they stand in its JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::scoring::model::Validation;
use crate::wire::calendar::day;

/// Which head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeadName {
    /// P(this silence will exceed H).
    Silence,
    /// P(no purchase in the next H days).
    Forward,
}

impl std::fmt::Display for HeadName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Silence => "silence",
            Self::Forward => "forward",
        })
    }
}

/// One head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadRecord {
    /// Log-odds where all standardised features are zero.
    pub intercept: f64,
    /// Platt's slope.
    pub slope: f64,
    /// Platt's offset.
    pub offset: f64,
    /// The features used.
    pub features: Vec<FeatureRecord>,
}

/// One feature of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureRecord {
    /// Name in the feature table.
    pub name: String,
    /// Mean over the training rows.
    pub mean: f64,
    /// Standard deviation over the training rows.
    pub deviation: f64,
    /// Weight of the standardised feature.
    pub weight: f64,
}

/// Edges between the five scores of recency, frequency and monetary value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RfmRecord {
    /// Days since the last purchase.
    pub recency_days: [i32; 4],
    /// Purchase days of 365 days.
    pub frequency: [i32; 4],
    /// Net spend of 365 days, minor units.
    pub monetary: [i64; 4],
}

/// Spread of the silence scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceRecord {
    /// Deciles, ascending.
    pub edges: [f64; 9],
    /// Share of rows between them.
    pub shares: [f64; 10],
    /// Share of standardised features that were clipped.
    pub clipped: f64,
}

/// Figures of a head fitted on earlier rows alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationRecord {
    /// The midnight that opens the period of the rows judged.
    pub at: String,
    /// Rows judged.
    pub rows: u64,
    /// Share that churned.
    pub base_rate: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// The same among those silent for at most H days.
    pub auc_active: f64,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Mean squared error.
    pub brier: f64,
    /// Expected calibration error, ten bins.
    pub ece: f64,
}

impl ValidationRecord {
    /// The figures that are shown of it; `None` where its day is none.
    pub fn figures(&self) -> Option<Validation> {
        let Self { rows, base_rate, auc, auc_active, brier, ece, .. } = *self;
        let at = day(self.at.parse().ok()?);
        Some(Validation { at, rows, base_rate, auc, auc_active, brier, ece })
    }
}

/// How and on what a model was trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// First day of the history, YYYY-MM-DD.
    pub from: String,
    /// The midnight that closes it, YYYY-MM-DD.
    pub until: String,
    /// Customers seen.
    pub customers: u64,
    /// Events used.
    pub events: u64,
    /// SHA-256 of the events used, in order.
    pub data_digest: String,
    /// Rows of the silence head and of the forward head.
    pub rows: [u64; 2],
    /// L2 strength of the two heads.
    pub alpha: [f64; 2],
    /// Whether the level of the two heads goes by the season.
    pub season: [bool; 2],
    /// Share of customers that rows were made of; below 1 where the history was too large to keep.
    pub customers_share: f64,
    /// Treated and held-out warnings that rows were weighted by.
    pub warnings: [u64; 2],
    /// Seed of all sampling.
    pub seed: u64,
}
