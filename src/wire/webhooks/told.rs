//! An alert read back, as far as messages and upserts tell of it, and which alerts an address wants.

use serde::Deserialize;

use crate::wire::texts::Language;

/// What every type of an alert begins with.
const TYPE_PREFIX: &str = "churnwatch.alert.";

/// An alert read back. The record itself is what a CloudEvents receiver gets, so nothing that is left out here is lost.
#[derive(Debug, Deserialize)]
pub struct Told {
    /// The same on any replay: the key by which a receiver knows it again.
    pub id: String,
    /// Its `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The customer.
    pub subject: String,
    /// What it says.
    pub data: Data,
}

/// What an alert says; of an erased customer almost nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Data {
    /// Which warning.
    pub episode_id: String,
    /// Band now, or the highest reached.
    pub band: Option<String>,
    /// Why the warning ended.
    pub cause: Option<String>,
    /// Base currency of every amount.
    pub currency: Option<String>,
    /// The local day of this word.
    pub day: String,
    /// Last purchase day + horizon.
    pub expected_churn_day: Option<String>,
    /// P(this silence will exceed the horizon).
    pub score: Option<f64>,
    /// Days since the last purchase.
    pub silence_days: Option<u32>,
    /// Segment at the last close.
    pub segment: Option<String>,
    /// Value tier.
    pub tier: Option<String>,
    /// Margin that leaves with the customer.
    pub value_at_risk: Option<String>,
    /// Why the score is what it is.
    pub reasons: Vec<Sentences>,
    /// What is recommended.
    pub action: Option<Action>,
}

/// A sentence in both languages.
#[derive(Debug, Deserialize)]
pub struct Sentences {
    en: Option<String>,
    zh: Option<String>,
}

/// What the playbook recommends.
#[derive(Debug, Deserialize)]
pub struct Action {
    /// Its name.
    pub name: Option<String>,
    /// How the customer is reached.
    pub channel: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// The local day by which it is to be done.
    pub deadline_day: Option<String>,
    /// What to do.
    #[serde(flatten)]
    pub text: Sentences,
}

impl Sentences {
    /// The sentence in a language.
    pub fn get(&self, language: Language) -> &str {
        let text = match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        };
        text.as_deref().unwrap_or_default()
    }
}

impl Told {
    /// Reads an alert; `None` where the record is none.
    pub fn read(record: &[u8]) -> Option<Self> {
        let told: Self = serde_json::from_slice(record).ok()?;
        // An id goes into a header, so it may hold nothing but what a UUID has.
        let sound = told.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !told.id.is_empty();
        (sound && told.kind.starts_with(TYPE_PREFIX)).then_some(told)
    }

    /// What happened: `opened`, `escalated`, `resolved`, `lapsed` or `withdrawn`.
    pub fn transition(&self) -> &str {
        self.kind.strip_prefix(TYPE_PREFIX).unwrap_or_default()
    }

    /// Whether it says that the customer was erased.
    pub fn is_erasure(&self) -> bool {
        self.data.cause.as_deref() == Some("erasure")
    }

    /// Whether the warning stands after it.
    pub fn is_open(&self) -> bool {
        ["opened", "escalated"].contains(&self.transition())
    }
}

/// Which alerts an address wants; an empty list leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Transitions.
    pub types: Vec<String>,
    /// Bands.
    pub bands: Vec<String>,
    /// Value tiers.
    pub tiers: Vec<String>,
}

impl Wanted {
    /// Whether the alert is wanted. That a customer was erased is told to everybody: there is something to delete.
    pub fn takes(&self, told: &Told) -> bool {
        let among = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| one == value))
        };
        told.is_erasure()
            || among(&self.types, Some(told.transition()))
                && among(&self.bands, told.data.band.as_deref())
                && among(&self.tiers, told.data.tier.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Told, Wanted};

    fn told(kind: &str, data: &serde_json::Value) -> Told {
        let alert = json!({"id": "1-a", "type": format!("churnwatch.alert.{kind}"), "subject": "bob", "data": data});
        Told::read(alert.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_no_alert_is_not_taken_for_one() {
        let id =
            |id: &str| json!({"id": id, "type": "churnwatch.alert.opened", "subject": "bob", "data": {}}).to_string();
        assert!(Told::read(id("1-a").as_bytes()).is_some());
        for wrong in [id(""), id("a\r\nx: y"), id("ü"), "{}".into(), "x".into(), id("1").replace("alert", "outcome")] {
            assert!(Told::read(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_filter_leaves_out_what_it_does_not_name_but_never_an_erasure() {
        let high = told("opened", &json!({"band": "high", "tier": "low"}));
        let erased = told("withdrawn", &json!({"cause": "erasure"}));
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(Wanted::default().takes(&high));
        let bands = |names| Wanted { bands: list(names), ..Wanted::default() };
        assert!(bands(&["critical", "high"]).takes(&high) && !bands(&["critical"]).takes(&high));
        let types = Wanted { types: list(&["resolved"]), ..Wanted::default() };
        let tiers = Wanted { tiers: list(&["mid"]), ..Wanted::default() };
        assert!(!types.takes(&high) && !tiers.takes(&high));
        assert!(types.takes(&erased) && tiers.takes(&erased));
    }
}
