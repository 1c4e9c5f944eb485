//! Drift in a partition: small where the model is the shop's own, seen where it is another's, kept over a crash and begun
//! anew with another model. How everybody stands is what a plain count says.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::Millis;
use churnwatch::engine::drift::{DriftFigures, cohort_silence};
use churnwatch::engine::packed::census::Census;
use churnwatch::engine::promotion::{Promotion, Schedule};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::training::train::train;
use churnwatch::training::treatments::Treatments;
use churnwatch::wire::event::RawRecord;
use support::model::model;
use support::recipe::recipe;
use support::shop::{END, Line, history, lines};

/// The model of the shop itself, trained on everything before the last 150 days.
fn own_model(shop: &[Line]) -> Arc<Model> {
    let at = END.plus(-150);
    Arc::new(train(&history(shop, Some(at)), &Treatments::default(), &recipe(at), "own").unwrap().model)
}

fn fresh(model: &Arc<Model>) -> Processor {
    let settings = load(None).unwrap().until(Some(END));
    Processor::new(Arc::new(settings.setup(1)), 0, model.clone())
}

/// Plays the lines, committing a day at a time; `changelog` collects what is written.
fn play(processor: &mut Processor, shop: &[Line], at_end: bool, changelog: &mut Vec<(Vec<u8>, Option<Vec<u8>>)>) {
    let (mut batch, wall) = (Batch::new(), Millis(i64::MAX / 2));
    let mut close = |processor: &mut Processor, at_end: bool| {
        let time = Time { wall, at_end: &[at_end], source_alive: true };
        while processor.advance(&time, &mut batch) == Progress::More {
            processor.flush(&mut batch);
            let records = batch.iter().filter(|record| record.topic == OutTopic::Profiles);
            changelog.extend(records.map(|record| (record.key.unwrap().to_vec(), record.value.map(<[u8]>::to_vec))));
            batch.clear();
            processor.committed();
        }
    };
    let mut taken = Batch::new();
    for (customer, value) in shop {
        let raw = RawRecord::new(Some(customer.as_bytes()), Some(value), wall);
        let next = processor.offsets().first().copied().flatten().unwrap_or_default();
        processor.process(0, next, &raw, wall, &mut taken);
        taken.clear();
        close(processor, false);
    }
    close(processor, at_end);
}

fn figures(processor: &Processor) -> DriftFigures {
    let engine = processor.engine();
    let model = engine.in_force().model();
    DriftFigures::of([&**engine.drift()].into_iter(), model.reference.as_ref(), model.horizon_days())
}

#[test]
fn the_shop_s_own_model_has_drifted_little_and_another_s_much() {
    let shop = lines(1_200, 500, 3);
    let [own, foreign] = [own_model(&shop), model()].map(|model| {
        let mut processor = fresh(&model);
        play(&mut processor, &shop, true, &mut Vec::new());
        figures(&processor)
    });
    println!("own {own:?} {:?}\nforeign {foreign:?} {:?}", own.calibration(), foreign.calibration());
    assert!(own.psi.unwrap() < 0.25 && foreign.psi.unwrap() > 2.0 * own.psi.unwrap());
    assert!(own.silences > 300, "{}", own.silences);
    assert!((own.calibration().unwrap() - 1.0).abs() < 0.2, "{:?}", own.calibration());
    assert!(own.clipped < 0.001);
}

/// What the cohorts say, counted from the raw events: how many silences had lasted a third of the horizon at a close, and
/// how many of those exceeded it.
#[test]
fn cohorts_are_those_of_a_plain_count() {
    let shop = lines(250, 400, 8);
    // Who gave something back may have an undone purchase day, which a count of raw events does not see.
    let refunds = |line: &&Line| String::from_utf8_lossy(&line.1).contains("\"refund\"");
    let gave_back: HashSet<&String> = shop.iter().filter(refunds).map(|line| &line.0).collect();
    let shop: Vec<Line> = shop.iter().filter(|line| !gave_back.contains(&line.0)).cloned().collect();
    let mut processor = fresh(&model());
    play(&mut processor, &shop, true, &mut Vec::new());
    let history = history(&shop, None);
    let bought: Vec<Vec<i32>> = history
        .customers
        .iter()
        .map(|customer| customer.purchase_days(END).into_iter().map(|day| day.0).collect())
        .collect();
    let at = cohort_silence(90);
    let newest = END.plus(-1).0;
    let mut seen = 0;
    for cohort in processor.engine().drift().cohorts.iter().filter(|cohort| cohort.day <= newest - (90 - at)) {
        let start = cohort.day - at;
        let next = |days: &Vec<i32>| days.iter().copied().find(|day| *day > start).unwrap_or(i32::MAX);
        let silent: Vec<i32> = bought.iter().filter(|days| days.contains(&start)).map(next).collect();
        // A purchase of the first hours after the close is known by then.
        let [sure, perhaps] =
            [cohort.day + 1, cohort.day].map(|day| silent.iter().filter(|next| **next > day).count() as u32);
        assert!((sure..=perhaps).contains(&cohort.silences), "{cohort:?} {sure} {perhaps}");
        assert_eq!(cohort.exceeded, silent.iter().filter(|next| **next > start + 90).count() as u32, "{cohort:?}");
        seen += cohort.silences;
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn a_crash_loses_nothing_and_another_model_begins_anew() {
    let shop = lines(200, 300, 4);
    let mut whole = fresh(&model());
    let mut changelog = Vec::new();
    play(&mut whole, &shop, false, &mut changelog);
    let mut restored = fresh(&model());
    for (key, value) in &changelog {
        restored.restore(key, value.as_deref()).unwrap();
    }
    restored.restored(Millis(0));
    assert!(!whole.engine().drift().cohorts.is_empty());
    assert_eq!(restored.engine().drift(), whole.engine().drift());

    let other = Arc::new(Model { version: "other".into(), ..Model::clone(&model()) });
    let promotion = Promotion { offset: 0, effective: END.plus(-10), model: other };
    let mut switched = fresh(&model());
    switched.offer(Arc::new(Schedule::new(vec![promotion], 1)));
    play(&mut switched, &shop, true, &mut Vec::new());
    assert_eq!(switched.engine().drift().cohorts.len(), 10);
}

#[test]
fn the_census_is_a_plain_count() {
    let shop = lines(300, 300, 6);
    let mut processor = fresh(&model());
    play(&mut processor, &shop, true, &mut Vec::new());
    let state = processor.engine().state();
    let mut plain = Census::default();
    state.iter().for_each(|(_, customer)| plain.count(&customer.standing));
    let census = state.census();
    assert_eq!(census, plain);
    let open = |arm: usize| census.open[arm].as_flattened().iter().sum::<u64>();
    assert!(open(0) > 5 && open(1) > 0, "{census:?}");
    assert!(census.at_risk[0].iter().all(|money| money.0 >= 0) && census.at_risk[0][0].0 > 0, "{census:?}");
    let banded: u64 = census.banded.as_flattened().iter().sum();
    assert!(banded > 150 && banded <= state.len() as u64, "{banded} of {}", state.len());
}
