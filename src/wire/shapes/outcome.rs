//! Outcomes: openings, escalations and endings of both arms, and what came of a warning.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::value::Tier;
use crate::wire::shapes::envelope::{CloudEvent, Kinds};
use crate::wire::shapes::scalars::{CurrencyCode, DayText, MoneyText, UuidText};
use crate::wire::shapes::vocabulary::{Ending, EndingCause, EpisodeBand, Word};

/// What became of a warning, in either arm. For measuring, not for the CRM.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(clippy::large_enum_variant, reason = "a schema is made of it, never a value")]
pub enum Outcome<'a> {
    /// It opened, escalated or ended.
    Changed(CloudEvent<'a, TransitionKinds, TransitionData<'a>>),
    /// It was measured.
    Matured(CloudEvent<'a, MaturedKinds, MaturedData<'a>>),
}

/// Types of transitions.
pub struct TransitionKinds;

impl Kinds for TransitionKinds {
    const NAME: &'static str = "TransitionOutcome";
    const MEANING: &'static str = "A warning opened, escalated or ended.";
    const TYPES: &'static [&'static str] =
        &["churnwatch.outcome.opened", "churnwatch.outcome.escalated", "churnwatch.outcome.ended"];

    fn rules() -> Vec<(&'static [&'static str], Value)> {
        let open = json!({"ending": {"const": null}, "cause": {"const": null}});
        vec![
            (&["churnwatch.outcome.opened", "churnwatch.outcome.escalated"], open),
            (&["churnwatch.outcome.ended"], json!({"ending": {"type": "string"}})),
        ]
    }
}

/// The type of a measured outcome.
pub struct MaturedKinds;

impl Kinds for MaturedKinds {
    const NAME: &'static str = "MaturedOutcome";
    const MEANING: &'static str =
        "What the customer bought in the days after the opening (30 by default), once they are over.";
    const TYPES: &'static [&'static str] = &["churnwatch.outcome.matured"];
}

/// A transition of a warning.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TransitionData<'a> {
    /// Name of the action drawn at the opening, before the arm: of a held-out warning what would have been done; null
    /// where no rule fits.
    pub action: Option<&'a str>,
    /// Probability that the action was drawn with.
    #[schemars(range(min = 0, max = 1))]
    pub action_probability: Option<f64>,
    /// Side of the experiment.
    pub arm: Word<Arm>,
    /// Band now; at an ending the highest reached; null where the customer was erased.
    pub band: Option<Word<EpisodeBand>>,
    /// Why it ended; null while it is open, and of a lapse.
    pub cause: Option<EndingCause>,
    /// Base currency.
    pub currency: CurrencyCode,
    /// The local day of this transition.
    pub day: DayText,
    /// How it ended; null while it is open.
    pub ending: Option<Ending>,
    /// Which warning.
    pub episode_id: UuidText,
    /// Name and digest of the model that scored.
    pub model: &'a str,
    /// The local day that it opened.
    pub opened_day: DayText,
    /// Probability of being treated that the arm was drawn with.
    #[schemars(range(min = 0, max = 1))]
    pub propensity: f64,
    /// Name of the rule that it was drawn by.
    pub rule: Option<&'a str>,
    /// P(this silence will exceed the horizon), a probability; null where the customer has no score any more.
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// Name of the segment at the last close; null before the first, and where the customer was erased.
    pub segment: Option<&'a str>,
    /// Value tier now; null where the customer was erased.
    pub tier: Option<Word<Tier>>,
    /// Margin that leaves with the customer over the horizon, in base currency; null where the customer was erased.
    pub value_at_risk: Option<MoneyText>,
}

/// What came of a warning.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MaturedData<'a> {
    /// Name of the action drawn at the opening; null where no rule fits.
    pub action: Option<&'a str>,
    /// Probability that the action was drawn with.
    #[schemars(range(min = 0, max = 1))]
    pub action_probability: Option<f64>,
    /// Side of the experiment.
    pub arm: Word<Arm>,
    /// Band at the opening.
    pub band: Word<EpisodeBand>,
    /// Whether somebody got in touch.
    pub contacted: bool,
    /// Base currency.
    pub currency: CurrencyCode,
    /// The local day whose close settled this.
    pub day: DayText,
    /// Which warning.
    pub episode_id: UuidText,
    /// What was paid, in base currency.
    pub gross: MoneyText,
    /// Margin on the revenue, in base currency.
    pub margin: MoneyText,
    /// The local day that it opened.
    pub opened_day: DayText,
    /// Probability of being treated that the arm was drawn with.
    #[schemars(range(min = 0, max = 1))]
    pub propensity: f64,
    /// Days with a purchase since the opening.
    pub purchase_days: u32,
    /// Purchases since the opening.
    pub purchases: u32,
    /// What was paid less what was given back, in base currency.
    pub revenue: MoneyText,
    /// Name of the rule that it was drawn by.
    pub rule: Option<&'a str>,
    /// Name of the segment at the opening; null before the first close.
    pub segment: Option<&'a str>,
    /// Value tier at the opening.
    pub tier: Word<Tier>,
}
