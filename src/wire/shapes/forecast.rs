//! The warnings to come, as `/v1/forecast` and `forecast --json` show them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::shapes::scalars::{CurrencyCode, DayText, MoneyText};

/// The warnings that silence alone will open in the coming days. Held-out ones are not among them, and which of them
/// capacity lets through is not foretold.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Forecast")]
pub struct ForecastShape {
    /// The last closed local day, which the days are counted from: of several partitions the earliest; null before the
    /// first close.
    pub closed_day: Option<DayText>,
    /// How many closes are looked ahead.
    #[schemars(range(min = 1, max = 365))]
    pub days: i32,
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// How many partitions are counted.
    pub partitions: u64,
    /// Whether there are others that are not.
    pub incomplete: bool,
    /// All of them, by value tier.
    pub warnings: TiersShape,
    /// Those of each day on which any opens, in order.
    pub by_day: Vec<DayShape>,
}

/// Warnings by value tier at the opening.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Tiers")]
pub struct TiersShape {
    /// Low.
    pub low: DueShape,
    /// Mid.
    pub mid: DueShape,
    /// High.
    pub high: DueShape,
}

/// The warnings of a day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "DayOfWarnings")]
pub struct DayShape {
    /// The local day whose close would open them.
    pub day: DayText,
    /// Low.
    pub low: DueShape,
    /// Mid.
    pub mid: DueShape,
    /// High.
    pub high: DueShape,
}

/// Some warnings.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Due")]
pub struct DueShape {
    /// How many.
    pub count: u64,
    /// Margin that would leave with their customers over the horizon, in base currency.
    pub value_at_risk: MoneyText,
}
