//! The path of a silence's score leaves a range on the very day on which looking at every day says so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::ops::Range;
use std::sync::Arc;

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::partition::Engine;
use churnwatch::engine::rfm::features::{FEATURES, Steady};
use churnwatch::engine::rfm::number::Rough;
use churnwatch::engine::rfm::view::View;
use churnwatch::engine::scoring::logistic::Column;
use churnwatch::engine::scoring::model::Model;
use churnwatch::engine::scoring::path::Path;
use churnwatch::engine::scoring::rough::RoughHead;
use churnwatch::engine::step::Input;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;

use support::draw::Draw;
use support::model::model;
use support::shop::lines;

/// The customers of a generated shop at the end of its last day.
fn views() -> Vec<View> {
    let rules = EventRules::plain(Currency::CNY);
    let (mut scratch, wall) = (Scratch::default(), Millis(i64::MAX / 2));
    let mut engine = Engine::new(Arc::new(Policy::default()), model(), 0, 1, b"secret");
    let (mut effects, mut last) = (Vec::new(), Day(0));
    for (customer, value) in lines(300, 400, 5) {
        let raw = RawRecord::new(Some(customer.as_bytes()), Some(&value), wall);
        let event = parse(&rules, &raw, wall, &mut scratch).unwrap().event;
        last = last.max(event.day);
        engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut effects);
        effects.clear();
    }
    engine.state().iter().map(|(_, customer)| customer.profile.view(last, 35)).collect()
}

/// A model that looks at some of all features with weights drawn by chance, the default one's scale where it has one.
fn drawn(draw: &mut Draw) -> Model {
    let mut model = Model::clone(&model());
    let known = std::mem::take(&mut model.silence.columns);
    let share = 0.2 + 0.8 * draw.unit();
    for feature in 0..FEATURES {
        if draw.unit() < share {
            let default = known.iter().find(|column| column.feature == feature);
            let (mean, deviation) = default.map_or((0.2, 0.5), |column| (column.mean, column.deviation));
            let narrow = if draw.unit() < 0.03 { 0.05 } else { 1.0 };
            let column = Column { feature, mean, deviation: deviation * narrow, weight: 4.0 * draw.unit() - 2.0 };
            model.silence.columns.push(column);
        }
    }
    model
}

/// Every day's score, one after the other.
fn scan(model: &Model, view: &View, days: Range<i32>) -> Vec<(Day, f64)> {
    let steady = Steady::of(view, &model.constants).unwrap();
    let score = |day| (day, model.silence.score(&steady.features(day, Some(view), true)));
    days.map(Day).map(score).collect()
}

#[test]
fn a_score_leaves_a_range_on_the_day_that_looking_at_every_day_gives() {
    let views = views();
    let mut draw = Draw::new(11);
    let (mut asked, mut left, mut exact) = (0, 0, 0);
    for round in 0..40 {
        let model = if round == 0 { Model::clone(&model()) } else { drawn(&mut draw) };
        let rough = RoughHead::of(&model.silence);
        for view in views.iter().filter(|view| view.rhythm.is_some()) {
            let last = view.last().unwrap();
            let steady = Steady::of(view, &model.constants).unwrap();
            let scores = scan(&model, view, view.day.0 + 1..last.0 + model.horizon_days());
            let Some((_, first)) = scores.first() else { continue };
            // Ranges that hold the first score, some of them so that they end at a later one exactly.
            let some = scores[draw.below(scores.len() as u64) as usize].1;
            let near = [first - 0.2 * draw.unit() * first, first + 0.2 * draw.unit() * (1.0 - first)];
            for kept in [first.min(some)..first.max(some), near[0]..near[1], near[0]..1.0, f64::NEG_INFINITY..some] {
                let expected = scores.iter().find(|(_, score)| !kept.contains(score)).copied();
                let mut path = Path::of(&model, &rough, &steady, view);
                let found = path.leaves(view.day, Day(i32::MAX), &kept);
                let day = found.as_ref().map(|(day, _)| *day);
                assert_eq!(day, expected.map(|(day, _)| day), "round {round}, {kept:?}, {scores:?}");
                asked += 1;
                if let Some(((day, between), (_, score))) = found.zip(expected) {
                    assert!(between.contains(&score), "round {round}: {score} is not within {between:?}");
                    assert_eq!(path.score(day), score);
                    left += 1;
                    exact += usize::from(between.start() == between.end());
                }
            }
        }
    }
    println!("{asked} ranges, {left} left, {exact} of them by an exact look");
    assert!(asked > 20_000 && left > asked / 4 && left < asked * 9 / 10);
    assert!(exact > left / 20 && exact < left / 2);
}

#[test]
fn rough_log_odds_are_as_near_to_the_exact_ones_as_promised() {
    let views = views();
    let mut draw = Draw::new(12);
    let (mut looked, mut furthest) = (0, 0.0_f64);
    for round in 0..40 {
        let model = if round == 0 { Model::clone(&model()) } else { drawn(&mut draw) };
        let head = RoughHead::of(&model.silence);
        for view in views.iter().filter(|view| view.rhythm.is_some()) {
            let steady = Steady::of(view, &model.constants).unwrap();
            let slack = head.slack(steady.purchase_days());
            let first = view.day.plus(draw.below(60) as i32);
            let features: [Rough; FEATURES] = steady.features(first, Some(view), true);
            for (rough, day) in head.log_odds(&features).to_array().into_iter().zip(first.0..) {
                let exact: [f64; FEATURES] = steady.features(Day(day), Some(view), true);
                let off = (f64::from(rough) - model.silence.log_odds(&exact)).abs();
                assert!(off <= slack, "round {round}: off by {off}, promised {slack}");
                looked += 1;
                furthest = furthest.max(off / slack);
            }
        }
    }
    println!("{looked} days, at most {furthest} of what is promised");
    assert!(looked > 50_000 && furthest > 0.001);
}
