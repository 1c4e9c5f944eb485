//! Outcomes read back whole: what the study of effects is made of. Fields that older records lack are absent, not wrong.

use serde::Deserialize;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::value::Tier;
use crate::engine::day::Day;
use crate::wire::calendar::day;

/// One outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Digest of the record's id: the same record may be read twice.
    pub id: u128,
    /// The customer's id.
    pub customer: String,
    /// What is told.
    pub told: Told,
    /// Which episode.
    pub episode: Uuid,
    /// Its arm.
    pub arm: Arm,
    /// Probability of being treated that the arm was drawn with.
    pub propensity: f64,
    /// The day it opened.
    pub opened: Day,
    /// The day of this word.
    pub day: Day,
    /// Tier then; absent of an erased customer.
    pub tier: Option<Tier>,
    /// Segment.
    pub segment: Option<String>,
    /// The action drawn at the opening.
    pub action: Option<String>,
    /// The rule of the playbook that drew it.
    pub rule: Option<String>,
    /// Margin at risk, in major units.
    pub value_at_risk: Option<f64>,
    /// Currency of the amounts.
    pub currency: String,
}

/// What an outcome tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// An opening.
    Opened,
    /// An ending.
    Ended(Ending),
    /// What the customer did within the window.
    Matured {
        /// Whether somebody contacted the customer.
        contacted: bool,
        /// Purchases.
        purchases: u64,
        /// Margin of them, in major units.
        margin: f64,
    },
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By a purchase.
    WonBack,
    /// By an event that took the score down.
    Calmed,
    /// By time.
    Lapsed,
    /// By an opt-out or an erasure.
    Withdrawn,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    data: serde_json::Value,
}

#[derive(Deserialize)]
struct Data {
    episode_id: Uuid,
    arm: String,
    propensity: f64,
    opened_day: jiff::civil::Date,
    day: jiff::civil::Date,
    tier: Option<String>,
    segment: Option<String>,
    action: Option<String>,
    rule: Option<String>,
    value_at_risk: Option<String>,
    currency: String,
    ending: Option<String>,
    cause: Option<String>,
    contacted: Option<bool>,
    purchases: Option<u64>,
    margin: Option<String>,
}

/// Reads one outcome; `None` where it is of a kind that the study doesn't need.
pub fn facts(line: &[u8]) -> Result<Option<Facts>, String> {
    let envelope: Envelope = serde_json::from_slice(line).map_err(|fault| fault.to_string())?;
    let kind = match envelope.kind.strip_prefix("churnwatch.outcome.") {
        Some(kind @ ("opened" | "ended" | "matured")) => kind,
        Some(_) => return Ok(None),
        None => return Err(format!("\"{}\" is no outcome", envelope.kind)),
    };
    let data: Data = serde_json::from_value(envelope.data).map_err(|fault| fault.to_string())?;
    let told = match kind {
        "opened" => Told::Opened,
        "ended" => Told::Ended(ending(&data)?),
        _ => Told::Matured {
            contacted: data.contacted.ok_or("contacted is missing")?,
            purchases: data.purchases.ok_or("purchases is missing")?,
            margin: amount(data.margin.as_deref())?.ok_or("margin is missing")?,
        },
    };
    let arm = match data.arm.as_str() {
        "treated" if data.propensity > 0.0 && data.propensity <= 1.0 => Arm::Treated,
        "holdout" if data.propensity >= 0.0 && data.propensity < 1.0 => Arm::Holdout,
        other => return Err(format!("arm \"{other}\" with propensity {}", data.propensity)),
    };
    let tier = match data.tier.as_deref() {
        None if kind == "ended" => None,
        named => {
            let tier = Tier::ALL.into_iter().find(|tier| Some(tier.name()) == named);
            Some(tier.ok_or_else(|| format!("unknown tier {named:?}"))?)
        }
    };
    Ok(Some(Facts {
        id: xxh3_128(envelope.id.as_bytes()),
        customer: envelope.subject,
        told,
        episode: data.episode_id,
        arm,
        propensity: data.propensity,
        opened: day(data.opened_day),
        day: day(data.day),
        tier,
        segment: data.segment,
        action: data.action,
        rule: data.rule,
        value_at_risk: amount(data.value_at_risk.as_deref())?,
        currency: data.currency,
    }))
}

fn ending(data: &Data) -> Result<Ending, String> {
    match (data.ending.as_deref(), data.cause.as_deref()) {
        (Some("resolved"), Some("purchase")) => Ok(Ending::WonBack),
        (Some("resolved"), _) => Ok(Ending::Calmed),
        (Some("lapsed"), _) => Ok(Ending::Lapsed),
        (Some("withdrawn"), _) => Ok(Ending::Withdrawn),
        (other, _) => Err(format!("unknown ending {other:?}")),
    }
}

fn amount(text: Option<&str>) -> Result<Option<f64>, String> {
    let read = |text: &str| text.parse::<f64>().ok().filter(|amount| amount.is_finite());
    text.map(|text| read(text).ok_or_else(|| format!("\"{text}\" is no amount"))).transpose()
}

#[cfg(test)]
mod tests {
    use super::{Ending, Told, facts};

    #[test]
    fn the_golden_outcomes_are_read_and_what_is_none_is_refused() {
        let read = |line: &str| facts(line.as_bytes());
        let golden = include_str!("../../tests/golden/outcomes.jsonl");
        let all: Vec<_> = golden.lines().filter_map(|line| read(line).unwrap()).collect();
        let count = |told: fn(&Told) -> bool| all.iter().filter(|facts| told(&facts.told)).count();
        assert!(count(|told| *told == Told::Opened) > 0);
        assert!(count(|told| *told == Told::Ended(Ending::WonBack)) > 0);
        assert!(count(|told| matches!(told, Told::Matured { .. })) > 0);
        let line = golden.lines().find(|line| line.contains("outcome.opened")).unwrap();
        for (from, to) in [
            ("\"treated\"", "\"placebo\""),
            ("\"propensity\":0.7", "\"propensity\":0"),
            ("\"low\"", "\"lowest\""),
            ("outcome.opened", "outcome.matured"),
            ("outcome.opened", "outcome.ended"),
            ("churnwatch.outcome.opened", "something.else"),
        ] {
            let broken = line.replace(from, to);
            assert!(broken != line && read(&broken).is_err(), "{from} to {to}");
        }
        assert_eq!(read(&line.replace("outcome.opened", "outcome.escalated")), Ok(None));
    }
}
