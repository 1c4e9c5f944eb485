//! What happened with a customer day by day, and why its score is what it is, as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::event::INTERACTION_NAMES;
use crate::wire::shapes::alert::ReasonShape;
use crate::wire::shapes::scalars::{CurrencyCode, DayText, MoneyText};
use crate::wire::shapes::vocabulary::{EpisodeBand, Word};

/// A customer's last 400 days.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Timeline")]
pub struct TimelineShape<'a> {
    /// The customer's id.
    #[schemars(length(min = 1, max = 128))]
    pub customer_id: &'a str,
    /// The local day at whose end this is.
    pub day: DayText,
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// The days of the last 400 on which money moved, ascending.
    pub purchases: Vec<BookedShape>,
    /// What was heard on the last days, while it is kept day by day (`time.lateness_days`), ascending.
    pub interactions: Vec<HeardShape>,
    /// The silence score at each close of the present silence, ascending, as the model in force says it. Closes before what is
    /// kept day by day are left out where they can't be scored as they were.
    pub scores: Vec<ScoreShape>,
    /// The same at each close to come until the horizon, if nothing more is heard.
    pub scores_if_silent: Vec<ScoreShape>,
    /// The score that each band begins with.
    pub thresholds: ThresholdsShape,
    /// The day on which the silence becomes churn; null without a purchase, and once it has.
    pub expected_churn_day: Option<DayText>,
    /// Log-odds of the same customer on the day after the last purchase; null without a score.
    pub reference_log_odds: Option<f64>,
    /// The score as log-odds: `reference_log_odds` plus every contribution; null without a score.
    pub log_odds: Option<f64>,
    /// Why the score is what it is, what speaks most for leaving first (where nothing does, the silence);
    /// empty without a score.
    pub reasons: Vec<ReasonShape>,
    /// The last warning that the CRM heard of to its end; null where there was none.
    pub last_warning: Option<LastWarningShape>,
}

/// A day on which money moved.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Booked")]
pub struct BookedShape {
    /// The local day.
    pub day: DayText,
    /// Purchases.
    pub purchases: u32,
    /// What was paid, in base currency.
    pub gross_spend: MoneyText,
    /// What was given back, in base currency.
    pub refunded: MoneyText,
}

/// Interactions of one kind on a day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "HeardOfKind")]
pub struct HeardShape {
    /// The local day.
    pub day: DayText,
    /// What it was.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = INTERACTION_NAMES))]
    pub kind: &'static str,
    /// How many.
    pub count: u32,
}

/// The score at a close.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ScoreOfDay")]
pub struct ScoreShape {
    /// The local day that closes.
    pub day: DayText,
    /// P(this silence will exceed the horizon), a probability.
    #[schemars(range(min = 0, max = 1))]
    pub score: f64,
}

/// Where bands begin.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Thresholds")]
pub struct ThresholdsShape {
    /// Watch.
    #[schemars(range(min = 0, max = 1))]
    pub watch: f64,
    /// High.
    #[schemars(range(min = 0, max = 1))]
    pub high: f64,
    /// Critical.
    #[schemars(range(min = 0, max = 1))]
    pub critical: f64,
}

/// A warning that has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "LastWarning")]
pub struct LastWarningShape {
    /// The local day that it opened.
    pub opened_day: DayText,
    /// The local day that it ended.
    pub ended_day: DayText,
    /// How it ended.
    #[schemars(extend("enum" = ["resolved", "lapsed", "withdrawn"]))]
    pub ending: &'static str,
    /// Its highest band.
    pub band: Word<EpisodeBand>,
    /// Value at risk at its opening, in base currency.
    pub value_at_risk: MoneyText,
}
