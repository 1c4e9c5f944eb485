//! The risk record.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::wire::shapes::common::{BandChange, held_out};
use crate::wire::shapes::scalars::{CurrencyCode, DayText, InstantText, MoneyText};
use crate::wire::shapes::vocabulary::Word;

/// A customer's current risk, one flat object for upserts: the newest of a key is in force. A record without a value (a
/// tombstone) says that the customer was erased.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Risk", extend("allOf" = [held_out(&["band", "segment"])]))]
pub struct RiskRecord<'a> {
    /// The local day that this is as of.
    pub as_of: DayText,
    /// Band; null after a lapse, before the first close, and while `contactable` is false.
    pub band: Option<Word<Band>>,
    /// False while the customer is held out, from a warning's opening until it has ended and its outcome is measured: then
    /// leave the customer alone.
    pub contactable: bool,
    /// Base currency of `value_at_risk`.
    pub currency: CurrencyCode,
    /// The customer's id.
    #[schemars(length(min = 1, max = 128))]
    pub customer_id: &'a str,
    /// Last purchase day + horizon: when the silence is churn; null once it is, and without a purchase.
    pub expected_churn_day: Option<DayText>,
    /// The days on which silence alone will change the band, in order; empty while `contactable` is false.
    pub forecast: Vec<BandChange>,
    /// P(no purchase in the next horizon), a probability; null without a purchase.
    #[schemars(range(min = 0, max = 1))]
    pub forward_score: Option<f64>,
    /// Name and digest of the model that scored.
    pub model: &'a str,
    /// Whether the customer wants no messages.
    pub opted_out: bool,
    /// P(this silence will exceed the horizon), a probability; null after a lapse and without a purchase.
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// Name of the segment at the last close; null without a purchase, before the first close, and while `contactable` is
    /// false, since it may tell the band.
    pub segment: Option<&'a str>,
    /// Days since the last purchase day; null without a purchase.
    #[schemars(range(min = 0))]
    pub silence_days: Option<i32>,
    /// Value tier; null without a purchase.
    pub tier: Option<Word<Tier>>,
    /// When this was decided: an event's time, or for a close the midnight that ends the day.
    pub time: InstantText,
    /// Margin that leaves with the customer over the horizon, in base currency.
    pub value_at_risk: MoneyText,
}
