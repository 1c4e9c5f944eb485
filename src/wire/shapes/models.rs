//! The models of a replica, as `/v1/model` shows them. What no model answers for is null.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::shapes::scalars::DayText;

/// The models in force, the promotion to come, and how well the first of them still fits. What no model answers for is null.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Models")]
pub struct ModelsShape<'a> {
    /// Each model in force, that of the most partitions first.
    pub in_force: Vec<InForceShape<'a>>,
    /// The promoted model that comes into force next.
    pub pending: Option<PendingShape<'a>>,
    /// The first of `in_force`; what follows is its own.
    pub version: Option<&'a str>,
    /// Silence that counts as churn.
    #[schemars(range(min = 1))]
    pub horizon_days: Option<i32>,
    /// The scores at which watch, high and critical begin.
    #[schemars(inner(range(min = 0, max = 1)))]
    pub thresholds: Option<[f64; 3]>,
    /// The midnight that closes the training window.
    pub trained_until: Option<DayText>,
    /// How each head did on rows that it had not seen.
    pub validation: Option<ValidationShape>,
    /// How today's customers differ from those of the training; docs/models.md.
    pub drift: Option<DriftShape>,
}

/// A model in force.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ModelInForce")]
pub struct InForceShape<'a> {
    /// Name and first 12 digits of the checksum.
    pub model: &'a str,
    /// Where it decides.
    pub partitions: Vec<u32>,
    /// Its first day, in any of the partitions; null since the beginning.
    pub since: Option<DayText>,
}

/// A promotion that is not in force yet.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "PendingModel")]
pub struct PendingShape<'a> {
    /// Name and first 12 digits of the checksum.
    pub model: &'a str,
    /// The first local day that it decides.
    pub effective_day: DayText,
}

/// How both heads did; null where that is unknown.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Validation")]
pub struct ValidationShape {
    /// P(this silence will exceed the horizon).
    pub silence: Option<HeadFiguresShape>,
    /// P(no purchase in the next horizon).
    pub forward: Option<HeadFiguresShape>,
}

/// How a head did on rows that it had not seen.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "HeadFigures")]
pub struct HeadFiguresShape {
    /// The midnight that opens the period of the rows judged.
    pub at: DayText,
    /// Rows judged.
    pub rows: u64,
    /// Share that churned.
    #[schemars(range(min = 0, max = 1))]
    pub base_rate: f64,
    /// Area under the ROC curve.
    #[schemars(range(min = 0, max = 1))]
    pub auc: f64,
    /// The same among those silent for at most the horizon.
    #[schemars(range(min = 0, max = 1))]
    pub auc_active: f64,
    /// Mean squared error.
    #[schemars(range(min = 0, max = 1))]
    pub brier: f64,
    /// Expected calibration error, ten bins.
    #[schemars(range(min = 0, max = 1))]
    pub ece: f64,
}

/// How customers have moved from what the training saw, and whether a new model is due.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Drift")]
pub struct DriftShape {
    /// The training's deciles of the silence score, and how the scores of the last 64 closes lie in them; empty where either is
    /// unknown.
    pub scores: Vec<BinShape>,
    /// Silences whose end is known, by the day that they were predicted on.
    pub cohorts: Vec<CohortShape>,
    /// Population stability index of those scores; null where nobody was scored or the training's are unknown.
    #[schemars(range(min = 0))]
    pub score_psi: Option<f64>,
    /// Share of features outside what the training saw.
    #[schemars(range(min = 0, max = 1))]
    pub clipped_share: f64,
    /// The same in the training; null where it is unknown.
    #[schemars(range(min = 0, max = 1))]
    pub clipped_share_in_training: Option<f64>,
    /// All cohorts together.
    pub matured: MaturedShape,
    /// Whether a new model is due.
    pub retraining_due: bool,
    /// Why, in sentences.
    pub reasons: Vec<String>,
}

/// A decile of the training's scores.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ScoreBin")]
pub struct BinShape {
    /// Where it ends; null for the last.
    #[schemars(range(min = 0, max = 1))]
    pub below: Option<f64>,
    /// Share of the training's scores in it.
    #[schemars(range(min = 0, max = 1))]
    pub training_share: f64,
    /// Share of the scores seen in it.
    #[schemars(range(min = 0, max = 1))]
    pub seen_share: f64,
}

/// Silences that were predicted on one day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Cohort")]
pub struct CohortShape {
    /// The local day.
    pub day: DayText,
    /// How many.
    pub silences: u32,
    /// How many of them were expected to exceed the horizon.
    #[schemars(range(min = 0))]
    pub expected: f32,
    /// How many did.
    pub exceeded: u32,
}

/// Silences whose end is known.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Matured")]
pub struct MaturedShape {
    /// How many.
    pub silences: u64,
    /// How many of them were expected to exceed the horizon.
    #[schemars(range(min = 0))]
    pub expected: f64,
    /// How many did.
    pub exceeded: u64,
    /// What happened over what was expected; null where nothing was.
    #[schemars(range(min = 0))]
    pub ratio: Option<f64>,
}
