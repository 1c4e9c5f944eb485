//! Outcomes: openings and endings of both arms, and what came of them. What `report` reads; the CRM never needs to.

use serde_json::{Value, json};

use crate::engine::alerting::episode::{Transition, alert_id, episode_id};
use crate::engine::effect::{Alert, Matured, Moment};
use crate::wire::alert::{Locale, cause_name};
use crate::wire::calendar::day_text;
use crate::wire::cloud_event::{moment_text, write};
use crate::wire::money::money_text;

/// Appends an opening, an escalation or an ending.
pub fn write_transition(alert: &Alert, model: &str, locale: &Locale, out: &mut Vec<u8>) {
    let (kind, ending) = match alert.transition {
        Transition::Opened => ("churnwatch.outcome.opened", None),
        Transition::Escalated => ("churnwatch.outcome.escalated", None),
        Transition::Resolved(cause) => ("churnwatch.outcome.ended", Some(("resolved", Some(cause_name(cause))))),
        Transition::Lapsed => ("churnwatch.outcome.ended", Some(("lapsed", None))),
        Transition::Withdrawn => ("churnwatch.outcome.ended", Some(("withdrawn", None))),
    };
    let data = json!({
        "episode_id": episode_id(&alert.customer, alert.opened),
        "arm": alert.arm.name(),
        "propensity": alert.propensity,
        "opened_day": day_text(alert.opened),
        "day": day_text(alert.moment.day()),
        "band": alert.band.name(),
        "tier": alert.tier.name(),
        "score": alert.score.as_ref().map(|scored| scored.silence),
        "value_at_risk": money_text(alert.value_at_risk, locale.currency),
        "currency": locale.currency.code(),
        "ending": ending.map(|(ending, _)| ending),
        "cause": ending.and_then(|(_, cause)| cause),
        "action": null,
        "model": model,
    });
    let name = kind.rsplit('.').next().unwrap_or(kind);
    put(
        alert_id(&alert.customer, alert.opened, &format!("outcome.{name}"), alert.band.name()),
        kind,
        alert,
        data,
        locale,
        out,
    );
}

fn put(id: uuid::Uuid, kind: &str, alert: &Alert, data: Value, locale: &Locale, out: &mut Vec<u8>) {
    write(id, kind, &alert.customer, moment_text(alert.moment, &locale.zone), data, out);
}

/// Appends a matured outcome.
pub fn write_matured(matured: &Matured, locale: &Locale, out: &mut Vec<u8>) {
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
        "action": null,
    });
    let id = alert_id(&matured.customer, pending.opened, "outcome.matured", pending.band.name());
    let time = moment_text(Moment::Close(matured.day), &locale.zone);
    write(id, "churnwatch.outcome.matured", &matured.customer, time, data, out);
}
