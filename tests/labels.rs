//! Labels, rows and split against a slow and obvious count over the raw purchases, day by day, that uses none of
//! training's code.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "labels/deeds.rs"]
mod deeds;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use churnwatch::engine::day::Day;
use churnwatch::engine::rfm::features::FeatureConstants;
use churnwatch::training::history::History;
use churnwatch::training::recipe::TrainSettings;
use churnwatch::training::rows::{Row, RowRules, SilenceSample, each_silence, forward_rows, knots, silence_rows};
use churnwatch::training::treatments::Treatments;
use churnwatch::training::{forward, silence};
use churnwatch::wire::calendar::day;
use serde_json::Value;

use deeds::{Deeds, H, Silence};
use support::logs::{history, log};
use support::recipe::recipe;
use support::shop;

type World = BTreeMap<String, Deeds>;

fn date(text: &str) -> Day {
    day(text.parse().unwrap())
}

/// Every `nth` customer of a log, and the history cut down to them.
fn sample(name: &str, nth: usize) -> Option<(World, History)> {
    let path = log(name)?;
    let mut world = raw(&path);
    let kept: BTreeSet<String> = world.keys().step_by(nth).cloned().collect();
    world.retain(|customer, _| kept.contains(customer));
    let mut history = history(&path, None);
    history.customers.retain(|customer| kept.contains(&*customer.customer));
    assert_eq!(history.customers.len(), world.len());
    Some((world, history))
}

/// The purchase days in the file. Its returns name no order, so they undo nothing.
fn raw(path: &Path) -> World {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut world = World::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let deeds = world.entry(fields[0].to_owned()).or_default();
        if fields[3] == "purchase" {
            deeds.bought.insert(date(&fields[1][..10]).0);
        }
    }
    world.retain(|_, deeds| !deeds.bought.is_empty());
    world
}

/// A shop with interactions and refunds: what it sends, and what that says of days.
fn generated(customers: u32, days: u32) -> (World, History) {
    let lines = shop::lines(customers, days, 11);
    let mut orders: BTreeMap<String, (i32, f64, f64, Option<i32>)> = BTreeMap::new();
    let mut world = World::new();
    let mut by_day: BTreeMap<(String, i32), Vec<String>> = BTreeMap::new();
    for (customer, value) in &lines {
        let event: Value = serde_json::from_slice(value).unwrap();
        let on = date(&event["time"].as_str().unwrap()[..10]).0;
        let amount = event["amount"].as_str().map(|amount| amount.parse::<f64>().unwrap());
        let order = || event["order_id"].as_str().unwrap().to_owned();
        match event["type"].as_str().unwrap() {
            "purchase" => {
                world.entry(customer.clone()).or_default().bought.insert(on);
                orders.insert(order(), (on, amount.unwrap(), 0.0, None));
                by_day.entry((customer.clone(), on)).or_default().push(order());
            }
            "refund" => {
                let (bought, paid, back, undone) = orders.get_mut(&order()).unwrap();
                assert!(on - *bought < 35);
                *back += amount.unwrap_or(*paid);
                if *back >= *paid {
                    undone.get_or_insert(on);
                }
            }
            _ => {}
        }
    }
    for ((customer, on), ids) in by_day {
        let known: Option<Vec<i32>> = ids.iter().map(|id| orders[id].3).collect();
        if let Some(known) = known {
            world.get_mut(&customer).unwrap().undone.insert(on, known.into_iter().max().unwrap());
        }
    }
    (world, shop::history(&lines, None))
}

