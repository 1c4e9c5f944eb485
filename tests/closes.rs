//! Closes against a plain oracle: every profile is rebuilt from the raw events for every day, and the rules of bands,
//! episodes, cooldown, capacity and outcomes are written out a second time, slowly.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use churnwatch::engine::alerting::capacity::quota;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::value::{Tier, value_at_risk};
use churnwatch::engine::customer::{Tag, customer_hash};
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::effect::Effect;
use churnwatch::engine::event::{Body, Event, Interaction};
use churnwatch::engine::money::Money;
use churnwatch::engine::partition::Engine;
use churnwatch::engine::rfm::profile::Profile;
use churnwatch::engine::scoring::model::Model;
use churnwatch::engine::step::{Input, Outcome};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use support::model::{engine, model};

const START: i32 = 20_000;
const DAYS: i32 = 130;
const MARGIN: f64 = 0.05;

/// Day, customer, what happened, highest band or amount: what both sides are compared by.
type Seen = (i32, String, String, String);

/// Day, customer, what.
type Told = (i32, usize, Body<'static>);

fn body() -> impl Strategy<Value = Body<'static>> {
    prop_oneof![
        6 => (1_i64..90_000).prop_map(|cents| Body::Purchase { order: None, amount: Money(cents) }),
        1 => (1_i64..9_000).prop_map(|cents| Body::Refund { order: None, amount: Some(Money(cents)) }),
        3 => any::<bool>().prop_map(|view| Body::Interaction(if view { Interaction::ProductView } else { Interaction::Visit })),
    ]
}

fn told(customers: usize) -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec((0..DAYS, 0..customers, body()), 20..90).prop_map(|mut told| {
        told.sort_by_key(|(day, customer, _)| (*day, *customer));
        told
    })
}

fn name(customer: usize) -> String {
    format!("c{customer}")
}

fn event<'a>(at: usize, (day, _, body): &Told, customer: &'a str) -> Event<'a> {
    let day = Day(START + day);
    let time = Millis(i64::from(day.0) * 86_400_000 + at as i64);
    Event { tag: Tag::from_bits(at as u64 + 1), customer, time, day, body: *body }
}

fn policy(capacity: Option<u32>) -> Policy {
    Policy {
        thresholds: Some([0.55, 0.7, 0.85]),
        exit_margin: MARGIN,
        dwell_days: 2,
        cooldown_days: 20,
        outcome_days: 15,
        capacity: [capacity; 3],
        immediate: 0,
        holdout_share: 0.0,
        ..Policy::default()
    }
}

/// What the engine says, closing each day after its events in steps of `budget` customers.
fn by_engine(told: &[Told], policy: Policy, budget: usize, mut between: impl FnMut(&mut Engine)) -> Vec<Seen> {
    let mut engine = engine(policy);
    let mut effects = Vec::new();
    let mut seen = Vec::new();
    let mut rest = told.iter().enumerate().peekable();
    for day in 0..DAYS + 100 {
        while let Some((at, told)) = rest.next_if(|(_, (on, _, _))| *on == day) {
            let customer = name(told.1);
            let event = event(at, told, &customer);
            engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut effects);
        }
        let input = Input::Close { day: Day(START + day), stale: false, budget };
        loop {
            let outcome = engine.step(input, &mut effects);
            seen.extend(effects.drain(..).filter_map(|effect| seen_of(&effect)));
            if outcome == Outcome::Closed {
                break;
            }
            between(&mut engine);
        }
        between(&mut engine);
    }
    seen.sort();
    seen
}

fn seen_of(effect: &Effect) -> Option<Seen> {
    match effect {
        Effect::Alert(alert) => {
            let day = alert.moment.day().0 - START;
            Some((day, alert.customer.to_string(), format!("{:?}", alert.transition), alert.band.name().to_owned()))
        }
        Effect::Matured(matured) => {
            let day = matured.day.0 - START;
            Some((day, matured.customer.to_string(), "Matured".into(), matured.window.net.0.to_string()))
        }
        Effect::Risk(_) | Effect::ForgetProfile { .. } => None,
    }
}

/// One customer in the oracle: plain fields, no cleverness.
#[derive(Default)]
struct Plain {
    band: usize,
    above: i32,
    episode: Option<(i32, usize, i32)>,
    ended: Option<i32>,
    opened: Option<i32>,
    stirred: bool,
}

const BANDS: [&str; 4] = ["low", "watch", "high", "critical"];

/// Band of a score, coming from `held`.
fn band(score: f64, held: usize) -> usize {
    let enter = [0.0, 0.55, 0.7, 0.85];
    (1..4).rev().find(|at| score >= enter.get(*at).unwrap() - if held >= *at { MARGIN } else { 0.0 }).unwrap_or(0)
}

