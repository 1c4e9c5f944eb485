//! The current risk of a customer, for upserts into a CRM: one flat JSON object, the newest a customer in force.

use crate::engine::effect::Risk;
use crate::wire::shapes::common::BandChange;
use crate::wire::shapes::risk::RiskRecord;
use crate::wire::shapes::scalars::{InstantText, MoneyText};
use crate::wire::shapes::vocabulary::Word;
use crate::wire::words::Words;

/// Appends the risk record.
pub fn write_risk(risk: &Risk, words: &Words<'_>, out: &mut Vec<u8>) {
    let locale = words.locale;
    let record = RiskRecord {
        as_of: risk.as_of.into(),
        band: risk.band.map(Word),
        contactable: risk.contactable,
        currency: locale.currency.into(),
        customer_id: &risk.customer,
        expected_churn_day: risk.expected_churn.map(Into::into),
        forecast: BandChange::all(&risk.forecast),
        forward_score: risk.forward,
        model: words.model,
        opted_out: risk.opted_out,
        score: risk.score,
        segment: words.segment(risk.segment),
        silence_days: risk.silence_days,
        tier: risk.tier.map(Word),
        time: InstantText::of(risk.moment, locale),
        value_at_risk: MoneyText::of(risk.value_at_risk, locale.currency),
    };
    let written = serde_json::to_writer(out, &record);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}
