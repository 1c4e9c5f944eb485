//! The whole chain: a town whose people answer with known probabilities sends events into the service's own processor, and
//! `report` and `optimize` judge what comes out. `cargo test --test effect_chain -- --nocapture` prints the figures of
//! docs/effect.md; `CHURNWATCH_SEEDS=100` asks for as many towns.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use churnwatch::effect_study::boundary::Spending;
use churnwatch::effect_study::contrast::contrast;
use churnwatch::effect_study::episode::{Episode, side};
use churnwatch::effect_study::optimize::{TableChange, optimize, rank};
use churnwatch::effect_study::playbook_edit::Playbook;
use churnwatch::effect_study::report::plain_half_width;
use churnwatch::effect_study::sequence::{Look, looks};
use churnwatch::wire::calendar::day_text;
use iso_currency::Currency;
use serde_json::Value;

use support::chain::{Answers, PER_DAY, Town, segments};
use support::desk::program;
use support::responses::{START, WINDOW_DAYS};

/// Days of openings that are judged by `report`.
const DAYS: i32 = 60;
/// Days over which `optimize` learns.
const LEARNING_DAYS: i32 = 200;
/// Days over which the ranking of scarce places is judged.
const SCARCE_DAYS: i32 = 30;
const RATES: [f64; 3] = [0.12, 0.16, 0.20];
const WEIGHTS: [f64; 3] = [0.333, 0.333, 0.334];
const HOLDOUT: f64 = 0.10;
const NAMES: [&str; 3] = ["letter", "points", "call"];

/// Seeds asked for by `CHURNWATCH_SEEDS`; 20 take half a minute of one core.
fn seeds() -> u64 {
    asked().unwrap_or(20)
}

fn asked() -> Option<u64> {
    std::env::var("CHURNWATCH_SEEDS").ok()?.parse().ok()
}

fn answers(rates: [f64; 3]) -> Answers {
    let actions = [0, 1, 2].map(|at| (NAMES[at], rates[at]));
    Answers { actions, holdout: HOLDOUT, newcomers: PER_DAY, regulars: None }
}

/// A folder with the playbook that a town begins with.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let action = |name| {
            format!(
                "[actions.{name}]\nchannel = \"mail\"\nowner = \"sales\"\ndeadline_days = 3\nen = \"do\"\nzh = \"做\"\n"
            )
        };
        let weights: Vec<String> = (0..3).map(|at| format!("{} = {}", NAMES[at], WEIGHTS[at])).collect();
        let rule = format!("[[rules]]\nname = \"everybody\"\nweights = {{ {} }}\n", weights.join(", "));
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.write(&(NAMES.map(action).concat() + &rule));
        desk
    }

    fn playbook(&self) -> PathBuf {
        self.folder.path().join("playbook.toml")
    }

    fn write(&self, text: &str) {
        std::fs::write(self.playbook(), text).unwrap();
    }
}

/// Every seed's result, two at a time.
fn each<T: Send>(seeds: u64, result: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let half = |odd: u64| (0..seeds).filter(|seed| seed % 2 == odd).map(&result).collect::<Vec<T>>();
    std::thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        let even = half(0);
        even.into_iter().chain(odd.join().unwrap()).collect()
    })
}

struct Found {
    /// What was known at the end of each week, as it was known then.
    looks: Vec<Look>,
    /// Half of the plain 95 % interval of everything that opened in [`DAYS`].
    whole_plain: f64,
    /// Episodes of people who had been warned of before.
    again: usize,
    /// Episodes, and those whose people returned: of the treated by action, and of the held-out.
    returned: [[u32; 2]; 4],
}

/// Plays a town until everything has matured that opened in [`DAYS`], and looks at it every week on the way.
fn found(seed: u64, rates: [f64; 3]) -> Found {
    let (mut town, spending) = (Town::new(seed, answers(rates), &Desk::new().playbook()), Spending::yearly());
    let (end, matures) = (START.plus(DAYS), START.plus(WINDOW_DAYS));
    let mut seen = Vec::new();
    for week in 1..=DAYS / 7 {
        town.play(matures.plus(7 * week), end);
        let look = looks(&town.study().unwrap(), &spending).pop().unwrap();
        assert_eq!((look.number, look.day), (week.unsigned_abs(), matures.plus(7 * week - 1)));
        seen.push(look);
    }
    town.play(end.plus(WINDOW_DAYS), end);
    assert!((0..DAYS).all(|day| town.opened.get(&START.plus(day)) == Some(&PER_DAY)), "seed {seed}");
    let study = town.study().unwrap();
    assert_eq!(study.episodes.len(), DAYS as usize * PER_DAY as usize);
    let whole = contrast(study.episodes.iter(), study.customers, Episode::came_back);
    let people: BTreeSet<u32> = study.episodes.iter().map(|episode| episode.opening.customer).collect();
    let again = study.episodes.len() - people.len();
    let mut returned = [[0; 2]; 4];
    for episode in &study.episodes {
        let held_out = side(episode.opening.arm) == 1;
        assert_eq!(episode.contacted, !held_out);
        let action = NAMES.iter().position(|name| Some(*name) == episode.action.as_deref()).unwrap();
        let [all, back] = &mut returned[if held_out { 3 } else { action }];
        (*all, *back) = (*all + 1, *back + u32::from(episode.returned));
    }
    Found { looks: seen, whole_plain: plain_half_width(&whole), again, returned }
}

