//! A row of the exported profiles: the profile, and what an analyst asks for besides.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::shapes::profile::ProfileShape;
use crate::wire::shapes::scalars::{DayText, MoneyText};

/// A customer as a row.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileRow<'a> {
    /// What everybody is shown.
    pub profile: ProfileShape<'a>,
    /// What follows from it, or stands beside it.
    pub more: MoreShape<'a>,
}

/// What follows from a profile, or stands beside it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "More")]
pub struct MoreShape<'a> {
    /// Last purchase day + horizon: when the silence is churn; null once it is, and without a purchase.
    pub expected_churn_day: Option<DayText>,
    /// Mean days between purchase days; null with fewer than two.
    pub mean_gap_days: Option<f64>,
    /// The same, the last gaps counting most (exponentially smoothed).
    pub recent_gap_days: Option<f64>,
    /// Longest days between two purchase days; null with fewer than two.
    pub longest_gap_days: Option<i32>,
    /// What was paid in a mean purchase, rounded down; null without one.
    pub mean_purchase: Option<MoneyText>,
    /// Name and digest of the model that scored.
    pub model: &'a str,
}
