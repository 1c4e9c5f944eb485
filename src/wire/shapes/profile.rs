//! A profile, as `replay --profiles`, `inspect --json` and the API show it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::Suppression;
use crate::engine::alerting::value::Tier;
use crate::engine::event::INTERACTION_NAMES;
use crate::engine::rfm::style::Style;
use crate::wire::shapes::alert::ActionShape;
use crate::wire::shapes::common::{BandChange, Rfm, held_out};
use crate::wire::shapes::scalars::{CurrencyCode, DayText, MoneyText, UuidText};
use crate::wire::shapes::understanding::{Points, Preferences, Satisfaction};
use crate::wire::shapes::vocabulary::{EpisodeBand, Word};

/// What is known of a customer at the end of a local day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Profile", extend("allOf" = [held_out(&["band", "segment", "episode", "not_warned_because"])]))]
pub struct ProfileShape<'a> {
    /// The customer's id.
    #[schemars(length(min = 1, max = 128))]
    pub customer_id: &'a str,
    /// The local day at whose end this is.
    pub day: DayText,
    /// Days since the last purchase day that stands; null without a purchase.
    pub recency_days: Option<i32>,
    /// Days since the first purchase day that stands; null without a purchase.
    pub tenure_days: Option<i32>,
    /// Days with a purchase that stands, over the whole life.
    pub purchase_days: u32,
    /// Purchases, over the whole life.
    pub purchases: u32,
    /// What was paid over the whole life, in base currency.
    pub gross_spend: MoneyText,
    /// What was paid less what was given back, over the whole life, in base currency.
    pub net_spend: MoneyText,
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// The first purchase day that stands; null without a purchase.
    pub first_purchase_day: Option<DayText>,
    /// The last purchase day that stands; null without a purchase.
    pub last_purchase_day: Option<DayText>,
    /// The same over the last days.
    pub windows: Windows,
    /// Decayed counts of the kinds of interaction that occurred.
    #[schemars(extend("propertyNames" = {"enum": INTERACTION_NAMES}))]
    pub interactions: BTreeMap<&'static str, Decayed>,
    /// The loyalty account.
    pub points: Points,
    /// What the customer last said, and what displeased it.
    pub satisfaction: Satisfaction<'a>,
    /// RFM scores; null without a purchase.
    pub rfm: Option<Rfm>,
    /// Value tier; null without a purchase.
    pub tier: Option<Word<Tier>>,
    /// Name of the segment; null without a purchase, and while `contactable` is false.
    pub segment: Option<&'a str>,
    /// When, where and what the customer prefers to buy.
    pub preferences: Preferences<'a>,
    /// How the customer decides.
    pub style: Word<Style>,
    /// P(this silence will exceed the horizon), a probability; null once it did, and without a purchase.
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// P(no purchase in the next horizon), a probability; null without a purchase.
    #[schemars(range(min = 0, max = 1))]
    pub forward_score: Option<f64>,
    /// Margin that leaves with the customer over the horizon, in base currency; null without a purchase.
    pub value_at_risk: Option<MoneyText>,
    /// Band at the last close; null before the first, after a lapse, and while `contactable` is false.
    pub band: Option<Word<Band>>,
    /// False while the customer is held out, from a warning's opening until it has ended and its outcome is measured: then
    /// leave the customer alone.
    pub contactable: bool,
    /// The days on which silence alone will change the band, in order; empty while `contactable` is false.
    pub forecast: Vec<BandChange>,
    /// The open warning; null where there is none, and while `contactable` is false.
    pub episode: Option<EpisodeShape<'a>>,
    /// Why no warning is open although the score is at or above the watch threshold; else null, and while `contactable` is
    /// false.
    pub not_warned_because: Option<Word<Suppression>>,
    /// Whether the customer wants no messages.
    pub opted_out: bool,
}

/// Exact sums over the last 30, 90 and 365 local days.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Windows {
    /// The last 30 days.
    #[serde(rename = "30d")]
    pub month: WindowShape,
    /// The last 90 days.
    #[serde(rename = "90d")]
    pub quarter: WindowShape,
    /// The last 365 days.
    #[serde(rename = "365d")]
    pub year: WindowShape,
}

/// What was bought in a window.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Window")]
pub struct WindowShape {
    /// Days with a purchase that stands.
    pub purchase_days: u32,
    /// Purchases.
    pub purchases: u32,
    /// What was paid, in base currency.
    pub gross_spend: MoneyText,
    /// What was paid less what was given back in the window, in base currency.
    pub net_spend: MoneyText,
}

/// A decayed count with three half-lives.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Decayed {
    /// Half-life 7 days.
    #[serde(rename = "7d")]
    #[schemars(range(min = 0))]
    pub week: f32,
    /// Half-life 30 days.
    #[serde(rename = "30d")]
    #[schemars(range(min = 0))]
    pub month: f32,
    /// Half-life 90 days.
    #[serde(rename = "90d")]
    #[schemars(range(min = 0))]
    pub quarter: f32,
}

/// An open warning.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Episode")]
pub struct EpisodeShape<'a> {
    /// Its id, as in alerts and outcomes.
    pub episode_id: UuidText,
    /// The local day that it opened.
    pub opened_day: DayText,
    /// Highest band so far.
    pub band: Word<EpisodeBand>,
    /// Value tier at the opening.
    pub tier: Word<Tier>,
    /// Whether anybody hears of it: false during a backfill.
    pub published: bool,
    /// Value at risk at the opening, in base currency.
    pub value_at_risk: MoneyText,
    /// What the playbook recommends, drawn at the opening; null where no rule fitted.
    pub action: Option<ActionShape<'a>>,
}
