//! An alert as its subscribers read it (docs/alerts.md).

use iso_currency::Currency;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Transition, alert_id, episode_id};
use crate::engine::effect::{Alert, Scored};
use crate::engine::rfm::features::Group;
use crate::wire::calendar::day_text;
use crate::wire::cloud_event::{moment_text, write};
use crate::wire::money::money_text;
use crate::wire::sentences::reason;

/// What the wire needs to know to write money and time.
#[derive(Clone, Debug)]
pub struct Locale {
    /// Where days begin.
    pub zone: TimeZone,
    /// Base currency.
    pub currency: Currency,
}

/// Appends the alert as a `CloudEvent`.
pub fn write_alert(alert: &Alert, model: &str, locale: &Locale, out: &mut Vec<u8>) {
    let kind = format!("churnwatch.alert.{}", alert.transition.name());
    let id = alert_id(&alert.customer, alert.opened, alert.transition.name(), alert.band.name());
    let time = moment_text(alert.moment, &locale.zone);
    write(id, &kind, &alert.customer, time, alert_data(alert, model, locale), out);
}

/// The `data` of an alert; also part of the outcomes' records.
fn alert_data(alert: &Alert, model: &str, locale: &Locale) -> Value {
    let scored = alert.score.as_ref();
    let resolved = match alert.transition {
        Transition::Resolved(cause) => Some(cause),
        Transition::Opened | Transition::Escalated | Transition::Lapsed | Transition::Withdrawn => None,
    };
    json!({
        "episode_id": episode_id(&alert.customer, alert.opened),
        "opened_day": day_text(alert.opened),
        "day": day_text(alert.moment.day()),
        "band": alert.band.name(),
        "previous_band": alert.previous_band.map(Band::name),
        "cause": resolved.map(cause_name),
        "late": resolved.map(|cause| cause == Cause::Purchase { late: true }),
        "score": scored.map(|scored| scored.silence),
        "forward_score": scored.map(|scored| scored.forward),
        "log_odds": scored.map(|scored| scored.reasons.log_odds),
        "reference_log_odds": scored.map(|scored| scored.reasons.reference),
        "silence_days": scored.map(|scored| scored.silence_days),
        "expected_churn_day": scored.map(|scored| day_text(scored.expected_churn)),
        "value_at_risk": money_text(alert.value_at_risk, locale.currency),
        "currency": locale.currency.code(),
        "tier": alert.tier.name(),
        "segment": null,
        "rfm": null,
        "reasons": scored.map(reasons).unwrap_or_default(),
        "changed": null,
        "clears": clears(alert.transition),
        "action": null,
        "propensity": alert.propensity,
        "model": model,
        "personalised": true,
    })
}

/// The name of a resolution's cause.
pub const fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Purchase { .. } => "purchase",
        Cause::Score => "score",
    }
}

/// What would end an open episode well.
fn clears(transition: Transition) -> Vec<&'static str> {
    match transition {
        Transition::Opened | Transition::Escalated => vec!["purchase"],
        Transition::Resolved(_) | Transition::Lapsed | Transition::Withdrawn => Vec::new(),
    }
}

/// The groups that say something: what speaks most for leaving first, what speaks most for staying last. Contributions
/// add up to log-odds less reference.
fn reasons(scored: &Scored) -> Vec<Value> {
    let mut parts: Vec<(Group, f64)> =
        Group::ALL.into_iter().zip(scored.reasons.contributions).filter(|(_, part)| *part != 0.0).collect();
    parts.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    parts
        .into_iter()
        .map(|(group, contribution)| {
            let (parameters, en) = reason(group, contribution, scored);
            json!({"code": group.code(), "parameters": parameters, "contribution": contribution, "en": en, "zh": null})
        })
        .collect()
}
