//! A promotion as it stands on its topic: the key is the model's version, the value the artifact, a header the day.
//!
//! What does not fit this service is refused, by every replica alike, and never comes into force.

use std::sync::Arc;

use crate::engine::day::Day;
use crate::engine::scoring::model::Model;
use crate::wire::artifact::{Artifact, ArtifactFault};
use crate::wire::calendar;

/// The header that holds the first day that the model is to decide, YYYY-MM-DD.
pub const EFFECTIVE_DAY: &str = "effective_day";

/// Why a model can't be used here, or a promotion is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PromotionFault {
    /// No usable artifact.
    #[error(transparent)]
    Artifact(#[from] ArtifactFault),
    /// Trained for another question.
    #[error(
        "the model was trained for a horizon of {model} days, churn.horizon_days is {configured}: train a model with --horizon-days {configured}, or set churn.horizon_days = {model}"
    )]
    Horizon {
        /// The model's.
        model: i32,
        /// The configuration's.
        configured: i32,
    },
    /// Trained on amounts in other units.
    #[error(
        "the model was trained on amounts in {model}, money.currency is {configured}: train a model with this configuration"
    )]
    Currency {
        /// The model's.
        model: String,
        /// The configuration's.
        configured: String,
    },
    /// The key says otherwise than the artifact.
    #[error("the record's key is not the model's version {0}: promote models with `churnwatch promote`")]
    Key(String),
    /// Nobody knows from when on.
    #[error(
        "the record has no header {EFFECTIVE_DAY} of the form YYYY-MM-DD: promote models with `churnwatch promote`"
    )]
    Day,
}

/// What a model must fit.
#[derive(Clone, Debug)]
pub struct Fit {
    /// `churn.horizon_days`.
    pub horizon_days: i32,
    /// `money.currency`.
    pub currency: String,
}

impl Fit {
    /// Checks the horizon alone.
    pub fn check_horizon(&self, artifact: &Artifact) -> Result<(), PromotionFault> {
        let (model, configured) = (artifact.horizon_days, self.horizon_days);
        if model == configured { Ok(()) } else { Err(PromotionFault::Horizon { model, configured }) }
    }

    /// Whether the model was trained on amounts in the configuration's currency.
    pub fn has_currency_of(&self, artifact: &Artifact) -> bool {
        artifact.currency == self.currency
    }

    /// Checks everything that a promoted model must fit.
    pub fn check(&self, artifact: &Artifact) -> Result<(), PromotionFault> {
        self.check_horizon(artifact)?;
        let (model, configured) = (artifact.currency.clone(), self.currency.clone());
        if self.has_currency_of(artifact) { Ok(()) } else { Err(PromotionFault::Currency { model, configured }) }
    }
}

/// Reads a record with a value: the day, the artifact, and its model.
pub fn read_promotion(
    key: &[u8],
    value: &[u8],
    effective_day: Option<&[u8]>,
    fit: &Fit,
) -> Result<(Day, Artifact, Arc<Model>), PromotionFault> {
    let artifact = Artifact::read(value)?;
    fit.check(&artifact)?;
    let model = artifact.model()?;
    if key != model.version.as_bytes() {
        return Err(PromotionFault::Key(model.version));
    }
    let day = effective_day.and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(|text| text.parse().ok());
    let day = calendar::day(day.ok_or(PromotionFault::Day)?);
    Ok((day, artifact, Arc::new(model)))
}
