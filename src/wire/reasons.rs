//! A score taken apart, for people: each group's contribution with its parameters and a sentence in every language.

use fluent_bundle::FluentArgs;
use iso_currency::Currency;
use serde_json::{Map, Value, json};

use crate::engine::effect::{Facts, Scored};
use crate::engine::rfm::features::Group;
use crate::wire::money::money_text;
use crate::wire::texts::in_all_languages;

/// The groups that say something: what speaks most for leaving first, what speaks most for staying last. Contributions
/// add up to log-odds less reference.
pub fn reasons_json(scored: &Scored, currency: Currency) -> Vec<Value> {
    let mut parts: Vec<(Group, f64)> =
        Group::ALL.into_iter().zip(scored.reasons.contributions).filter(|(_, part)| *part != 0.0).collect();
    parts.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    parts.into_iter().map(|(group, contribution)| reason_json(group, contribution, scored, currency)).collect()
}

fn reason_json(group: Group, contribution: f64, scored: &Scored, currency: Currency) -> Value {
    let (id, parameters) = template(group, contribution > 0.0, scored, currency);
    let mut arguments = FluentArgs::new();
    for (name, value) in &parameters {
        match value {
            Value::Number(number) => arguments.set(name.clone(), number.as_f64().unwrap_or_default()),
            Value::String(text) => arguments.set(name.clone(), text.clone()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    let mut reason = Map::new();
    reason.insert("code".to_owned(), json!(group.code()));
    reason.insert("parameters".to_owned(), Value::Object(parameters));
    reason.insert("contribution".to_owned(), json!(contribution));
    reason.extend(in_all_languages(id, &arguments));
    Value::Object(reason)
}

/// The message of a group's reason, and its parameters; `rises`: it speaks for leaving.
fn template(group: Group, rises: bool, scored: &Scored, currency: Currency) -> (&'static str, Map<String, Value>) {
    let facts = &scored.facts;
    match group {
        Group::Silence => silence(scored.silence_days, facts),
        Group::Trend => trend(rises, facts),
        Group::Value => value(rises, facts, currency),
        Group::Engagement => {
            let id = if rises { "reason-engagement-less" } else { "reason-engagement-kept" };
            (id, parameters([("attention", json!(rounded(facts.attention)))]))
        }
        Group::Satisfaction => satisfaction(rises, facts),
        Group::Season if rises => ("reason-season-less", Map::new()),
        Group::Season => ("reason-season-more", Map::new()),
    }
}

fn silence(days: i32, facts: &Facts) -> (&'static str, Map<String, Value>) {
    match facts.usual_gap_days.map(libm::rint) {
        Some(gap) if gap >= 1.0 => ("reason-silence", parameters([("days", json!(days)), ("gap", json!(gap as i64))])),
        _ => ("reason-silence-once", parameters([("days", json!(days))])),
    }
}

fn trend(rises: bool, facts: &Facts) -> (&'static str, Map<String, Value>) {
    let gaps =
        facts.recent_gap_days.zip(facts.usual_gap_days).map(|(recent, usual)| (libm::rint(recent), libm::rint(usual)));
    match gaps {
        Some((recent, usual)) if rises && recent > usual => {
            let gaps = [("recent", json!(recent as i64)), ("usual", json!(usual as i64))];
            ("reason-trend-rarer-by", parameters(gaps))
        }
        _ if rises => ("reason-trend-rarer", Map::new()),
        _ => ("reason-trend-steady", Map::new()),
    }
}

fn value(rises: bool, facts: &Facts, currency: Currency) -> (&'static str, Map<String, Value>) {
    if rises && facts.last_spend < facts.usual_spend {
        let spend = [
            ("last", json!(money_text(facts.last_spend, currency))),
            ("usual", json!(money_text(facts.usual_spend, currency))),
            ("currency", json!(currency.code())),
        ];
        ("reason-value-less-by", parameters(spend))
    } else if rises {
        ("reason-value-less", Map::new())
    } else {
        ("reason-value-kept", Map::new())
    }
}

fn satisfaction(rises: bool, facts: &Facts) -> (&'static str, Map<String, Value>) {
    match facts.survey.map(|share| libm::rint(100.0 * share) as i64) {
        _ if rises && facts.complaint_open => ("reason-satisfaction-complaint", Map::new()),
        Some(satisfied) if rises => ("reason-satisfaction-survey", parameters([("satisfied", json!(satisfied))])),
        _ if rises => ("reason-satisfaction-less", Map::new()),
        _ => ("reason-satisfaction-kept", Map::new()),
    }
}

fn parameters<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn rounded(value: f64) -> f64 {
    libm::rint(value * 10.0) / 10.0
}
