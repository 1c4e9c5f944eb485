//! A profile as JSON: what `replay --profiles`, `inspect --json` and the API show of a customer.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::alerting::episode::{Episode, Standing, Suppression, episode_id};
use crate::engine::assess::{Judge, held_out};
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::event::INTERACTION_NAMES;
use crate::engine::names::Names;
use crate::engine::packed::customer::Customer;
use crate::engine::rfm::deliberation::style;
use crate::engine::rfm::ledger::Window;
use crate::engine::rfm::view::View;
use crate::wire::action::action_shape;
use crate::wire::shapes::common::BandChange;
use crate::wire::shapes::profile::{Decayed, EpisodeShape, ProfileShape, WindowShape, Windows};
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::shapes::vocabulary::{EpisodeBand, Word};
use crate::wire::understanding_json::{points, preferences, satisfaction};
use crate::wire::words::Locale;

/// The customer at the end of `day`, with the settings and the model that judge it.
pub fn profile_json(customer: &Customer, day: Day, judge: Judge<'_>, names: &Names, locale: &Locale) -> Value {
    serde_json::to_value(profile_shape(customer, day, judge, names, locale)).unwrap_or_default()
}

/// The same before it is JSON.
pub fn profile_shape<'a>(
    customer: &'a Customer,
    day: Day,
    judge: Judge<'a>,
    names: &'a Names,
    locale: &'a Locale,
) -> ProfileShape<'a> {
    let (profile, standing) = (&customer.profile, &customer.standing);
    let lateness_days = judge.policy.lateness_days;
    let view = profile.view(day, lateness_days);
    let habits = profile.habits_at(day);
    let rhythm = view.rhythm.as_ref();
    let money = |amount| MoneyText::of(amount, locale.currency);
    let outlook = judge.outlook(profile, &view);
    let outlook = outlook.as_ref();
    let contactable = !held_out(standing);
    // Before the first close it is what the table says now.
    let place = || rhythm.and_then(|rhythm| judge.place(customer, rhythm, day, standing.band).segment);
    let segment = rhythm.and_then(|_| standing.segment.or_else(place)).filter(|_| contactable);
    let forecast = if contactable { judge.band_forecast(&view, standing.band) } else { Vec::new() };
    let window = |days| window_shape(&profile.window(day, days, lateness_days), locale);
    ProfileShape {
        customer_id: &customer.id,
        day: day.into(),
        recency_days: rhythm.map(|rhythm| day.since(rhythm.last)),
        tenure_days: rhythm.map(|rhythm| day.since(rhythm.first)),
        purchase_days: rhythm.map_or(0, |rhythm| rhythm.days),
        purchases: view.totals.purchases,
        gross_spend: money(view.totals.gross),
        net_spend: money(view.totals.gross - view.totals.refunded),
        currency: locale.currency.into(),
        first_purchase_day: rhythm.map(|rhythm| rhythm.first.into()),
        last_purchase_day: rhythm.map(|rhythm| rhythm.last.into()),
        windows: Windows { month: window(30), quarter: window(90), year: window(365) },
        interactions: interactions(&view),
        points: points(&profile.account_at(day), day),
        satisfaction: satisfaction(profile, &view, names),
        rfm: rhythm.map(|rhythm| judge.rfm(profile, rhythm, day).into()),
        tier: rhythm.map(|_| Word(judge.tier(customer, day))),
        segment: segment.and_then(|tag| segment_name(tag, judge, names)),
        preferences: preferences(&habits, names),
        style: Word(style(&habits)),
        score: outlook.and_then(|seen| seen.silence),
        forward_score: outlook.map(|seen| seen.forward),
        value_at_risk: outlook.map(|seen| money(seen.value_at_risk)),
        band: standing.band.filter(|_| contactable).map(Word),
        contactable,
        forecast: BandChange::all(&forecast),
        episode: standing.episode.filter(|_| contactable).map(|episode| EpisodeShape {
            action: episode.recommended.map(|recommended| {
                action_shape(recommended, episode.opened, &judge.policy.playbook, names, locale.currency)
            }),
            ..episode_shape(customer, &episode, locale)
        }),
        not_warned_because: not_warned(customer, day, judge).filter(|_| contactable).map(Word),
        opted_out: profile.marks.opt_out.is_some(),
    }
}

/// Why no episode is open although the score is at or above the watch threshold.
fn not_warned(customer: &Customer, day: Day, judge: Judge<'_>) -> Option<Suppression> {
    let Standing { episode: None, above_since: Some(_), .. } = customer.standing else { return None };
    let assessed = judge.assess(&customer.profile, day)?;
    let reason = judge.suppression(&customer.profile, &customer.standing, &assessed, day);
    let capacity = judge.policy.capacity.iter().any(Option::is_some);
    reason.or(capacity.then_some(Suppression::Capacity))
}

/// The name of a segment, of today's table or of one that was.
fn segment_name<'a>(segment: Tag, judge: Judge<'a>, names: &'a Names) -> Option<&'a str> {
    names.get(segment).or_else(|| judge.policy.segments.find(segment).map(|segment| &*segment.name))
}

fn window_shape(window: &Window, locale: &Locale) -> WindowShape {
    WindowShape {
        purchase_days: window.purchase_days,
        purchases: window.purchases,
        gross_spend: MoneyText::of(window.gross, locale.currency),
        net_spend: MoneyText::of(window.net, locale.currency),
    }
}

/// Decayed counts of the kinds that occurred, by half-life.
fn interactions(view: &View) -> BTreeMap<&'static str, Decayed> {
    let kinds = INTERACTION_NAMES.into_iter().zip(view.interactions());
    kinds
        .filter(|(_, decayed)| decayed.iter().any(|value| *value > 0.0))
        .map(|(name, [week, month, quarter])| (name, Decayed { week, month, quarter }))
        .collect()
}

/// The episode; what to do about it is the caller's to say.
fn episode_shape<'a>(customer: &Customer, episode: &Episode, locale: &Locale) -> EpisodeShape<'a> {
    EpisodeShape {
        episode_id: episode_id(&customer.id, episode.opened).into(),
        opened_day: episode.opened.into(),
        band: Word(EpisodeBand(episode.band)),
        tier: Word(episode.tier),
        published: episode.published,
        value_at_risk: MoneyText::of(episode.value_at_risk, locale.currency),
        action: None,
    }
}
