//! One logistic head: standardise, clip, dot, Platt calibration, sigmoid. Linear to the end, so its reasons are exact.

use crate::engine::rfm::features::{FEATURE_TABLE, Features, Group};

/// Standardised features are clipped to this many standard deviations.
pub const CLIP: f64 = 8.0;

/// One feature's part in a head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Position in the feature vector.
    pub feature: usize,
    /// Mean over the training rows.
    pub mean: f64,
    /// Standard deviation over the training rows, above zero.
    pub deviation: f64,
    /// Weight of the standardised feature.
    pub weight: f64,
}

impl Column {
    /// The standardised, clipped value.
    pub fn standardise(&self, features: &Features) -> f64 {
        let raw = features.get(self.feature).copied().unwrap_or_default();
        ((raw - self.mean) / self.deviation).clamp(-CLIP, CLIP)
    }

    /// The group of the feature.
    pub fn group(&self) -> Group {
        FEATURE_TABLE.get(self.feature).map_or(Group::Silence, |(_, group, _)| *group)
    }
}

/// A calibrated logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The features it uses, in ascending order of their position.
    pub columns: Vec<Column>,
    /// Log-odds where every standardised feature is zero, before calibration.
    pub intercept: f64,
    /// Platt's slope, above zero: calibrated log-odds = slope · raw + offset (Platt 1999).
    pub slope: f64,
    /// Platt's offset.
    pub offset: f64,
}

impl Head {
    /// Calibrated log-odds.
    pub fn log_odds(&self, features: &Features) -> f64 {
        self.measure(features).0
    }

    /// Calibrated log-odds, and how many features were clipped.
    pub fn measure(&self, features: &Features) -> (f64, u32) {
        let (mut raw, mut clipped) = (self.intercept, 0);
        for column in &self.columns {
            let value = column.standardise(features);
            raw += column.weight * value;
            clipped += u32::from(value.abs() >= CLIP);
        }
        (self.slope * raw + self.offset, clipped)
    }

    /// Whether it looks at interactions, whose features stand last but for the season's.
    pub fn hears(&self) -> bool {
        let last = self.columns.iter().rev().map(Column::group).find(|group| *group != Group::Season);
        matches!(last, Some(Group::Engagement | Group::Satisfaction))
    }

    /// Whether it looks at the season.
    pub fn is_seasonal(&self) -> bool {
        self.columns.last().is_some_and(|column| column.group() == Group::Season)
    }

    /// Calibrated probability.
    pub fn score(&self, features: &Features) -> f64 {
        sigmoid(self.log_odds(features))
    }

    /// Each group's share of the calibrated log-odds, by [`Group::ALL`]; intercept and offset are in none.
    pub fn group_terms(&self, features: &Features) -> [f64; Group::ALL.len()] {
        let mut terms = [0.0; Group::ALL.len()];
        for column in &self.columns {
            if let Some(term) = terms.get_mut(column.group() as usize) {
                *term += self.slope * column.weight * column.standardise(features);
            }
        }
        terms
    }
}

/// 1 / (1 + e^−x).
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// ln(p / (1 − p)).
pub fn logit(probability: f64) -> f64 {
    libm::log(probability / (1.0 - probability))
}
