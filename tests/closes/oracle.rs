//! The oracle: bands, episodes, cooldown, capacity, ranking and outcomes written out a second time, slowly.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use churnwatch::engine::alerting::capacity::quota;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::value::{Tier, value_at_risk};
use churnwatch::engine::customer::customer_hash;
use churnwatch::engine::day::Day;
use churnwatch::engine::event::Body;
use churnwatch::engine::money::Money;
use churnwatch::engine::rfm::profile::Profile;
use churnwatch::engine::scoring::model::Model;

use crate::support::logs::Told;
use crate::{BANDS, ENTER, MARGIN, OTHERS, QUIET_DAYS, REGULAR_DAYS, Seen, event, known_until, named_uplift};

/// One customer: plain fields, no cleverness.
#[derive(Default)]
struct Plain {
    band: usize,
    above: i32,
    /// Highest band, and the purchase that the silence began with.
    episode: Option<(usize, i32)>,
    ended: Option<i32>,
    opened: Option<i32>,
    calmed: Option<i32>,
    /// Position among the tiers.
    tier: Option<usize>,
}

/// Up at an edge, down only a tenth below it.
fn tier(net: i64, held: Option<usize>, model: &Model) -> usize {
    let [mid, high] = model.tier_edges.map(|edge| edge.0);
    let is_in = |at: usize, edge: i64| {
        let held = held.is_some_and(|held| held >= at);
        net >= edge || held && net as f64 >= (edge as f64 * 0.9).round_ties_even()
    };
    if is_in(2, high) { 2 } else { usize::from(is_in(1, mid)) }
}

/// Band of a score, coming from `held`.
fn band(score: f64, held: usize) -> usize {
    (1..4).rev().find(|at| score >= ENTER[*at] - if held >= *at { MARGIN } else { 0.0 }).unwrap_or(0)
}

/// Segment by days with a purchase, band and silence.
fn segment(purchase_days: usize, band: usize, silence: i32) -> &'static str {
    if purchase_days >= REGULAR_DAYS as usize {
        "regular"
    } else if band >= 2 {
        "urgent"
    } else if silence >= QUIET_DAYS {
        "quiet"
    } else {
        "other"
    }
}

/// Everything of one customer, and the profile that it gives.
struct Raw<'a> {
    events: Vec<(usize, &'a Told)>,
    lateness: i32,
}

impl Raw<'_> {
    /// The profile after the first `count` events.
    fn profile(&self, count: usize) -> Profile {
        let mut profile = Profile::default();
        for (at, told) in self.events.iter().take(count) {
            profile.apply(&event(*at, told), self.lateness);
        }
        profile
    }

    fn score(&self, count: usize, day: i32, model: &Model) -> Option<f64> {
        let view = self.profile(count).view(Day(day), self.lateness);
        view.silence_days().filter(|silence| *silence < model.horizon_days())?;
        Some(model.silence.score(&model.features(&view)?))
    }
}

