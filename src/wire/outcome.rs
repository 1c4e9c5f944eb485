//! Outcomes: openings and endings of both arms, and what came of them. What `report` reads; the CRM never needs to.

use serde_json::{Value, json};

use crate::engine::alerting::episode::{Transition, alert_id, episode_id};
use crate::engine::alerting::playbook::Recommended;
use crate::engine::customer::Tag;
use crate::engine::effect::{Alert, Matured, Moment};
use crate::wire::alert::{cause_name, is_erasure};
use crate::wire::calendar::day_text;
use crate::wire::cloud_event::{moment_text, write};
use crate::wire::money::money_text;
use crate::wire::words::Words;

/// Appends an opening, an escalation or an ending.
pub fn write_transition(alert: &Alert, words: &Words<'_>, out: &mut Vec<u8>) {
    let (kind, ending) = match alert.transition {
        Transition::Opened => ("churnwatch.outcome.opened", None),
        Transition::Escalated => ("churnwatch.outcome.escalated", None),
        Transition::Resolved(_) => ("churnwatch.outcome.ended", Some("resolved")),
        Transition::Lapsed => ("churnwatch.outcome.ended", Some("lapsed")),
        Transition::Withdrawn(_) => ("churnwatch.outcome.ended", Some("withdrawn")),
    };
    let told = (!is_erasure(alert.transition)).then_some(alert);
    let data = json!({
        "episode_id": episode_id(&alert.customer, alert.opened),
        "arm": alert.arm.name(),
        "propensity": alert.propensity,
        "opened_day": day_text(alert.opened),
        "day": day_text(alert.moment.day()),
        "band": told.map(|alert| alert.band.name()),
        "tier": told.map(|alert| alert.tier.name()),
        "segment": words.segment(told.and_then(|alert| alert.segment)),
        "score": alert.score.as_ref().map(|scored| scored.silence),
        "value_at_risk": told.map(|alert| money_text(alert.value_at_risk, words.locale.currency)),
        "currency": words.locale.currency.code(),
        "ending": ending,
        "cause": cause_name(alert.transition),
        "action": name(alert.recommended, |one| one.action, words),
        "rule": name(alert.recommended, |one| one.rule, words),
        "action_probability": alert.recommended.map(|one| one.probability),
        "model": words.model,
    });
    let transition = kind.rsplit('.').next().unwrap_or(kind);
    put(
        alert_id(&alert.customer, alert.opened, &format!("outcome.{transition}"), alert.band.name()),
        kind,
        alert,
        data,
        words,
        out,
    );
}

fn put(id: uuid::Uuid, kind: &str, alert: &Alert, data: Value, words: &Words<'_>, out: &mut Vec<u8>) {
    write(id, kind, &alert.customer, moment_text(alert.moment, &words.locale.zone), data, out);
}

/// The name behind one of the tags of what was recommended.
fn name<'a>(recommended: Option<Recommended>, tag: fn(Recommended) -> Tag, words: &Words<'a>) -> Option<&'a str> {
    words.names.get(tag(recommended?))
}

/// Appends a matured outcome.
pub fn write_matured(matured: &Matured, words: &Words<'_>, out: &mut Vec<u8>) {
    let locale = words.locale;
    let pending = &matured.pending;
    let data = json!({
        "episode_id": episode_id(&matured.customer, pending.opened),
        "arm": pending.arm.name(),
        "propensity": pending.propensity,
        "opened_day": day_text(pending.opened),
        "day": day_text(matured.day),
        "band": pending.band.name(),
        "tier": pending.tier.name(),
        "contacted": pending.contacted,
        "purchases": matured.window.purchases,
        "purchase_days": matured.window.purchase_days,
        "revenue": money_text(matured.window.net, locale.currency),
        "gross": money_text(matured.window.gross, locale.currency),
        "margin": money_text(matured.margin, locale.currency),
        "currency": locale.currency.code(),
        "segment": words.segment(pending.segment),
        "action": name(pending.recommended, |one| one.action, words),
        "rule": name(pending.recommended, |one| one.rule, words),
        "action_probability": pending.recommended.map(|one| one.probability),
    });
    let id = alert_id(&matured.customer, pending.opened, "outcome.matured", pending.band.name());
    let time = moment_text(Moment::Close(matured.day), &locale.zone);
    write(id, "churnwatch.outcome.matured", &matured.customer, time, data, out);
}