/// The same, by rebuilding every profile from the raw events for every day.
fn by_oracle(told: &[Told], policy: &Policy, model: &Model) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut plain: BTreeMap<usize, Plain> = BTreeMap::new();
    let horizon = model.horizon_days();
    for day in 0..DAYS + 100 {
        let mut candidates = Vec::new();
        for customer in told.iter().map(|(_, customer, _)| *customer).collect::<std::collections::BTreeSet<_>>() {
            let id = name(customer);
            let known: Vec<(usize, &Told)> =
                told.iter().enumerate().filter(|(_, (on, who, _))| *who == customer && *on <= day).collect();
            let mut profile = Profile::default();
            for (at, told) in &known {
                profile.apply(&event(*at, told, &id), policy.lateness_days);
            }
            let state = plain.entry(customer).or_default();
            let bought =
                |from: i32| known.iter().any(|(_, (on, _, body))| *on >= from && matches!(body, Body::Purchase { .. }));
            if bought(day) {
                if let Some((opened, highest, _)) = state.episode.take() {
                    let _ = opened;
                    seen.push((
                        day,
                        id.clone(),
                        "Resolved(Purchase { late: false })".into(),
                        (*BANDS.get(highest).unwrap()).to_owned(),
                    ));
                    state.ended = Some(day);
                }
                (state.band, state.above) = (0, 0);
            }
            state.stirred = known.iter().any(|(_, (on, _, body))| *on == day && matches!(body, Body::Interaction(_)));
            if let Some(opened) = state.opened.filter(|opened| day == opened + policy.outcome_days) {
                let window = |(_, (on, _, body)): &(usize, &Told)| match body {
                    Body::Purchase { amount, .. } if *on > opened => amount.0,
                    Body::Refund { amount: Some(amount), .. } if *on > opened => -amount.0,
                    _ => 0,
                };
                seen.push((day, id.clone(), "Matured".into(), known.iter().map(window).sum::<i64>().to_string()));
                state.opened = None;
            }
            let view = profile.view(Day(START + day), policy.lateness_days);
            let Some(silence) = view.silence_days() else { continue };
            if silence >= horizon {
                if let Some((_, highest, _)) = state.episode.take() {
                    seen.push((day, id, "Lapsed".into(), (*BANDS.get(highest).unwrap()).to_owned()));
                    state.ended = Some(day);
                }
                (state.band, state.above) = (0, 0);
                continue;
            }
            let features = model.features(&view).unwrap();
            let score = model.silence.score(&features);
            state.band = band(score, state.band);
            state.above = if score >= 0.55 { state.above + 1 } else { 0 };
            if let Some((opened, highest, last)) = state.episode {
                if state.stirred && score < 0.55 - MARGIN {
                    seen.push((day, id, "Resolved(Score)".into(), (*BANDS.get(highest).unwrap()).to_owned()));
                    (state.episode, state.ended) = (None, Some(day));
                } else if state.band > highest {
                    seen.push((day, id, "Escalated".into(), (*BANDS.get(state.band).unwrap()).to_owned()));
                    state.episode = Some((opened, state.band, last));
                }
                continue;
            }
            let rested = state.ended.is_none_or(|ended| day - ended >= policy.cooldown_days);
            if state.above >= policy.dwell_days && silence >= policy.min_silence_days && rested {
                let net = profile.window(Day(START + day), 365, policy.lateness_days).net.max(Money::ZERO);
                let tenure =
                    day - known.iter().find(|(_, (_, _, body))| matches!(body, Body::Purchase { .. })).unwrap().1.0;
                let value = value_at_risk(net, tenure, horizon, policy.margin_rate, model.forward.score(&features));
                candidates.push((
                    Tier::of(net, model.tier_edges),
                    Reverse(value),
                    customer_hash(&id),
                    customer,
                    day - silence,
                ));
            }
        }
        candidates.sort();
        let mut served: BTreeMap<Tier, u32> = BTreeMap::new();
        for (tier, _, _, customer, last) in candidates {
            let places = policy.capacity.get(tier as usize).copied().flatten();
            let places = places.map_or(u32::MAX, |capacity| quota(capacity, 0, policy.partitions, Day(START + day)));
            let used = served.entry(tier).or_default();
            if *used < places {
                *used += 1;
                let state = plain.get_mut(&customer).unwrap();
                state.episode = Some((day, state.band, last));
                state.opened = Some(day);
                seen.push((day, name(customer), "Opened".into(), (*BANDS.get(state.band).unwrap()).to_owned()));
            }
        }
    }
    seen.sort();
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// 120 shops of 18 customers: 2,160 customers in all.
    #[test]
    fn the_engine_says_what_the_oracle_says(told in told(18), capacity in prop::option::of(0_u32..3), budget in 1_usize..30) {
        let policy = policy(capacity);
        let oracle = by_oracle(&told, &policy, &model());
        let said = by_engine(&told, policy, budget, |_| {});
        prop_assert_eq!(said, oracle);
    }

    /// A close that is cut by commits and by lost batches says in the end the same.
    #[test]
    fn an_interrupted_close_says_the_same(told in told(12), budget in 1_usize..5, stops in prop::collection::vec(any::<bool>(), 400)) {
        let plain = by_engine(&told, policy(Some(2)), 5_000, |_| {});
        let mut stops = stops.into_iter();
        let cut = by_engine(&told, policy(Some(2)), budget, |engine| {
            engine.committed();
            if stops.next() == Some(true) {
                // Nothing since the commit: the close begins anew at the first customer.
                engine.roll_back();
            }
        });
        prop_assert_eq!(cut, plain);
    }
}

#[test]
fn the_generated_shops_do_warn() {
    let told: Vec<Told> = (0..18)
        .map(|customer| (customer as i32, customer, Body::Purchase { order: None, amount: Money(5_000) }))
        .collect();
    let said = by_engine(&told, policy(None), 7, |_| {});
    let opened = said.iter().filter(|(_, _, what, _)| what == "Opened").count();
    let lapsed = said.iter().filter(|(_, _, what, _)| what == "Lapsed").count();
    assert_eq!((opened, lapsed), (18, 18));
}
