//! A customer's last 400 days as JSON: what `/v1/customers/{id}/timeline` shows.

use serde_json::Value;

use crate::engine::alerting::episode::{Told, Transition};
use crate::engine::assess::Judge;
use crate::engine::day::Day;
use crate::engine::event::INTERACTION_NAMES;
use crate::engine::packed::customer::Customer;
use crate::engine::rfm::ledger::{LEDGER_DAYS, LedgerDay};
use crate::engine::rfm::open::{DayCount, for_each_day};
use crate::engine::rfm::profile::Profile;
use crate::wire::reasons::reasons;
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::shapes::timeline::{
    BookedShape, HeardShape, LastWarningShape, ScoreShape, ThresholdsShape, TimelineShape,
};
use crate::wire::shapes::vocabulary::{EpisodeBand, Word};
use crate::wire::words::Locale;

/// The days up to the end of `day`, with the settings and the model that judge them.
pub fn timeline_json(customer: &Customer, day: Day, judge: Judge<'_>, locale: &Locale) -> Value {
    let Customer { id, profile, standing, .. } = customer;
    let assessed = judge.assess(profile, day);
    let scored = assessed.as_ref().and_then(|assessed| judge.scored(&customer.profile, assessed));
    let course = judge.course(profile, day);
    let scores = |scores: &[(Day, f64)]| {
        scores.iter().map(|(day, score)| ScoreShape { day: (*day).into(), score: *score }).collect()
    };
    let [watch, high, critical] = judge.thresholds().enter;
    let shape = TimelineShape {
        customer_id: id,
        day: day.into(),
        currency: locale.currency.into(),
        purchases: booked(profile, day, judge.policy.lateness_days, locale),
        interactions: heard(profile, day),
        scores: scores(&course.past),
        scores_if_silent: scores(&course.ahead),
        thresholds: ThresholdsShape { watch, high, critical },
        expected_churn_day: scored.as_ref().map(|scored| scored.expected_churn.into()),
        reference_log_odds: scored.as_ref().map(|scored| scored.reasons.reference),
        log_odds: scored.as_ref().map(|scored| scored.reasons.log_odds),
        reasons: scored.as_ref().map(|scored| reasons(scored, locale.currency)).unwrap_or_default(),
        last_warning: standing.told.as_ref().map(|told| last_warning(told, locale)),
    };
    serde_json::to_value(shape).unwrap_or_default()
}

fn booked(profile: &Profile, day: Day, lateness_days: i32, locale: &Locale) -> Vec<BookedShape> {
    let money = |amount| MoneyText::of(amount, locale.currency);
    let shape = |booked: &LedgerDay| BookedShape {
        day: booked.day.into(),
        purchases: booked.purchases,
        gross_spend: money(booked.gross),
        refunded: money(booked.refunded),
    };
    let oldest = day.plus(-LEDGER_DAYS);
    let settled = profile.ledger.iter().filter(|booked| booked.day > oldest && booked.day <= day);
    let mut all: Vec<BookedShape> = settled.map(shape).collect();
    for_each_day(&profile.orders, day, lateness_days, |booked| all.push(shape(&booked)));
    all
}

fn heard(profile: &Profile, day: Day) -> Vec<HeardShape> {
    let shape = |counted: &DayCount| {
        let kind = INTERACTION_NAMES.get(usize::from(counted.kind))?;
        Some(HeardShape { day: counted.day.into(), kind, count: counted.count })
    };
    profile.counts.iter().filter(|counted| counted.day <= day).filter_map(shape).collect()
}

fn last_warning(told: &Told, locale: &Locale) -> LastWarningShape {
    LastWarningShape {
        opened_day: told.opened.into(),
        ended_day: told.ended.into(),
        ending: match told.ending {
            Transition::Resolved(_) => "resolved",
            Transition::Withdrawn(_) => "withdrawn",
            Transition::Lapsed | Transition::Opened | Transition::Escalated => "lapsed",
        },
        band: Word(EpisodeBand(told.band)),
        value_at_risk: MoneyText::of(told.value_at_risk, locale.currency),
    }
}
