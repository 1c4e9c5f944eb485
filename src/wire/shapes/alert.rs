//! An alert: one transition of a warning that the CRM hears of.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::Transition;
use crate::engine::alerting::value::Tier;
use crate::engine::rfm::features::Group;
use crate::wire::shapes::common::Rfm;
use crate::wire::shapes::envelope::{CloudEvent, Kinds};
use crate::wire::shapes::scalars::{CurrencyCode, DayText, MoneyText, UuidText};
use crate::wire::shapes::vocabulary::{Clearing, Ending, EndingCause, EpisodeBand, Word};

/// A transition of a warning. Its id is the same on any replay, so a subscriber that has seen it may drop it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(clippy::large_enum_variant, reason = "a schema is made of it, never a value")]
pub enum Alert<'a> {
    /// About a customer who is still known.
    Told(CloudEvent<'a, AlertKinds, AlertData<'a>>),
    /// About a customer who was erased.
    Erased(CloudEvent<'a, ErasedKinds, ErasedData>),
}

/// Types of alerts.
pub struct AlertKinds;

impl AlertKinds {
    /// The type of an alert of this transition.
    pub const fn of(transition: Transition) -> &'static str {
        match transition {
            Transition::Opened => "churnwatch.alert.opened",
            Transition::Escalated => "churnwatch.alert.escalated",
            Transition::Resolved(_) => "churnwatch.alert.resolved",
            Transition::Lapsed => "churnwatch.alert.lapsed",
            Transition::Withdrawn(_) => "churnwatch.alert.withdrawn",
        }
    }
}

impl Kinds for AlertKinds {
    const NAME: &'static str = "ToldAlert";
    const MEANING: &'static str = "A warning opened, escalated (at most once a band) or ended.";
    const TYPES: &'static [&'static str] = &[
        "churnwatch.alert.opened",
        "churnwatch.alert.escalated",
        "churnwatch.alert.resolved",
        "churnwatch.alert.lapsed",
        "churnwatch.alert.withdrawn",
    ];

    fn rules() -> Vec<(&'static [&'static str], Value)> {
        let open = json!({"cause": {"const": null}, "late": {"const": null}, "expires_day": {"type": "string"}});
        let ended = json!({
            "expires_day": {"const": null}, "clears": {"type": "array", "maxItems": 0}, "changed": {"const": null},
        });
        vec![
            (&["churnwatch.alert.opened", "churnwatch.alert.escalated"], open),
            (&["churnwatch.alert.escalated"], json!({"changed": {"const": null}})),
            (&["churnwatch.alert.resolved", "churnwatch.alert.lapsed", "churnwatch.alert.withdrawn"], ended),
            (
                &["churnwatch.alert.resolved"],
                json!({"cause": {"enum": ["purchase", "score"]}, "late": {"type": "boolean"}}),
            ),
            (&["churnwatch.alert.lapsed"], json!({"cause": {"const": null}, "late": {"const": null}})),
            (&["churnwatch.alert.withdrawn"], json!({"cause": {"const": "opt_out"}, "late": {"const": null}})),
        ]
    }
}

/// The type of an alert about an erased customer.
pub struct ErasedKinds;

impl Kinds for ErasedKinds {
    const NAME: &'static str = "ErasedAlert";
    const MEANING: &'static str = "A warning is void because the customer was erased: nothing else is told any more.";
    const TYPES: &'static [&'static str] = &["churnwatch.alert.withdrawn"];
}

/// What is left to say of an erased customer: which warning is void.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ErasedData {
    /// Always `erasure`.
    #[schemars(extend("const" = "erasure"))]
    pub cause: Option<EndingCause>,
    /// The local day of the erasure.
    pub day: DayText,
    /// Which warning.
    pub episode_id: UuidText,
}

/// What an alert says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AlertData<'a> {
    /// What the playbook recommends, the same to the end of the warning; null where no rule fits.
    pub action: Option<ActionShape<'a>>,
    /// Band now; at an ending the highest reached.
    pub band: Word<EpisodeBand>,
    /// Why the warning ended; null while it is open, and of a lapse.
    pub cause: Option<EndingCause>,
    /// At an opening: what happened since the last warning that the CRM heard of; null with the first, and otherwise.
    pub changed: Option<ChangedShape>,
    /// While the warning is open: types of the events that would each end it well if they came next; else empty.
    pub clears: Vec<Word<Clearing>>,
    /// Base currency of every amount.
    pub currency: CurrencyCode,
    /// The local day of this word.
    pub day: DayText,
    /// Which warning this is about.
    pub episode_id: UuidText,
    /// Last purchase day + horizon; null with `score`.
    pub expected_churn_day: Option<DayText>,
    /// While the warning is open: the day on which it is void, since the silence is churn by then; else null.
    pub expires_day: Option<DayText>,
    /// P(no purchase in the next horizon), a probability; null with `score`.
    #[schemars(range(min = 0, max = 1))]
    pub forward_score: Option<f64>,
    /// Of a resolution: whether the purchase came when its day was closed already; else null.
    pub late: Option<bool>,
    /// `score` as log-odds, calibrated: `reference_log_odds` plus every contribution; null with `score`.
    pub log_odds: Option<f64>,
    /// Name and digest of the model that scored.
    pub model: &'a str,
    /// The local day that the warning opened.
    pub opened_day: DayText,
    /// Always true: the warning was made from this customer's own data.
    pub personalised: bool,
    /// Band before; null where there was none.
    pub previous_band: Option<Word<Band>>,
    /// Probability of being treated that the arm was drawn with.
    #[schemars(range(min = 0, max = 1))]
    pub propensity: f64,
    /// Why the score is what it is, what speaks most for leaving first (where nothing does, the silence);
    /// empty with a `score` of null.
    pub reasons: Vec<ReasonShape>,
    /// Log-odds of the same customer on the day after the last purchase; null with `score`.
    pub reference_log_odds: Option<f64>,
    /// RFM scores now; null where the customer has no score any more.
    pub rfm: Option<Rfm>,
    /// P(this silence will exceed the horizon), a probability; null where the customer has no score any more.
    #[schemars(range(min = 0, max = 1))]
    pub score: Option<f64>,
    /// Name of the segment at the last close; null before the first.
    pub segment: Option<&'a str>,
    /// Days since the last purchase day; null with `score`.
    #[schemars(range(min = 0))]
    pub silence_days: Option<i32>,
    /// Value tier now.
    pub tier: Word<Tier>,
    /// Margin that leaves with the customer over the horizon, in base currency.
    pub value_at_risk: MoneyText,
}

