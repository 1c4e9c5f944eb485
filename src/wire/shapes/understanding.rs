//! What is understood of a customer: preferences, loyalty points, satisfaction.

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::shapes::scalars::DayText;
use crate::wire::shapes::vocabulary::{DayPart, Week, Word};

/// When, where and what the customer prefers to buy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Preferences<'a> {
    /// Weekdays or weekends.
    pub week: PreferenceShape<Word<Week>>,
    /// Part of the local day.
    pub day_part: PreferenceShape<Word<DayPart>>,
    /// Channel, as the purchases name it.
    pub channel: PreferenceShape<&'a str>,
    /// Category of the items that most was paid for.
    pub category: PreferenceShape<&'a str>,
}

/// A favourite that the purchases bear out; `value`, `share` and `count` are null where none is clear.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Preference_{T}")]
pub struct PreferenceShape<T> {
    /// The favourite; null also where nobody remembers its name.
    pub value: Option<T>,
    /// Share of the purchases that tell the attribute, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub share: Option<f64>,
    /// Purchases that show the favourite.
    pub count: Option<u16>,
    /// Purchases that tell the attribute at all.
    pub purchases: u16,
}

/// The loyalty account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Points {
    /// Points, the sum of all changes.
    pub balance: i64,
    /// The next points to expire; null where none do.
    pub expiring_next: Option<ExpiringPoints>,
}

/// Points that expire.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExpiringPoints {
    /// The last local day on which they can be spent.
    pub day: DayText,
    /// How many.
    pub points: i64,
}

/// What the customer last said, and what displeased it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Satisfaction<'a> {
    /// The last survey; null where there was none.
    pub survey: Option<Said>,
    /// The last review; null where there was none.
    pub review: Option<Said>,
    /// Whether a complaint is open.
    pub complaint_open: bool,
    /// What displeased the customer: a code of the company's own, `complaint` or `dissatisfied`; null where nothing did,
    /// or where it was free text.
    pub cause: Option<&'a str>,
}

/// What was said.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Said {
    /// From 0, worst, to 1, best.
    #[schemars(range(min = 0, max = 1))]
    pub value: f64,
    /// The local day.
    pub day: DayText,
}
