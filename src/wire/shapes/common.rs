//! Parts that several records have.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::day::Day;
use crate::engine::rfm::rfm_scores::RfmScores;
use crate::wire::shapes::scalars::DayText;
use crate::wire::shapes::vocabulary::Word;

/// Scores of recency, frequency and monetary value, 1 (worst) to 5 (best).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Rfm {
    /// How often.
    #[schemars(range(min = 1, max = 5))]
    pub frequency: u8,
    /// For how much.
    #[schemars(range(min = 1, max = 5))]
    pub monetary: u8,
    /// How recently.
    #[schemars(range(min = 1, max = 5))]
    pub recency: u8,
}

impl From<RfmScores> for Rfm {
    fn from(RfmScores { recency, frequency, monetary }: RfmScores) -> Self {
        Self { frequency, monetary, recency }
    }
}

/// A day on which silence alone will change the band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct BandChange {
    /// To what.
    pub band: Word<Band>,
    /// When.
    pub day: DayText,
}

impl BandChange {
    /// The changes to come, in order.
    pub fn all(forecast: &[(Day, Band)]) -> Vec<Self> {
        forecast.iter().map(|(day, band)| Self { band: Word(*band), day: (*day).into() }).collect()
    }
}

/// The rule of a record about a customer who is held out: these fields are null, and nothing is forecast.
pub fn held_out(fields: &[&str]) -> Value {
    let nulls = fields.iter().map(|field| ((*field).to_owned(), json!({"const": null})));
    let mut then: Map<String, Value> = nulls.collect();
    then.insert("forecast".to_owned(), json!({"type": "array", "maxItems": 0}));
    json!({"if": {"properties": {"contactable": {"const": false}}}, "then": {"properties": then}})
}
