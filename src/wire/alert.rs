//! An alert as its subscribers read it (docs/alerts.md).

use fluent_bundle::FluentArgs;
use serde_json::{Map, Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Transition, Withdrawal, alert_id, episode_id};
use crate::engine::effect::{Alert, Changed};
use crate::engine::event::INTERACTION_NAMES;
use crate::wire::action::action_json;
use crate::wire::calendar::day_text;
use crate::wire::cloud_event::{moment_text, write};
use crate::wire::money::money_text;
use crate::wire::reasons::reasons_json;
use crate::wire::risk::rfm_json;
use crate::wire::texts::{Language, sentence};
use crate::wire::words::Words;

/// Appends the alert as a `CloudEvent`.
pub fn write_alert(alert: &Alert, words: &Words<'_>, out: &mut Vec<u8>) {
    let kind = format!("churnwatch.alert.{}", alert.transition.name());
    let id = alert_id(&alert.customer, alert.opened, alert.transition.name(), alert.band.name());
    let time = moment_text(alert.moment, &words.locale.zone);
    let data = if is_erasure(alert.transition) { erased_data(alert) } else { alert_data(alert, words) };
    write(id, &kind, &alert.customer, time, data, out);
}

/// Whether the customer was erased: then nothing of it is told any more.
pub const fn is_erasure(transition: Transition) -> bool {
    matches!(transition, Transition::Withdrawn(Withdrawal::Erasure))
}

/// What is left to say of an erased customer: which warning is void.
fn erased_data(alert: &Alert) -> Value {
    json!({
        "episode_id": episode_id(&alert.customer, alert.opened),
        "day": day_text(alert.moment.day()),
        "cause": cause_name(alert.transition),
    })
}

fn alert_data(alert: &Alert, words: &Words<'_>) -> Value {
    let scored = alert.score.as_ref();
    let currency = words.locale.currency;
    json!({
        "episode_id": episode_id(&alert.customer, alert.opened),
        "opened_day": day_text(alert.opened),
        "day": day_text(alert.moment.day()),
        "band": alert.band.name(),
        "previous_band": alert.previous_band.map(Band::name),
        "cause": cause_name(alert.transition),
        "late": is_late(alert.transition),
        "score": scored.map(|scored| scored.silence),
        "forward_score": scored.map(|scored| scored.forward),
        "log_odds": scored.map(|scored| scored.reasons.log_odds),
        "reference_log_odds": scored.map(|scored| scored.reasons.reference),
        "silence_days": scored.map(|scored| scored.silence_days),
        "expected_churn_day": scored.map(|scored| day_text(scored.expected_churn)),
        "expires_day": scored.filter(|_| is_open(alert.transition)).map(|scored| day_text(scored.expected_churn)),
        "value_at_risk": money_text(alert.value_at_risk, currency),
        "currency": currency.code(),
        "tier": alert.tier.name(),
        "segment": words.segment(alert.segment),
        "rfm": alert.rfm.map(rfm_json),
        "reasons": scored.map(|scored| reasons_json(scored, currency)).unwrap_or_default(),
        "changed": alert.changed.map(|changed| changed_json(&changed, words)),
        "clears": clears(alert),
        "action": alert.recommended.map(|recommended| action_json(&recommended, alert.opened, words)),
        "propensity": alert.propensity,
        "model": words.model,
        "personalised": true,
    })
}

/// Why a warning ended, where there are several ways.
pub const fn cause_name(transition: Transition) -> Option<&'static str> {
    match transition {
        Transition::Opened | Transition::Escalated | Transition::Lapsed => None,
        Transition::Resolved(Cause::Purchase { .. }) => Some("purchase"),
        Transition::Resolved(Cause::Score) => Some("score"),
        Transition::Withdrawn(Withdrawal::OptOut) => Some("opt_out"),
        Transition::Withdrawn(Withdrawal::Erasure) => Some("erasure"),
    }
}

/// Of a resolution: whether the purchase came when its day was closed already.
fn is_late(transition: Transition) -> Option<bool> {
    match transition {
        Transition::Resolved(cause) => Some(cause == Cause::Purchase { late: true }),
        Transition::Opened | Transition::Escalated | Transition::Lapsed | Transition::Withdrawn(_) => None,
    }
}

/// Whether the warning stands after this transition.
const fn is_open(transition: Transition) -> bool {
    matches!(transition, Transition::Opened | Transition::Escalated)
}

/// Types of the events that would each end an open warning well: a purchase, and what would calm the score by itself.
fn clears(alert: &Alert) -> Vec<&'static str> {
    if !is_open(alert.transition) {
        return Vec::new();
    }
    let heard = INTERACTION_NAMES.iter().enumerate().filter(|(kind, _)| alert.clears >> kind & 1 == 1);
    std::iter::once("purchase").chain(heard.map(|(_, name)| *name)).collect()
}

/// What happened since the last warning that the CRM heard of.
fn changed_json(changed: &Changed, words: &Words<'_>) -> Value {
    let Changed { last, since } = changed;
    let currency = words.locale.currency;
    let (opened, ended) = (day_text(last.opened), day_text(last.ended));
    let net = money_text(since.net, currency);
    let mut parameters = FluentArgs::new();
    parameters.set("opened", opened.as_str());
    parameters.set("ended", ended.as_str());
    parameters.set("purchases", since.purchases);
    parameters.set("net", net.as_str());
    parameters.set("currency", currency.code());
    let ending = match last.ending {
        Transition::Resolved(Cause::Purchase { .. }) => "changed-resolved-purchase",
        Transition::Resolved(Cause::Score) => "changed-resolved-score",
        Transition::Withdrawn(_) => "changed-withdrawn",
        Transition::Opened | Transition::Escalated | Transition::Lapsed => "changed-lapsed",
    };
    let mut told = Map::new();
    told.insert("last_opened_day".to_owned(), json!(opened));
    told.insert("last_ended_day".to_owned(), json!(ended));
    told.insert("last_ending".to_owned(), json!(last.ending.name()));
    told.insert("last_cause".to_owned(), json!(cause_name(last.ending)));
    told.insert("last_band".to_owned(), json!(last.band.name()));
    told.insert("last_score".to_owned(), json!(last.score));
    told.insert("last_value_at_risk".to_owned(), json!(money_text(last.value_at_risk, currency)));
    told.insert("purchases_since".to_owned(), json!(since.purchases));
    told.insert("net_since".to_owned(), json!(net));
    for language in Language::ALL {
        let parts = [ending, "changed-since"].map(|id| sentence(language, id, &parameters));
        let between = match language {
            Language::En => "; ",
            Language::Zh => "；",
        };
        told.insert(language.code().to_owned(), json!(parts.join(between)));
    }
    Value::Object(told)
}