/// What the engine should say, by rebuilding every profile from the raw events for every day.
pub(crate) fn by_oracle(told: &[Told], lags: &[i32], policy: &Policy, model: &Model) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut plain: BTreeMap<&str, Plain> = BTreeMap::new();
    let (first, last) = (told.first().unwrap().day, told.last().unwrap().day);
    let horizon = model.horizon_days();
    let customers: BTreeSet<&str> = told.iter().map(|told| told.customer.as_str()).collect();
    let raws: BTreeMap<&str, Raw<'_>> = customers
        .iter()
        .map(|id| {
            let events = told.iter().enumerate().filter(|(_, told)| told.customer == *id).collect();
            (*id, Raw { events, lateness: policy.lateness_days })
        })
        .collect();
    let is_purchase = |told: &Told| matches!(told.body, Body::Purchase { .. });
    for day in first..last + 100 {
        let until = known_until(day, first, lags);
        let before = if day == first { first - 1 } else { known_until(day - 1, first, lags) };
        let mut candidates = Vec::new();
        for id in &customers {
            let raw = &raws[id];
            let known = raw.events.iter().filter(|(_, told)| told.day <= until).count();
            let state = plain.entry(id).or_default();
            let mut say = |day: i32, what: &str, word: &str| {
                seen.push((day, (*id).to_owned(), what.to_owned(), word.to_owned()));
            };
            for (count, (_, told)) in raw.events.iter().enumerate().take(known).filter(|(_, (_, t))| t.day > before) {
                if is_purchase(told) {
                    if let Some((highest, since)) = state.episode
                        && told.day > since
                    {
                        say(told.day, "Resolved(Purchase { late: false })", BANDS[highest]);
                        (state.episode, state.ended, state.calmed) = (None, Some(told.day), None);
                    }
                    (state.band, state.above) = (0, 0);
                } else if state.episode.is_some() {
                    // An event calms where the score would not have been below without it.
                    let counts_on = told.day.max(day);
                    let exit = ENTER[1] - MARGIN;
                    let without = raw.score(count, counts_on, model);
                    let with = raw.score(count + 1, counts_on, model);
                    if without.is_some_and(|score| score >= exit) && with.is_some_and(|score| score < exit) {
                        state.calmed = state.calmed.max(Some(counts_on));
                    }
                }
            }
            if let Some(opened) = state.opened.filter(|opened| day == opened + policy.outcome_days) {
                let window = raw.events.iter().take(known).filter(|(_, told)| told.day > opened && told.day <= day);
                let net: i64 = window
                    .map(|(_, told)| match told.body {
                        Body::Purchase { amount, .. } => amount.0,
                        Body::Refund { amount: Some(amount), .. } => -amount.0,
                        _ => 0,
                    })
                    .sum();
                say(day, "Matured", &net.to_string());
                state.opened = None;
            }
            if raw.events.iter().take(known).any(|(_, told)| told.day > day && is_purchase(told)) {
                continue;
            }
            let calmed = state.calmed.is_some_and(|calmed| calmed <= day);
            if calmed {
                state.calmed = None;
            }
            let profile = raw.profile(known);
            let view = profile.view(Day(day), policy.lateness_days);
            let net = profile.window(Day(day), 365, policy.lateness_days).net.max(Money::ZERO);
            state.tier = view.last().map(|_| tier(net.0, state.tier, model));
            let Some(silence) = view.silence_days() else { continue };
            if silence >= horizon {
                if let Some((highest, _)) = state.episode.take() {
                    say(day, "Lapsed", BANDS[highest]);
                    (state.ended, state.calmed) = (Some(day), None);
                }
                (state.band, state.above) = (0, 0);
                continue;
            }
            let features = model.features(&view).unwrap();
            let score = model.silence.score(&features);
            state.band = band(score, state.band);
            state.above = if score >= ENTER[1] { state.above + 1 } else { 0 };
            if let Some((highest, since)) = state.episode {
                if calmed && score < ENTER[1] - MARGIN {
                    say(day, "Resolved(Score)", BANDS[highest]);
                    (state.episode, state.ended) = (None, Some(day));
                } else if state.band > highest {
                    say(day, "Escalated", BANDS[state.band]);
                    state.episode = Some((state.band, since));
                }
                continue;
            }
            let rested = state.ended.is_none_or(|ended| day - ended >= policy.cooldown_days);
            if state.above >= policy.dwell_days && silence >= policy.min_silence_days && rested {
                let bought = raw.events.iter().find(|(_, told)| is_purchase(told)).unwrap().1.day;
                let forward = model.forward.score(&features);
                let value = value_at_risk(net, day - bought, horizon, policy.margin_rate, forward);
                let tier = Tier::ALL[state.tier.unwrap()];
                let bought_on: BTreeSet<i32> = raw
                    .events
                    .iter()
                    .take(known)
                    .filter(|(_, told)| is_purchase(told))
                    .map(|(_, told)| told.day)
                    .collect();
                let segment = segment(bought_on.len(), state.band, silence);
                let uplift = policy.playbook.uplift.is_some().then(|| named_uplift(tier, segment).unwrap_or(OTHERS));
                candidates.push((tier, Reverse(uplift), Reverse(value), customer_hash(id), *id, day - silence));
            }
        }
        candidates.sort();
        let mut served: BTreeMap<Tier, u32> = BTreeMap::new();
        for (tier, .., id, since) in candidates {
            let places = policy.capacity[tier as usize];
            let places = places.map_or(u32::MAX, |capacity| quota(capacity, 0, policy.partitions, Day(day)));
            let used = served.entry(tier).or_default();
            if *used < places {
                *used += 1;
                let state = plain.get_mut(id).unwrap();
                state.episode = Some((state.band, since));
                state.opened = Some(day);
                seen.push((day, id.to_owned(), "Opened".into(), BANDS[state.band].to_owned()));
            }
        }
    }
    seen.sort();
    seen
}