/// One group of features and what it contributes to the score.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ReasonGiven")]
pub struct ReasonShape {
    /// The group.
    pub code: Word<Group>,
    /// What it adds to the log-odds; above zero speaks for leaving.
    pub contribution: f64,
    /// The sentence in English.
    pub en: String,
    /// What the sentences say, as values.
    pub parameters: ReasonParameters,
    /// The sentence in Chinese, simplified.
    pub zh: String,
}

/// Values of a reason's sentence; only those that the sentence names are there.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ReasonParameters {
    /// Engagement: visits, views and logins, decayed with a half-life of 30 days, to a tenth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    pub attention: Option<f64>,
    /// Value: base currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CurrencyCode")]
    pub currency: Option<CurrencyCode>,
    /// Silence: days since the last purchase day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32")]
    pub days: Option<i32>,
    /// Silence: mean days between purchase days, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub gap: Option<i64>,
    /// Value: spend of the last purchase day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MoneyText")]
    pub last: Option<MoneyText>,
    /// Trend: smoothed days between the latest purchase days, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub recent: Option<i64>,
    /// Satisfaction: answer to the last survey, percent of full satisfaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub satisfied: Option<i64>,
    /// Trend: mean days between purchase days, whole. Value: spend of a mean purchase day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Usual")]
    pub usual: Option<Usual>,
}

/// What is usual: days or an amount.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Usual {
    /// Days, whole.
    Days(i64),
    /// An amount in base currency.
    Spend(MoneyText),
}

/// The last warning that the CRM heard of, and what the customer did since.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Changed")]
pub struct ChangedShape {
    /// The sentence in English.
    pub en: String,
    /// Its highest band.
    pub last_band: Word<EpisodeBand>,
    /// Why it ended; null of a lapse.
    pub last_cause: Option<EndingCause>,
    /// The local day that it ended.
    pub last_ended_day: DayText,
    /// How it ended.
    pub last_ending: Option<Ending>,
    /// The local day that it opened.
    pub last_opened_day: DayText,
    /// The silence score at its opening, a probability.
    #[schemars(range(min = 0, max = 1))]
    pub last_score: f64,
    /// Value at risk at its opening, in base currency.
    pub last_value_at_risk: MoneyText,
    /// Net spend since it ended, in base currency.
    pub net_since: MoneyText,
    /// Purchases since it ended, on that day too.
    pub purchases_since: u32,
    /// The sentence in Chinese, simplified.
    pub zh: String,
}

/// What the playbook recommends. Null where today's playbook has no such action any more: `channel`, `owner`,
/// `deadline_day`, `en`, `zh`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Action")]
pub struct ActionShape<'a> {
    /// How the customer is reached.
    pub channel: Option<&'a str>,
    /// Most that may be spent on the customer, in base currency; null: no cap.
    pub cost_cap: Option<MoneyText>,
    /// The local day by which it is to be done.
    pub deadline_day: Option<DayText>,
    /// What to do, in English.
    pub en: Option<&'a str>,
    /// Name of the action; null where nobody remembers it.
    pub name: Option<&'a str>,
    /// What is offered; null: nothing.
    pub offer: Option<OfferShape<'a>>,
    /// Who does it.
    pub owner: Option<&'a str>,
    /// Probability that the action was drawn with.
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
    /// Name of the rule that it was drawn by; null where nobody remembers it.
    pub rule: Option<&'a str>,
    /// What to do, in Chinese, simplified.
    pub zh: Option<&'a str>,
}

/// An offer. Its terms are those of its class, the same for every customer of the same value at risk.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Offer")]
pub struct OfferShape<'a> {
    /// Of a voucher: amount off the next order, in base currency; else null.
    pub amount: Option<MoneyText>,
    /// Its class: discount, voucher, points, or one of the company's own, which has no price terms.
    pub class: &'a str,
    /// Of a discount: percent off the next order; else null.
    pub percent: Option<f64>,
    /// Of points: how many; else null.
    pub points: Option<u32>,
}