#[test]
fn a_known_uplift_comes_through_the_chain() {
    let (started, seeds) = (Instant::now(), seeds());
    // From the design alone: what the weights say is drawn, and what each action is worth.
    let truth = RATES.iter().zip(WEIGHTS).map(|(rate, weight)| rate * weight).sum::<f64>() - HOLDOUT;
    let all = each(seeds, |seed| found(seed, RATES));
    let (mut last, mut always, mut widths, mut ratios, mut whole_ratios) = (0_u64, 0_u64, 0.0, 0.0, 0.0);
    for Found { looks, whole_plain, .. } in &all {
        let holds = |look: &&Look| look.returns.interval()[0] <= truth && truth <= look.returns.interval()[1];
        let enough: Vec<&Look> = looks.iter().filter(|look| look.enough).collect();
        let newest = enough.last().unwrap();
        last += u64::from(holds(newest));
        always += u64::from(enough.iter().all(holds));
        let half_width = newest.returns.bound * newest.returns.contrast.error;
        widths += half_width / seeds as f64;
        ratios += half_width / plain_half_width(&newest.returns.contrast) / seeds as f64;
        whole_ratios += half_width / whole_plain / seeds as f64;
    }
    println!(
        "chain, true uplift {:.3} points, {seeds} seeds: in the last look's interval {last}, in every look's {always}; half-width {:.2} points, {ratios:.3} times the plain formula's at the look's size, {whole_ratios:.3} at all {DAYS} days'; {:.1} % of the episodes were not a person's first; {:.1} s",
        truth * 100.0,
        widths * 100.0,
        all.iter().map(|found| found.again).sum::<usize>() as f64 / (seeds * 60) as f64,
        started.elapsed().as_secs_f64()
    );
    // What people were made to do is what the outcomes say that they did, to five standard errors.
    for (at, rate) in RATES.into_iter().chain([HOLDOUT]).enumerate() {
        let of = |what: usize| f64::from(all.iter().map(|found| found.returned[at][what]).sum::<u32>());
        let off = of(1) / of(0) - rate;
        assert!(off.abs() < 5.0 * (rate * (1.0 - rate) / of(0)).sqrt(), "{at}: off by {off}");
    }
    assert!(last * 10 >= seeds * 9 && always * 10 >= seeds * 9);
    assert!(ratios <= 1.5 && whole_ratios <= 1.5);
}

#[test]
fn no_effect_is_rarely_claimed_of_the_chain() {
    let (started, seeds) = (Instant::now(), seeds());
    let claims = |seed: u64| {
        found(1_000 + seed, [HOLDOUT; 3]).looks.iter().any(|look| {
            let [low, high] = look.returns.interval();
            low > 0.0 || high < 0.0
        })
    };
    let claimed = each(seeds, claims).into_iter().filter(|claimed| *claimed).count() as u64;
    println!(
        "chain, no effect, {seeds} seeds: {claimed} ever claimed one at a weekly look; {:.1} s",
        started.elapsed().as_secs_f64()
    );
    assert!(claimed * 10 <= seeds, "{claimed}");
}

/// Returns that the drawn actions were worth, beyond those of a uniform choice, as a share of what always the best one
/// would have been worth beyond it. Every week the playbook is written anew, and the service started with it.
fn gained(seed: u64) -> f64 {
    let desk = Desk::new();
    let mut town = Town::new(3_000 + seed, answers(RATES), &desk.playbook());
    for week in 1.. {
        let today = START.plus((7 * week).min(LEARNING_DAYS));
        town.play(today, START.plus(LEARNING_DAYS));
        if today == START.plus(LEARNING_DAYS) {
            break;
        }
        if let Some(study) = town.study() {
            let mut playbook = Playbook::read(&std::fs::read_to_string(desk.playbook()).unwrap()).unwrap();
            optimize(&mut playbook, &study.episodes, None, seed);
            desk.write(&playbook.text());
            town.restart(&desk.playbook());
        }
    }
    assert!(town.opened.values().all(|opened| *opened == PER_DAY) && town.opened.len() == LEARNING_DAYS as usize);
    let drawn = NAMES.map(|name| f64::from(town.treated[name]));
    let mean = RATES.iter().zip(drawn).map(|(rate, drawn)| rate * drawn).sum::<f64>() / drawn.iter().sum::<f64>();
    let uniform = RATES.iter().sum::<f64>() / 3.0;
    (mean - uniform) / (RATES[2] - uniform)
}

