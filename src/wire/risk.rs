//! The current risk of a customer, for upserts into a CRM: one flat JSON object, the newest a customer in force.

use serde_json::{Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::day::Day;
use crate::engine::effect::Risk;
use crate::engine::rfm::rfm_scores::RfmScores;
use crate::wire::calendar::day_text;
use crate::wire::cloud_event::moment_text;
use crate::wire::money::money_text;
use crate::wire::words::Words;

/// Appends the risk record.
pub fn write_risk(risk: &Risk, words: &Words<'_>, out: &mut Vec<u8>) {
    let locale = words.locale;
    let record = json!({
        "customer_id": risk.customer,
        "as_of": day_text(risk.as_of),
        "time": moment_text(risk.moment, &locale.zone),
        "band": risk.band.map(Band::name),
        "contactable": risk.contactable,
        "opted_out": risk.opted_out,
        "tier": risk.tier.map(Tier::name),
        "segment": words.segment(risk.segment),
        "score": risk.score,
        "forward_score": risk.forward,
        "silence_days": risk.silence_days,
        "expected_churn_day": risk.expected_churn.map(day_text),
        "value_at_risk": money_text(risk.value_at_risk, locale.currency),
        "currency": locale.currency.code(),
        "forecast": forecast_json(&risk.forecast),
        "model": words.model,
    });
    let written = serde_json::to_writer(out, &record);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

/// The days on which silence alone will change the band.
pub fn forecast_json(forecast: &[(Day, Band)]) -> Value {
    forecast.iter().map(|(day, band)| json!({"day": day_text(*day), "band": band.name()})).collect()
}

/// The RFM scores, 1 to 5 each.
pub fn rfm_json(scores: RfmScores) -> Value {
    json!({"recency": scores.recency, "frequency": scores.frequency, "monetary": scores.monetary})
}