fn with_rules<T>(see: impl FnOnce(&RowRules<'_>) -> T) -> T {
    let treatments = Treatments::default();
    let constants = FeatureConstants { mean_gap_days: 30.0, knots: knots(H), minor_per_major: 100.0, horizon_days: H };
    see(&RowRules { constants, lateness_days: 35, treatments: &treatments, seed: 7 })
}

fn all_silences(from: i32, cutoff: i32, idle_days: f64) -> SilenceSample {
    SilenceSample { from: Day(from), cutoff: Day(cutoff), customers: 1.0, idle_days }
}

fn silences_are_those_of_the_plain_count(name: &str, world: &World, history: &History, from: i32, cutoff: i32) {
    let mut expected = Vec::new();
    for customer in &history.customers {
        let Some(deeds) = world.get(&*customer.customer) else { continue };
        expected.extend(deeds.silences(from, cutoff).into_iter().map(|one| (customer.customer.to_string(), one)));
    }
    let sample = all_silences(from, cutoff, 1.0);
    let (mut found, mut flat) = (Vec::new(), Vec::new());
    with_rules(|rules| {
        each_silence(history, &sample, rules, |customer, rows, weight| {
            assert_eq!(weight, 1.0);
            let churned = rows[0].churned;
            assert!(rows.iter().all(|row| row.churned == churned && row.silent_since() == rows[0].silent_since()));
            let closes = rows.iter().map(|row| (row.day.0, row.silence_days)).collect();
            let silence = Silence { last: rows[0].silent_since().0, churned, closes };
            found.push((customer.customer.to_string(), silence));
        });
        for row in silence_rows(history, &sample, rules) {
            flat.push((row.customer, row.day.0, row.silence_days, row.churned));
        }
    });
    for (ours, theirs) in expected.iter().zip(&found) {
        assert_eq!(ours, theirs, "{name} before {cutoff}");
    }
    assert_eq!(expected.len(), found.len(), "{name} before {cutoff}");
    let positions: BTreeMap<&str, u32> =
        history.customers.iter().zip(0..).map(|(customer, at)| (&*customer.customer, at)).collect();
    let mut rows = Vec::new();
    for (customer, silence) in &expected {
        for (day, silent) in &silence.closes {
            rows.push((positions[customer.as_str()], *day, *silent, silence.churned));
        }
    }
    assert!(rows == flat, "{name}: silence_rows are not the rows of each_silence");
    let churned = expected.iter().filter(|(_, silence)| silence.churned).count();
    println!("{name}, {from} to {cutoff}: {} silences, {churned} churned, {} closes", expected.len(), rows.len());
    assert!(churned > 10 && churned < expected.len());
}

fn forward_labels_are_those_of_the_plain_count(name: &str, world: &World, history: &History, cutoffs: &[Day]) {
    let mut expected = Vec::new();
    for (position, customer) in history.customers.iter().enumerate() {
        let Some(deeds) = world.get(&*customer.customer) else { continue };
        for cutoff in cutoffs {
            if let Some((silent, churned)) = deeds.forward(cutoff.0) {
                expected.push((position as u32, cutoff.0 - 1, silent, churned));
            }
        }
    }
    let rows = with_rules(|rules| forward_rows(history, cutoffs, 1.0, rules));
    let found: Vec<(u32, i32, i32, bool)> =
        rows.iter().map(|row| (row.customer, row.day.0, row.silence_days, row.churned)).collect();
    for (ours, theirs) in expected.iter().zip(&found) {
        assert_eq!(ours, theirs, "{name}: {}", history.customers[ours.0 as usize].customer);
    }
    assert_eq!(expected.len(), found.len(), "{name}");
    println!("{name}: {} rows of {} cutoffs", expected.len(), cutoffs.len());
    assert!(expected.len() > 1_000);
}

/// The rows of the log's own customers; those of the overdue that stand beside them (decision 20) carry a drawn label.
fn of_the_log(mut rows: Vec<Row>, history: &History) -> Vec<Row> {
    let all = rows.len();
    rows.retain(|row| (row.customer as usize) < history.customers.len());
    let beside = all - rows.len();
    assert!((1..=200.max(all / 1_000)).contains(&beside), "{beside} of {all} rows are none of the log's");
    rows
}

/// The training's own rows at `at`: which cutoffs the forward head gets, and that all is known at `at`.
fn nothing_reaches_beyond(name: &str, world: &World, history: &History, at: Day) {
    let settings = settings(at);
    let first = history.span.unwrap().0;
    let rows = with_rules(|rules| forward::training_rows(history, first, &settings, rules));
    let rows = of_the_log(rows, history);
    let cutoffs: BTreeSet<Day> = rows.iter().map(|row| row.day.plus(1)).collect();
    assert!(cutoffs.iter().all(|cutoff| cutoff.plus(H) <= at), "{name}");
    assert_eq!(cutoffs.last(), Some(&at.plus(-H)), "{name}: the newest cutoff is the last that can be known");
    assert!(cutoffs.iter().zip(cutoffs.iter().skip(1)).all(|(a, b)| b.since(*a) == 15));
    let cutoffs: Vec<Day> = cutoffs.into_iter().collect();
    forward_labels_are_those_of_the_plain_count(name, world, history, &cutoffs);
    let silent = with_rules(|rules| silence::training_rows(history, &settings, rules));
    let silent = of_the_log(silent, history);
    assert!(silent.iter().all(|row| row.silent_since().plus(H) < at), "{name}");
    let newest = world.values().flat_map(|deeds| deeds.bought.iter()).filter(|last| **last + H < at.0).max();
    assert_eq!(silent.iter().map(|row| row.silent_since().0).max().as_ref(), newest, "{name}");
    assert!(silent.iter().all(|row| (0..H).contains(&row.silence_days)), "{name}");
}

fn settings(at: Day) -> TrainSettings {
    TrainSettings { seed: 7, ..recipe(at) }
}

#[test]
fn cdnow_is_labelled_as_a_plain_count_labels_it() {
    let Some((world, history)) = sample("cdnow.csv.gz", 200) else { return };
    for (from, cutoff) in [("1997-01-01", "1998-07-01"), ("1997-01-01", "1998-01-10"), ("1997-10-01", "1998-04-01")] {
        silences_are_those_of_the_plain_count("cdnow", &world, &history, date(from).0, date(cutoff).0);
    }
    nothing_reaches_beyond("cdnow", &world, &history, date("1998-04-01"));
}

#[test]
fn online_retail_is_labelled_as_a_plain_count_labels_it() {
    let Some((world, history)) = sample("online_retail_ii.csv.gz", 50) else { return };
    for (from, cutoff) in [("2009-12-01", "2011-12-10"), ("2009-12-01", "2010-11-05"), ("2011-03-01", "2011-09-10")] {
        silences_are_those_of_the_plain_count("online_retail_ii", &world, &history, date(from).0, date(cutoff).0);
    }
    nothing_reaches_beyond("online_retail_ii", &world, &history, date("2011-09-10"));
}

/// With interactions between the purchases, and refunds that leave nothing of some purchase days.
#[test]
fn a_shop_with_refunds_is_labelled_as_a_plain_count_labels_it() {
    let (world, history) = generated(300, 500);
    let undone: usize = world.values().map(|deeds| deeds.undone.len()).sum();
    println!("{undone} purchase days undone");
    assert!(undone > 20);
    let end = shop::END.0;
    for (from, cutoff) in [(0, end), (0, end - 77), (end - 300, end - 30)] {
        silences_are_those_of_the_plain_count("shop", &world, &history, from, cutoff);
    }
    nothing_reaches_beyond("shop", &world, &history, shop::END.plus(-60));
}

/// A share of the rows is a part of all rows, and whether an idle day is taken hangs on the customer and on its number:
/// not on the silence, not on its label, not on its length.
#[test]
fn sampling_knows_nothing_of_the_label() {
    let Some((world, history)) = sample("cdnow.csv.gz", 10) else { return };
    let (from, cutoff) = (date("1997-01-01").0, date("1998-07-01").0);
    let share = 0.3;
    let mut taken: BTreeMap<String, Vec<Silence>> = BTreeMap::new();
    with_rules(|rules| {
        each_silence(&history, &all_silences(from, cutoff, share), rules, |customer, rows, _| {
            let closes = rows.iter().map(|row| (row.day.0, row.silence_days)).collect();
            let silence = Silence { last: rows[0].silent_since().0, churned: rows[0].churned, closes };
            taken.entry(customer.customer.to_string()).or_default().push(silence);
        });
    });
    let (mut rows, mut shared) = ([[0_u64; 2]; 2], 0);
    for (customer, deeds) in &world {
        let all = deeds.silences(from, cutoff);
        let some = taken.remove(customer).unwrap_or_default();
        let lucky: BTreeSet<i32> = some.iter().flat_map(|one| one.closes.iter().map(|close| close.1)).collect();
        shared += usize::from(some.len() > 1);
        let mut some = some.into_iter().peekable();
        for silence in all {
            let Silence { last, churned, closes } = &silence;
            let found = some.next_if(|one| one.last == *last).map_or(Vec::new(), |one| {
                assert_eq!(one.churned, *churned);
                one.closes
            });
            let expected: Vec<(i32, i32)> = closes.iter().copied().filter(|(_, idle)| lucky.contains(idle)).collect();
            assert_eq!(found, expected, "{customer}: the same idle days of every silence");
            rows[usize::from(*churned)][0] += found.len() as u64;
            rows[usize::from(*churned)][1] += closes.len() as u64;
        }
        assert!(some.next().is_none(), "{customer} has a silence that is none");
    }
    assert!(taken.is_empty() && shared > 500, "{shared}");
    let [stayed, churned] = rows.map(|[some, all]| some as f64 / all as f64);
    println!("share taken of {share}: {stayed:.4} of silences that ended, {churned:.4} of those that did not");
    assert!((stayed - share).abs() < 0.01 && (churned - share).abs() < 0.01, "{stayed} {churned}");
}

#[test]
fn sampling_of_forward_rows_is_a_part_of_all() {
    let Some((_, history)) = sample("online_retail_ii.csv.gz", 10) else { return };
    let cutoffs: Vec<Day> = (0..20).map(|back| date("2010-06-01").plus(15 * back)).collect();
    let [all, some] = [1.0, 0.3].map(|share| with_rules(|rules| forward_rows(&history, &cutoffs, share, rules)));
    let key = |row: &churnwatch::training::rows::Row| (row.customer, row.day, row.churned, row.silence_days);
    let known: BTreeSet<_> = all.iter().map(key).collect();
    assert!(some.iter().all(|row| known.contains(&key(row))));
    let shares = [false, true].map(|churned| {
        let count =
            |rows: &[churnwatch::training::rows::Row]| rows.iter().filter(|row| row.churned == churned).count() as f64;
        count(&some) / count(&all)
    });
    println!("share taken of forward rows: {shares:.3?}");
    assert!(shares.iter().all(|share| (share - 0.3).abs() < 0.03), "{shares:?}");
}

/// What the silence head is judged by starts where what it was fitted on had ended, and all of it is known at `at`.
#[test]
fn the_later_block_starts_after_the_earlier_has_ended() {
    let (_, history) = generated(600, 500);
    let at = shop::END.plus(-20);
    let settings = settings(at);
    let first = history.span.unwrap().0;
    with_rules(|rules| {
        let (fitted, _, _) = silence::silence_head(&history, first, &settings, rules, None).unwrap();
        let rows = of_the_log(silence::training_rows(&history, &settings, rules), &history);
        assert_eq!(fitted.rows, rows.len() as u64);
        let border = fitted.validated_on;
        assert_eq!(border, at.plus(-H - ((at.since(first) - H) / 4).min(H)));
        let (mut earlier, mut later, mut between) = (0, Vec::new(), 0);
        for row in &rows {
            let (starts, ends) = (row.silent_since(), row.silent_since().plus(H));
            assert!(ends < at && row.day < ends);
            if ends < border {
                assert!(row.day < border, "a row of the earlier block was seen in the later");
                earlier += 1;
            } else if starts >= border {
                later.push((row.customer, row.silence_days, row.churned));
            } else {
                between += 1;
            }
        }
        println!("{earlier} rows before {border:?}, {between} across it, {} after", later.len());
        assert!(earlier > 1_000 && between > 1_000 && later.len() > 1_000);
        let judged: Vec<(u32, i32, bool)> =
            fitted.validation.iter().map(|row| (row.customer, row.silence_days, row.churned)).collect();
        assert!(judged == later, "the head is judged by other rows than those of the later block");
        let fitted = forward::forward_head(&history, first, &settings, rules).unwrap();
        assert_eq!(fitted.validated_on, at.plus(-H));
        let last: Vec<(u32, i32, bool)> =
            of_the_log(forward::training_rows(&history, first, &settings, rules), &history)
                .iter()
                .filter(|row| row.day.plus(1) == fitted.validated_on)
                .map(|row| (row.customer, row.silence_days, row.churned))
                .collect();
        let judged: Vec<(u32, i32, bool)> =
            fitted.validation.iter().map(|row| (row.customer, row.silence_days, row.churned)).collect();
        assert!(judged == last, "the forward head is judged by other rows than those of its last cutoff");
    });
}
