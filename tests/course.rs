//! The course of a silence is what each close said of it, and what the closes to come say if nothing more is heard.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::partition::Engine;
use churnwatch::engine::step::Input;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;

use support::model::attentive_model;
use support::shop::{END, lines};

const DAYS: i32 = 260;
/// Days without any event after the shop's last one.
const QUIET_DAYS: i32 = 60;

/// What the close of each day said of each customer.
type Said = BTreeMap<String, BTreeMap<Day, f64>>;

fn close(engine: &mut Engine, day: Day, said: &mut Said) {
    engine.step(Input::Close { day, stale: false, budget: usize::MAX }, &mut Vec::new());
    let judge = engine.judge();
    for (_, customer) in engine.state().iter() {
        if let Some(assessed) = judge.assess(&customer.profile, day) {
            said.entry(customer.id.clone()).or_default().insert(day, assessed.silence);
        }
    }
}

#[test]
fn the_course_is_what_the_closes_said_and_will_say() {
    let lines = lines(300, DAYS as u32, 8);
    let rules = EventRules::plain(Currency::CNY);
    let mut scratch = Scratch::default();
    let mut engine = Engine::new(Arc::new(Policy::default()), attentive_model(), 0, 1, b"secret");
    let wall = Millis(i64::MAX / 2);
    let (mut said, mut rest) = (Said::new(), lines.iter().peekable());
    let today = END.plus(-1);
    for day in (0..DAYS).map(|back| END.plus(back - DAYS)) {
        while let Some((customer, value)) = rest.peek() {
            let raw = RawRecord::new(Some(customer.as_bytes()), Some(value), wall);
            let parsed = parse(&rules, &raw, wall, &mut scratch).unwrap();
            if parsed.event.day > day {
                break;
            }
            engine.step(Input::Event { event: &parsed.event, topic: 0, settles: Day(0) }, &mut Vec::new());
            rest.next();
        }
        close(&mut engine, day, &mut said);
    }
    assert!(rest.next().is_none(), "the whole shop was played");
    let courses: BTreeMap<String, _> = {
        let judge = engine.judge();
        let course = |customer: &churnwatch::engine::packed::customer::Customer| {
            let last = customer.profile.view(today, judge.policy.lateness_days).last();
            (customer.id.clone(), (judge.course(&customer.profile, today), last))
        };
        engine.state().iter().map(|(_, customer)| course(&customer)).collect()
    };
    for quiet in 1..=QUIET_DAYS {
        close(&mut engine, today.plus(quiet), &mut said);
    }
    let (mut whole, mut cut, mut foretold) = (0, 0, 0);
    for (id, (course, last)) in &courses {
        let Some(last) = last else { continue };
        for (day, score) in &course.past {
            assert_eq!(said[id].get(day), Some(score), "{id} on {day:?}");
        }
        for (day, score) in course.ahead.iter().take_while(|(day, _)| *day <= today.plus(QUIET_DAYS)) {
            assert_eq!(said[id].get(day), Some(score), "{id} on {day:?}");
            foretold += 1;
        }
        match course.past.first() {
            Some((first, _)) if first == last => whole += 1,
            Some((first, _)) => {
                assert!(first > last);
                cut += 1;
            }
            None => {}
        }
    }
    assert!(whole > 100 && cut > 5 && foretold > 3_000, "{whole} whole, {cut} cut, {foretold} foretold");
}
