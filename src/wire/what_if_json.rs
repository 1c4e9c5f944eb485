//! What a purchase today would change for a customer, as `/v1/customers/{id}/what-if` shows it.

use serde_json::Value;

use crate::engine::alerting::band::Band;
use crate::engine::assess::{Judge, Outlook, held_out};
use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::event::{Body, Event, Manner};
use crate::engine::money::Money;
use crate::engine::packed::customer::Customer;
use crate::wire::calendar::DAY_MILLIS;
use crate::wire::shapes::listing::{JudgedShape, WhatIfShape};
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::shapes::vocabulary::Word;
use crate::wire::words::Locale;

/// A purchase of `amount`, or of what the customer pays on average, on `day`, at whose end both are looked at.
pub fn what_if_json(customer: &Customer, day: Day, amount: Option<Money>, judge: Judge<'_>, locale: &Locale) -> Value {
    let Customer { id, profile, standing, .. } = customer;
    let lateness_days = judge.policy.lateness_days;
    let totals = profile.view(day, lateness_days).totals;
    let usual = Money(totals.gross.0 / i64::from(totals.purchases.max(1)));
    let amount = amount.unwrap_or(usual);
    let body = Body::Purchase { order: None, amount, manner: Manner::default() };
    // The last moment of the day, in whatever zone: nothing that is known comes after it.
    let time = Millis((i64::from(day.0) + 2) * DAY_MILLIS);
    let mut after = profile.clone();
    after.apply(&Event { tag: Tag::of("what-if"), customer: id, time, day, body }, lateness_days);
    let [now, then] = [profile, &after].map(|profile| judge.outlook(profile, &profile.view(day, lateness_days)));
    let score = then.as_ref().and_then(|seen| seen.silence);
    let band = score.and_then(|score| standing.after(&judge.thresholds(), day, score).band);
    let judged = |outlook: Option<Outlook>, band: Option<Band>| JudgedShape {
        score: outlook.as_ref().and_then(|seen| seen.silence),
        forward_score: outlook.as_ref().map(|seen| seen.forward),
        value_at_risk: outlook.map(|seen| MoneyText::of(seen.value_at_risk, locale.currency)),
        band: band.filter(|_| !held_out(standing)).map(Word),
    };
    let shape = WhatIfShape {
        customer_id: id,
        day: day.into(),
        amount: MoneyText::of(amount, locale.currency),
        currency: locale.currency.into(),
        now: judged(now, standing.band),
        then: judged(then, band),
    };
    serde_json::to_value(shape).unwrap_or_default()
}