#[test]
fn weights_learned_through_the_chain_earn_half_of_the_gap() {
    let (started, seeds) = (Instant::now(), asked().map_or(6, |asked| asked.div_ceil(5)));
    let gains = each(seeds, gained);
    let enough = gains.iter().filter(|gain| **gain >= 0.5).count() as u64;
    let least = gains.iter().copied().fold(f64::INFINITY, f64::min);
    println!(
        "chain, optimize every week over {LEARNING_DAYS} days, {seeds} seeds: {enough} earn at least half of the gap; mean {:.2}, least {least:.2}; {:.1} s",
        gains.iter().sum::<f64>() / seeds as f64,
        started.elapsed().as_secs_f64()
    );
    assert!(enough * 10 >= seeds * 9, "{gains:?}");
}

/// Margin that a warning adds in the days of scarcity: by value at risk, and by the table that `optimize` wrote before them,
/// where it wrote one. Half of the newcomers are regulars, whom alone it helps that something is done, and there are places
/// for as many as half of all newcomers.
fn margins(seed: u64) -> (f64, Option<f64>) {
    let answers = Answers { newcomers: 2 * PER_DAY, regulars: Some(0.5), ..answers([0.50; 3]) };
    let (learnt, end) = (START.plus(DAYS), START.plus(DAYS + SCARCE_DAYS));
    let earned = |by_uplift: bool| {
        let desk = Desk::new();
        let mut town = Town::new(5_000 + seed, answers, &desk.playbook());
        town.play(learnt, end);
        if by_uplift {
            let text = std::fs::read_to_string(desk.playbook()).unwrap();
            let (text, record) = rank(&text, &town.study().unwrap(), Currency::CNY, &segments()).unwrap();
            let TableChange::Written(_) = record.table else { return None };
            desk.write(&text);
            town.restart(&desk.playbook());
        }
        town.play(end, end);
        let added: Vec<f64> = town.added.range(learnt..end).flat_map(|(_, added)| added.clone()).collect();
        Some(added.iter().sum::<f64>() / added.len() as f64)
    };
    (earned(false).unwrap(), earned(true))
}

#[test]
fn scarce_places_earn_more_by_the_table_that_optimize_wrote() {
    let (started, seeds) = (Instant::now(), asked().map_or(4, |asked| asked.div_ceil(5)));
    let all = each(seeds, margins);
    let mean = |of: fn(&(f64, Option<f64>)) -> Option<f64>| {
        let known: Vec<f64> = all.iter().filter_map(of).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let written = all.iter().filter(|(_, by_uplift)| by_uplift.is_some()).count() as u64;
    println!(
        "chain, half as many places as candidates and half of these helped, {seeds} seeds: table written in {written}; margin added a warning {:.2} by value at risk, {:.2} by the table; {:.1} s",
        mean(|(by_value, _)| Some(*by_value)),
        mean(|(_, by_uplift)| *by_uplift),
        started.elapsed().as_secs_f64()
    );
    assert!(written * 10 >= seeds * 9, "{all:?}");
    assert!(all.iter().all(|(by_value, by_uplift)| by_uplift.is_none_or(|margin| margin > 1.2 * by_value)), "{all:?}");
}

/// The commands, on the bytes of the topic, say what the tests above ask the library for.
#[test]
fn the_commands_say_the_same_of_the_same_bytes() {
    let desk = Desk::new();
    let mut town = Town::new(7, answers(RATES), &desk.playbook());
    let (end, weeks) = (START.plus(DAYS), START.plus(WINDOW_DAYS + 28));
    town.play(weeks, end);
    let study = town.study().unwrap();
    let path = |name: &str| desk.folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("outcomes.jsonl"), town.outcomes.join(&b'\n')).unwrap();
    let done = program(&["report", "--json", "--outcomes", &path("outcomes.jsonl"), "--at", &day_text(weeks)]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let look = looks(&study, &Spending::yearly()).pop().unwrap();
    assert_eq!(report["look"]["number"], 4);
    assert_ne!(report["verdict"], "arms_do_not_match");
    let [low, high] = look.returns.interval();
    let told = &report["look"]["return_rate"]["interval"];
    assert!((told[0].as_f64().unwrap() - low).abs() < 1e-12 && (told[1].as_f64().unwrap() - high).abs() < 1e-12);

    let mut playbook = Playbook::read(&std::fs::read_to_string(desk.playbook()).unwrap()).unwrap();
    optimize(&mut playbook, &study.episodes, None, 5);
    let (plays, next) = (path("playbook.toml"), path("next.toml"));
    let outcomes = path("outcomes.jsonl");
    let done = program(&["optimize", "--playbook", &plays, "--outcomes", &outcomes, "--seed", "5", "--output", &next]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read_to_string(&next).unwrap(), playbook.text());
    assert_ne!(std::fs::read_to_string(plays).unwrap(), playbook.text());
}
