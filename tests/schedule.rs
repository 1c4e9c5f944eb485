//! A close that leaves alone whom silence cannot have changed says what a plain sweep over everybody says, byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::alerting::playbook::{Playbook, Uplift};
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::segment::{Bounds, Segment, Segments};
use churnwatch::engine::alerting::value::Tier;
use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::Millis;
use churnwatch::engine::money::Money;
use churnwatch::engine::promotion::{Promotion, Schedule};
use churnwatch::engine::rfm::style::Style;
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::Batch;
use churnwatch::processor::setup::{Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use support::model::{attentive_model, model};
use support::shop::{END, Line, lines};

/// Everything that a partition says of a shop by the first model and those promoted after it, and what it counted;
/// `plain`: every close looks at everybody.
fn said(shop: &[Line], policy: &Policy, models: &[Arc<Model>], plain: bool) -> (Vec<String>, String) {
    let setup = load(None).unwrap().until(Some(END)).setup(1);
    let setup = Setup { policy: Arc::new(policy.clone()), ..setup };
    let mut processor = Processor::new(Arc::new(setup), 0, models[0].clone());
    let promotion = |(at, model): (usize, &Arc<Model>)| Promotion {
        offset: at as i64,
        effective: END.plus(-100),
        model: model.clone(),
    };
    let promotions: Vec<Promotion> = models[1..].iter().enumerate().map(promotion).collect();
    processor.offer(Arc::new(Schedule::new(promotions, 10)));
    let (mut batch, mut told, wall) = (Batch::new(), Vec::new(), Millis(i64::MAX / 2));
    let mut keep = |processor: &mut Processor, batch: &mut Batch| {
        processor.flush(batch);
        told.extend(batch.iter().map(|record| {
            let value = record.value.map(String::from_utf8_lossy);
            format!("{:?} {:?} {value:?}", record.topic, record.key.map(String::from_utf8_lossy))
        }));
        batch.clear();
        processor.committed();
    };
    for (at, line) in shop.iter().map(Some).chain([None]).enumerate() {
        if let Some((customer, value)) = line {
            let raw = RawRecord::new(Some(customer.as_bytes()), Some(value), wall);
            processor.process(0, at as i64, &raw, wall, &mut batch);
        }
        let time = Time { wall, at_end: &[line.is_none()], source_alive: true };
        while processor.is_due(&time) {
            if plain {
                processor.wake_all();
            }
            if processor.advance(&time, &mut batch) == Progress::Idle {
                break;
            }
            keep(&mut processor, &mut batch);
        }
    }
    keep(&mut processor, &mut batch);
    let counted = format!("{:?} {:?}", processor.stats(), processor.engine().drift());
    (told, counted)
}

#[test]
fn a_sparing_close_says_what_a_plain_sweep_says() {
    let shop = lines(400, 500, 11);
    let busy = Policy { dwell_days: 3, capacity: [Some(1), Some(1), None], outcome_days: 30, ..Policy::default() };
    let cell = |tier, segment, amount| ((tier, Tag::of(segment)), Money(amount));
    let cells = [cell(Tier::Low, "new", 300), cell(Tier::Low, "at_risk", -100), cell(Tier::Mid, "loyal", 200)];
    let uplift = Some(Uplift { cells: cells.into(), others: Money(50) });
    let ranked = Policy { playbook: Playbook { uplift, ..Playbook::default() }, ..busy.clone() };
    let table = vec![
        Segment {
            styles: vec![Style::Rational],
            recency_days: Bounds { at_least: Some(9), at_most: Some(23) },
            ..Segment::everybody("thinking")
        },
        Segment { tenure_days: Bounds { at_least: Some(100), at_most: Some(211) }, ..Segment::everybody("settling") },
        Segment { rfm: [Bounds::from(3), Bounds::default(), Bounds::from(2)], ..Segment::everybody("near") },
        Segment { lapsed: Some(true), ..Segment::everybody("gone") },
        Segment::everybody("other"),
    ];
    let tabled = Policy { segments: Segments(table), tier_margin: 0.0, exit_margin: 0.0, ..Policy::default() };
    for (name, policy, models) in [
        ("default", Policy::default(), vec![attentive_model()]),
        ("promoted", Policy::default(), vec![attentive_model(), model()]),
        ("interactions unheard at first", busy.clone(), vec![model(), attentive_model()]),
        ("dwell and capacity", busy, vec![attentive_model()]),
        ("ranked by uplift", ranked, vec![attentive_model()]),
        ("own segments", tabled, vec![attentive_model()]),
    ] {
        let (sparing, counted) = said(&shop, &policy, &models, false);
        let (plain, counted_plain) = said(&shop, &policy, &models, true);
        println!("{name}: {} records", sparing.len());
        assert!(sparing.len() > 10_000, "{name}");
        let differs = sparing.iter().zip(&plain).find(|(sparing, plain)| sparing != plain);
        assert_eq!(differs, None, "{name}");
        assert_eq!((sparing.len(), counted), (plain.len(), counted_plain), "{name}");
    }
}
