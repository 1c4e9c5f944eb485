//! What is foretold of silence alone comes true to the day: bands, and the warnings that open.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use churnwatch::engine::alerting::band::Band;
use churnwatch::engine::alerting::episode::Transition;
use churnwatch::engine::alerting::holdout::Arm;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::coming::{Coming, Forecast};
use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::effect::Effect;
use churnwatch::engine::event::{Body, Event, Interaction, Manner};
use churnwatch::engine::partition::Engine;
use churnwatch::engine::scoring::model::Model;
use churnwatch::engine::step::Input;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;

use support::logs::{Told, log, told};
use support::model::{attentive_model, model};
use support::shop::lines;

/// A band, and the days from which on it is another.
type Bands = (Option<Band>, Vec<(Day, Band)>);

/// What the engine foretold of the customers that are never heard of again, and what it then said of them.
struct Foretold {
    bands: BTreeMap<String, Bands>,
    coming: BTreeMap<String, Coming>,
    forecast: Forecast,
}

fn foretell(engine: &Engine, closed: Day, days: i32, quiet: &BTreeSet<String>) -> Foretold {
    let judge = engine.judge();
    let mut foretold = Foretold { bands: BTreeMap::new(), coming: BTreeMap::new(), forecast: Forecast::new() };
    for (_, customer) in engine.state().iter().filter(|(_, customer)| quiet.contains(&customer.id)) {
        let held = customer.standing.band;
        let changes = judge.band_forecast(&customer.profile.view(closed, judge.policy.lateness_days), held);
        foretold.bands.insert(customer.id.clone(), (held, changes));
        foretold.coming.extend(judge.coming(&customer, closed, days).map(|coming| (customer.id.clone(), coming)));
    }
    let mut next = Some(0);
    while let Some(slot) = next {
        next = engine.forecast(days, slot, 100, &mut foretold.forecast);
    }
    foretold
}

/// Plays the log with a close after every day, foretells at the close of `at`, and compares from there on.
fn compare(name: &str, told: &[Told], at: Day, model: Arc<Model>) {
    let days = model.horizon_days();
    let mut last: BTreeMap<&str, i32> = BTreeMap::new();
    for told in told {
        last.insert(&told.customer, told.day);
    }
    let quiet: BTreeSet<String> =
        last.iter().filter(|(_, day)| **day <= at.0).map(|(customer, _)| (*customer).to_owned()).collect();
    let policy = Policy { dwell_days: 2, holdout_share: 0.3, ..Policy::default() };
    let mut engine = Engine::new(Arc::new(policy), model, 0, 1, b"secret");
    let (mut effects, mut foretold) = (Vec::new(), None);
    let (mut bands, mut opened) = (0, BTreeMap::new());
    let mut rest = told.iter().enumerate().peekable();
    for day in (told[0].day..=at.0 + days).map(Day) {
        while let Some((number, told)) = rest.next_if(|(_, told)| told.day <= day.0) {
            let time = Millis(i64::from(told.day) * 86_400_000 + number as i64);
            let tag = Tag::from_bits(number as u64 + 1);
            let event = Event { tag, customer: &told.customer, time, day: Day(told.day), body: told.body };
            engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut effects);
        }
        engine.step(Input::Close { day, stale: false, budget: usize::MAX }, &mut effects);
        if day == at {
            foretold = Some(foretell(&engine, at, days, &quiet));
        } else if let Some(foretold) = &foretold {
            for effect in &effects {
                if let Effect::Alert(alert) = effect
                    && alert.transition == Transition::Opened
                    && quiet.contains(&*alert.customer)
                {
                    opened.insert(
                        alert.customer.to_string(),
                        (day, alert.band, alert.tier, alert.value_at_risk, alert.arm),
                    );
                }
            }
            bands += bands_come_true(&engine, day, foretold);
        }
        effects.clear();
    }
    let foretold = foretold.unwrap();
    let coming = foretold
        .coming
        .iter()
        .map(|(customer, one)| (customer.clone(), (one.day, one.band, one.tier, one.value_at_risk, one.arm)));
    assert_eq!(coming.collect::<BTreeMap<_, _>>(), opened, "{name}");
    let treated = foretold.coming.values().filter(|coming| coming.arm == Arm::Treated).count() as u64;
    let counted: u64 = foretold.forecast.values().flatten().map(|due| due.warnings).sum();
    println!(
        "{name}: {} silent customers, {bands} bands and {} openings as foretold; {counted} warnings foretold of everybody",
        foretold.bands.len(),
        opened.len()
    );
    assert!(counted >= treated && treated > 0 && opened.len() > treated as usize);
    assert!(bands > 1_000);
}

/// Every band after the close of `day` is the one foretold; gives how many were looked at.
fn bands_come_true(engine: &Engine, day: Day, foretold: &Foretold) -> usize {
    let horizon = engine.judge().model.horizon_days();
    let mut looked = 0;
    for (_, customer) in engine.state().iter() {
        let Some((held, changes)) = foretold.bands.get(&customer.id) else { continue };
        let silence = customer.profile.view(day, 35).silence_days();
        let Some(silence) = silence.filter(|silence| *silence < horizon) else { continue };
        let now = changes.iter().rev().find(|(from, _)| *from <= day).map(|(_, band)| *band).or(*held);
        assert_eq!(customer.standing.band, now, "{} after {silence} days of silence", customer.id);
        looked += 1;
    }
    looked
}

/// The interactions that features look at.
fn unborrowed(interaction: Interaction<'_>) -> Option<Interaction<'static>> {
    Some(match interaction {
        Interaction::Visit => Interaction::Visit,
        Interaction::ProductView => Interaction::ProductView,
        Interaction::Cart => Interaction::Cart,
        Interaction::MessageOpened => Interaction::MessageOpened,
        Interaction::Complaint => Interaction::Complaint,
        Interaction::Survey { satisfaction } => Interaction::Survey { satisfaction },
        _ => return None,
    })
}

#[test]
fn the_generated_shop_is_silent_as_foretold() {
    let rules = EventRules::plain(Currency::CNY);
    let (mut scratch, wall) = (Scratch::default(), Millis(i64::MAX / 2));
    let mut told = Vec::new();
    for (customer, value) in lines(400, 500, 3) {
        let raw = RawRecord::new(Some(customer.as_bytes()), Some(&value), wall);
        let event = parse(&rules, &raw, wall, &mut scratch).unwrap().event;
        let body = match event.body {
            Body::Purchase { order, amount, .. } => Body::Purchase { order, amount, manner: Manner::default() },
            Body::Refund { order, amount } => Body::Refund { order, amount },
            Body::Interaction(interaction) => match unborrowed(interaction) {
                Some(interaction) => Body::Interaction(interaction),
                None => continue,
            },
            _ => continue,
        };
        let day = event.day.0;
        told.push(Told { day, customer: customer.clone(), body });
    }
    let at = Day(told.last().unwrap().day - 150);
    compare("generated", &told, at, attentive_model());
}

#[test]
fn the_real_logs_are_silent_as_foretold() {
    for (name, back) in [("cdnow.csv.gz", 450), ("online_retail_ii.csv.gz", 200)] {
        let Some(path) = log(name) else { return };
        let told = told(&path, |_| true);
        let at = Day(told.last().unwrap().day - back);
        compare(name, &told, at, model());
    }
}
