//! Lists of customers, and what a purchase would change, as the API shows them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::engine::alerting::band::Band;
use crate::wire::shapes::forecast::TiersShape;
use crate::wire::shapes::profile::ProfileShape;
use crate::wire::shapes::scalars::{CurrencyCode, DayText, MoneyText};
use crate::wire::shapes::vocabulary::Word;

/// A page of customers, in order, and how many there are in all.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Customers")]
pub struct CustomersShape {
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// How many partitions are counted.
    pub partitions: u64,
    /// Whether there are others that are not: a replica does not answer, does not say where it is reached, or partitions are on
    /// the move.
    pub incomplete: bool,
    /// Seconds since the customers were counted and ordered. Each one shown is as of now; one that no longer fits is left
    /// out, so a page may have fewer than were asked for.
    pub age_seconds: u64,
    /// Customers that fit.
    pub count: u64,
    /// Margin that would leave with all of them over the horizon, in base currency.
    pub value_at_risk: MoneyText,
    /// Those of this page.
    #[schemars(with = "Vec<ProfileShape<'_>>")]
    pub customers: Vec<Value>,
    /// What to give as `after` for the next page; null on the last one.
    pub next: Option<String>,
}

/// How many customers there are of each sort, and what their warnings are worth.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Summary")]
pub struct SummaryShape {
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// How many partitions are counted.
    pub partitions: u64,
    /// Whether there are others that are not.
    pub incomplete: bool,
    /// The newest local day that any of them has closed; null before the first close.
    pub closed_day: Option<DayText>,
    /// Customers with a purchase.
    pub customers: u64,
    /// Those of them whose silence has become churn.
    pub churned: u64,
    /// Customers by band at the last close, those who are held out apart.
    pub bands: BandsShape,
    /// Warnings that opened with the close of `closed_day`, by value tier.
    pub opened: TiersShape,
    /// All open warnings, by value tier.
    pub open: TiersShape,
}

/// Customers by band.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Bands")]
pub struct BandsShape {
    /// Low.
    pub low: u64,
    /// Watch.
    pub watch: u64,
    /// High.
    pub high: u64,
    /// Critical.
    pub critical: u64,
}

/// What a purchase today would change.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "WhatIf")]
pub struct WhatIfShape<'a> {
    /// The customer's id.
    #[schemars(length(min = 1, max = 128))]
    pub customer_id: &'a str,
    /// The local day of the purchase.
    pub day: DayText,
    /// What would be paid.
    pub amount: MoneyText,
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// As things are.
    pub now: JudgedShape,
    /// With the purchase, after the day's close.
    pub then: JudgedShape,
}

/// How a customer is judged.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Judged")]
pub struct JudgedShape {
    /// P(this silence will exceed the horizon), a probability; null once it did, and without a purchase.
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// P(no purchase in the next horizon), a probability; null without a purchase.
    #[schemars(range(min = 0, max = 1))]
    pub forward_score: Option<f64>,
    /// Margin that leaves with the customer over the horizon, in base currency; null without a purchase.
    pub value_at_risk: Option<MoneyText>,
    /// Band; null before the first close, after a lapse, and while the customer is held out.
    pub band: Option<Word<Band>>,
}
