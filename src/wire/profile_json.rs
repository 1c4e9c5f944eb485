//! A profile as JSON: what `replay --profiles`, `inspect --json` and the API show of a customer.

use serde_json::{Map, Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Episode, Standing, Suppression, episode_id};
use crate::engine::alerting::value::Tier;
use crate::engine::assess::{Judge, held_out};
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::event::INTERACTION_NAMES;
use crate::engine::names::Names;
use crate::engine::rfm::deliberation::style;
use crate::engine::rfm::ledger::Window;
use crate::engine::rfm::view::View;
use crate::engine::state::Customer;
use crate::wire::calendar::day_text;
use crate::wire::money::money_text;
use crate::wire::risk::{forecast_json, rfm_json};
use crate::wire::understanding_json::{points_json, preferences_json, satisfaction_json};
use crate::wire::words::Locale;

/// The customer at the end of `day`, with the settings and the model that judge it.
pub fn profile_json(customer: &Customer, day: Day, judge: Judge<'_>, names: &Names, locale: &Locale) -> Value {
    let (profile, standing) = (&customer.profile, &customer.standing);
    let lateness_days = judge.policy.lateness_days;
    let view = profile.view(day, lateness_days);
    let habits = profile.habits_at(day);
    let rhythm = view.rhythm.as_ref();
    let money = |amount| money_text(amount, locale.currency);
    let outlook = judge.outlook(profile, &view);
    let outlook = outlook.as_ref();
    let contactable = !held_out(standing);
    // Before the first close it is what the table says now.
    let place = || rhythm.and_then(|rhythm| judge.place(customer, rhythm, day, standing.band).segment);
    let segment = rhythm.and_then(|_| standing.segment.or_else(place)).filter(|_| contactable);
    let forecast = if contactable { judge.band_forecast(profile, standing.band, day) } else { Vec::new() };
    let window = |days| window_json(&profile.window(day, days, lateness_days), locale);
    json!({
        "customer_id": customer.id,
        "day": day_text(day),
        "recency_days": rhythm.map(|rhythm| day.since(rhythm.last)),
        "tenure_days": rhythm.map(|rhythm| day.since(rhythm.first)),
        "purchase_days": rhythm.map_or(0, |rhythm| rhythm.days),
        "purchases": view.totals.purchases,
        "gross_spend": money(view.totals.gross),
        "net_spend": money(view.totals.gross - view.totals.refunded),
        "currency": locale.currency.code(),
        "first_purchase_day": rhythm.map(|rhythm| day_text(rhythm.first)),
        "last_purchase_day": rhythm.map(|rhythm| day_text(rhythm.last)),
        "windows": {"30d": window(30), "90d": window(90), "365d": window(365)},
        "interactions": interactions_json(&view),
        "points": points_json(&profile.account_at(day), day),
        "satisfaction": satisfaction_json(profile, &view, names),
        "rfm": rhythm.map(|rhythm| rfm_json(judge.rfm(profile, rhythm, day))),
        "tier": rhythm.map(|_| judge.tier(customer, day).name()),
        "segment": segment.and_then(|tag| segment_name(tag, judge, names)),
        "preferences": preferences_json(&habits, names),
        "style": style(&habits).name(),
        "score": outlook.and_then(|seen| seen.silence),
        "forward_score": outlook.map(|seen| seen.forward),
        "value_at_risk": outlook.map(|seen| money(seen.value_at_risk)),
        "band": standing.band.filter(|_| contactable).map(Band::name),
        "contactable": contactable,
        "forecast": forecast_json(&forecast),
        "episode": standing.episode.filter(|_| contactable).map(|episode| episode_json(customer, &episode, locale)),
        "not_warned_because": not_warned(customer, day, judge),
        "opted_out": profile.marks.opt_out.is_some(),
    })
}

/// Why no episode is open although the score is at or above the watch threshold.
fn not_warned(customer: &Customer, day: Day, judge: Judge<'_>) -> Option<&'static str> {
    let Standing { episode: None, above_since: Some(_), .. } = customer.standing else { return None };
    let assessed = judge.assess(&customer.profile, day)?;
    let reason = judge.suppression(&customer.profile, &customer.standing, &assessed, day);
    let capacity = judge.policy.capacity.iter().any(Option::is_some);
    reason.or(capacity.then_some(Suppression::Capacity)).map(Suppression::name)
}

/// The name of a segment, of today's table or of one that was.
fn segment_name<'a>(segment: Tag, judge: Judge<'a>, names: &'a Names) -> Option<&'a str> {
    names.get(segment).or_else(|| judge.policy.segments.find(segment).map(|segment| &*segment.name))
}

fn window_json(window: &Window, locale: &Locale) -> Value {
    json!({
        "purchase_days": window.purchase_days,
        "purchases": window.purchases,
        "gross_spend": money_text(window.gross, locale.currency),
        "net_spend": money_text(window.net, locale.currency),
    })
}

/// Decayed counts of the kinds that occurred, by half-life.
fn interactions_json(view: &View) -> Value {
    let kinds = INTERACTION_NAMES.iter().zip(view.interactions);
    let seen: Map<String, Value> = kinds
        .filter(|(_, decayed)| decayed.iter().any(|value| *value > 0.0))
        .map(|(name, [week, month, quarter])| ((*name).to_owned(), json!({"7d": week, "30d": month, "90d": quarter})))
        .collect();
    Value::Object(seen)
}

fn episode_json(customer: &Customer, episode: &Episode, locale: &Locale) -> Value {
    json!({
        "episode_id": episode_id(&customer.id, episode.opened),
        "opened_day": day_text(episode.opened),
        "band": episode.band.name(),
        "tier": Tier::name(episode.tier),
        "published": episode.published,
        "value_at_risk": money_text(episode.value_at_risk, locale.currency),
    })
}
