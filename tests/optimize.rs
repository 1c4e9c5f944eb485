//! Whether weights find the action that works, keep trying the others, and leave those alone whom every action drives away.
//! Episodes are drawn as such, so that hundreds of shops can be tried; `tests/effect_chain.rs` puts the weights through the
//! service. `cargo test --test optimize -- --nocapture` prints the figures of docs/effect.md.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use churnwatch::config::playbook::playbook;
use churnwatch::effect_study::episode::Episode;
use churnwatch::effect_study::optimize::{Decision, optimize};
use churnwatch::effect_study::playbook_edit::Playbook;
use churnwatch::engine::alerting::holdout::Arm;
use churnwatch::engine::alerting::playbook::Uplift;
use churnwatch::engine::alerting::segment::Segments;
use churnwatch::engine::alerting::value::Tier;
use churnwatch::engine::customer::Tag;
use churnwatch::engine::money::Money;
use iso_currency::Currency;
use serde_json::Value;

use support::draw::Draw;
use support::responses::{Responses, START, helpful, lines};

const PLAYBOOK: &str = r#"# Agreed with sales.
[actions.letter]
cost_cap = "2.00"
[actions.points]
cost_cap = "2.00"
[actions.call]
cost_cap = "2.00" # a quarter of an hour
[actions.none]

[[rules]]
weights = { letter = 0.333, points = 0.333, call = 0.334 } # nobody knows yet
"#;
const RATES: [f64; 3] = [0.12, 0.16, 0.20];
const DAYS: i32 = 200;

/// Returns that the drawn actions were worth, beyond those of a uniform choice, as a share of what always the best one
/// would have been worth beyond it.
fn gained(seed: u64) -> f64 {
    let mut responses = Responses::uniform(RATES, 0.10);
    let (mut draw, salt) = (Draw::new(3_000 + seed), format!("optimize {seed}"));
    let (mut episodes, mut text): (Vec<Episode>, String) = (Vec::new(), PLAYBOOK.to_owned());
    for day in 0..DAYS {
        if day > 0 && day % 7 == 0 {
            let today = START.plus(day);
            let matured = episodes.partition_point(|episode| episode.matured < today);
            let mut playbook = Playbook::read(&text).unwrap();
            optimize(&mut playbook, &episodes[..matured], None, seed);
            text = playbook.text();
            let weights = &Playbook::read(&text).unwrap().rules[0].weights;
            for (name, _, often) in &mut responses.actions {
                *often = weights.iter().find(|(action, _)| action == name).unwrap().1;
            }
        }
        episodes.extend(responses.day(day, &salt, &mut draw));
    }
    let treated: Vec<&Episode> = episodes.iter().filter(|episode| episode.opening.arm == Arm::Treated).collect();
    let worth = |episode: &&Episode| {
        responses.actions.iter().find(|(name, _, _)| Some(*name) == episode.action.as_deref()).unwrap().1
    };
    let mean = treated.iter().map(worth).sum::<f64>() / treated.len() as f64;
    let uniform = RATES.iter().sum::<f64>() / 3.0;
    (mean - uniform) / (0.20 - uniform)
}

/// How many shops are tried; `CHURNWATCH_SEEDS` asks for more.
fn seeds() -> u64 {
    std::env::var("CHURNWATCH_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

#[test]
fn weekly_weights_earn_at_least_half_of_what_knowing_would() {
    let gains: Vec<f64> = (0..seeds()).map(gained).collect();
    let enough = gains.iter().filter(|gain| **gain >= 0.5).count();
    let least = gains.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = gains.iter().sum::<f64>() / gains.len() as f64;
    println!(
        "optimize every week over {DAYS} days, {} seeds: {enough} earn at least half of the gap; mean {mean:.2}, least {least:.2}",
        gains.len()
    );
    assert!(enough * 10 >= gains.len() * 9, "{gains:?}");
}

/// A rule for the best customers, whom every action drives away, and one for the others.
const TWO_RULES: &str = r#"[actions.letter]
channel = "mail"
owner = "sales"
deadline_days = 3
en = "Do it."
zh = "执行。"
[actions.points]
channel = "mail"
owner = "sales"
deadline_days = 3
en = "Do it."
zh = "执行。"
[actions.call]
channel = "mail"
owner = "sales"
deadline_days = 3
en = "Do it."
zh = "执行。"
cost_cap = "20.00"
[actions.none]
channel = "nothing" # leave them alone
owner = "sales"
deadline_days = 3
en = "Do it."
zh = "执行。"

[[rules]]
name = "best"
tier = ["high"]
weights = { letter = 0.5, points = 0.5 }

[[rules]]
segment = ["loyal"] # those who know us
weights = { letter = 0.2, call = 0.3, points = 0.5 }

[[rules]]
segment = ["lost"]
weights = { call = 1.0 }
"#;

/// Episodes of a shop whose best customers stay away when anything is done.
fn two_kinds(days: i32) -> Vec<Episode> {
    let mut episodes = Responses::uniform(RATES, 0.10).study(days, 9).episodes;
    let mut draw = Draw::new(11);
    for episode in &mut episodes {
        if episode.tier.name() == "high" {
            let rate = if episode.opening.arm == Arm::Treated { 0.02 } else { 0.30 };
            episode.returned = draw.unit() < rate;
        }
    }
    episodes
}

#[test]
fn who_is_driven_away_is_left_alone_and_little_data_change_nothing() {
    let mut playbook = Playbook::read(TWO_RULES).unwrap();
    let records = optimize(&mut playbook, &two_kinds(60), None, 1);
    let decisions: Vec<Decision> = records.iter().map(|record| record.decision).collect();
    assert_eq!(decisions, [Decision::DoNotDisturb, Decision::Weighted, Decision::Kept]);
    let names: Vec<&str> = records.iter().map(|record| record.reward.name()).collect();
    // Calls cost more than letters, so that rule is judged by margin.
    assert_eq!(names, ["return", "margin", "return"]);
    let weights = |at: usize| Playbook::read(&playbook.text()).unwrap().rules[at].weights.clone();
    assert_eq!(weights(0), [("none".to_owned(), 1.0)]);
    assert!(weights(1).iter().all(|(_, weight)| *weight >= 0.05) && weights(1) != records_before(1));
    assert_eq!(weights(2), records_before(2));
    // Without an action that is none it is said and left to people.
    let mut playbook = Playbook::read(&TWO_RULES.replace("[actions.none]", "[actions.nothing]")).unwrap();
    let records = optimize(&mut playbook, &two_kinds(60), None, 1);
    assert_eq!(records[0].decision, Decision::DoNotDisturb);
    assert_eq!(Playbook::read(&playbook.text()).unwrap().rules[0].weights, records_before(0));
    let mut playbook = Playbook::read(TWO_RULES).unwrap();
    let records = optimize(&mut playbook, &two_kinds(2), None, 1);
    assert!(records.iter().all(|record| record.decision == Decision::Kept));
    assert_eq!(playbook.text(), TWO_RULES);
}

fn records_before(rule: usize) -> Vec<(String, f64)> {
    Playbook::read(TWO_RULES).unwrap().rules[rule].weights.clone()
}

/// Where the outcome names its rule, that counts, whatever else would fit.
#[test]
fn the_recorded_rule_is_preferred() {
    let mut episodes = two_kinds(60);
    for episode in &mut episodes {
        episode.rule = Some("best".into());
    }
    let records = optimize(&mut Playbook::read(TWO_RULES).unwrap(), &episodes, None, 1);
    let held_out = episodes.iter().filter(|episode| episode.opening.arm == Arm::Holdout).count() as u64;
    assert_eq!(records[0].holdout.episodes, held_out);
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_churnwatch")).arg("optimize").args(arguments).output().unwrap()
}

#[test]
fn the_command_edits_weights_alone_and_the_same_seed_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (playbook, outcomes, next) = (path("playbook.toml"), path("outcomes.jsonl"), path("next.toml"));
    std::fs::write(&playbook, TWO_RULES).unwrap();
    std::fs::write(&outcomes, lines(&two_kinds(60)).join("\n")).unwrap();
    let usual = ["--playbook", &playbook, "--outcomes", &outcomes];
    let printed = run(&usual);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let printed_text = String::from_utf8(printed.stdout).unwrap();
    let table = String::from_utf8(printed.stderr).unwrap();
    assert!(table.contains("do not disturb") && table.contains("weights stay"), "{table}");
    let told = run(&[&usual[..], &["--json", "--output", &next]].concat());
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["rules"][0]["decision"], "do_not_disturb");
    assert_eq!(std::fs::read_to_string(&next).unwrap(), printed_text);
    assert!(run(&["--playbook", &next, "--outcomes", &outcomes]).status.success(), "what was written is a playbook");
    // Every line but those of weights is as it was.
    let others =
        |text: &str| text.lines().filter(|line| !line.contains("weights")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(others(&printed_text), others(TWO_RULES));
    let broken = path("broken.toml");
    std::fs::write(&broken, TWO_RULES.replace("letter = 0.2", "letter = 0.9")).unwrap();
    // What the service would refuse is refused here too, though the weights are right.
    let careless = path("careless.toml");
    let text = TWO_RULES.replace("[\"loyal\"]", "[\"vip\"]");
    let (before, call) = text.split_once("[actions.call]").unwrap();
    std::fs::write(&careless, format!("{before}[actions.call]{}", call.replacen("\"sales\"", "\"\"", 1))).unwrap();
    for (arguments, sentence) in [
        (vec!["--outcomes", &outcomes], "name the playbook"),
        (vec!["--playbook", "/nonexistent.toml", "--outcomes", &outcomes], "playbook: cannot read /nonexistent.toml"),
        (vec!["--playbook", &broken, "--outcomes", &outcomes], "playbook: rules.2.weights: sum to 1.7, must sum to 1"),
        (
            vec!["--playbook", &careless, "--outcomes", &outcomes],
            "playbook: rules.2.segment: names a segment that there is not",
        ),
        (vec!["--playbook", &careless, "--outcomes", &outcomes], "playbook: actions.call.owner: must not be empty"),
        (vec!["--playbook", &playbook], "name files of --outcomes"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(64));
        assert!(String::from_utf8_lossy(&output.stderr).contains(sentence), "{sentence}");
    }
}

/// A folder with a playbook and outcomes.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// The playbook that comes of the text, what `optimize` says in words, and what it says as JSON.
    fn optimize(&self, text: &str, episodes: &[Episode]) -> (String, String, Value) {
        let (before, outcomes) = (self.write("before.toml", text), self.write("outcomes", &lines(episodes).join("\n")));
        let usual = ["--playbook", &before, "--outcomes", &outcomes, "--output", &self.path("after.toml")];
        let (told, machine) = (run(&usual), run(&[&usual[..], &["--json"]].concat()));
        let said = String::from_utf8(told.stderr).unwrap();
        assert!(told.status.success() && machine.status.success(), "{said}");
        let told: Value = serde_json::from_slice(&machine.stdout).unwrap();
        (std::fs::read_to_string(self.path("after.toml")).unwrap(), said, told["ranking"].clone())
    }

    /// The table of a playbook, as the service reads it.
    fn served(&self, text: &str) -> Option<Uplift> {
        playbook(Path::new(&self.write("served.toml", text)), Currency::CNY, &Segments::default()).unwrap().uplift
    }
}

/// The table that `optimize` says it wrote.
fn told_table(uplift: &Value) -> Uplift {
    let money = |amount: &Value| Money((amount.as_str().unwrap().parse::<f64>().unwrap() * 100.0).round() as i64);
    let mut cells = BTreeMap::new();
    for tier in Tier::ALL {
        for (segment, amount) in uplift[tier.name()].as_object().unwrap() {
            cells.insert((tier, Tag::of(segment)), money(amount));
        }
    }
    Uplift { cells, others: money(&uplift["others"]) }
}

/// Ranking by uplift comes into the playbook where it wins, goes where it does not, and stays where that can't be asked.
#[test]
fn the_ranking_is_written_where_it_wins_and_taken_out_where_it_does_not() {
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    let loyal = |episode: &Episode| episode.segment.as_deref() == Some("loyal");
    let wins = helpful(60, 4_001, loyal).episodes;
    let (alike, few) = (helpful(60, 4_002, |_| true).episodes, helpful(15, 4_003, loyal).episodes);
    let (written, said, told) = desk.optimize(TWO_RULES, &wins);
    println!("{}", said.lines().last().unwrap());
    assert!(said.contains("whom to serve first: ranking by uplift wins on the holdout (+"), "{said}");
    assert!(said.ends_with("; [uplift] is written\n"), "{said}");
    assert_eq!((told["advice"].as_str(), told["table"].as_str()), (Some("by_uplift"), Some("written")));
    let served = desk.served(&written).unwrap();
    assert_eq!(served, told_table(&told["uplift"]));
    // Acting brings three in ten of the loyal back, each for 100.00, and none of the others.
    assert_eq!(served.cells.len(), 6);
    for ((tier, segment), uplift) in &served.cells {
        let truth = if *segment == Tag::of("loyal") { 3_000 } else { 0 };
        assert!((uplift.0 - truth).abs() < 1_000, "{tier:?} {uplift:?}");
    }
    assert!((served.others.0 - 1_500).abs() < 500, "{:?}", served.others);
    // The table is behind the playbook as it would be without it; the same outcomes give the same again.
    let (plain, table) = written.split_at(written.find("\n# Whom to serve first").unwrap());
    let (again, ..) = desk.optimize(&written, &wins);
    assert!(again.ends_with(table) && desk.served(&again) == Some(served.clone()));
    let others =
        |text: &str| text.lines().filter(|line| !line.contains("weights")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(others(plain), others(TWO_RULES));
    // Where it does not win the table goes, and all else is as it would be had there been none.
    let (without, said, told) = desk.optimize(&written, &alike);
    assert!(said.contains("does not win on the holdout beyond doubt (") && said.ends_with("; [uplift] is taken out\n"));
    assert_eq!((told["advice"].as_str(), told["table"].as_str()), (Some("by_value_at_risk"), Some("removed")));
    assert_eq!(without, desk.optimize(plain, &alike).0);
    assert_eq!(desk.served(&without), None);
    // Where it can't be asked people's own table stays.
    let own = format!("[uplift]\nothers = \"1.20\" # ours\n[uplift.high]\n# Ours too.\nloyal = \"-5\"\n{TWO_RULES}");
    let (kept, said, told) = desk.optimize(&own, &few);
    assert!(said.contains("can't be asked yet") && said.ends_with("; [uplift] stays as it is\n"), "{said}");
    assert_eq!((told["advice"].as_str(), told["table"].as_str()), (Some("not_asked"), Some("kept")));
    assert_eq!((told["uplift"].as_str(), desk.served(&kept)), (None, desk.served(&own)));
    assert!(kept.starts_with(&own[..own.len() - TWO_RULES.len()]));
    let (_, said, told) = desk.optimize(TWO_RULES, &few);
    assert!(said.ends_with("; value at risk goes on deciding\n"), "{said}");
    assert_eq!(told["table"], "absent");
}

/// Amounts of another currency than the playbook's are not put into it.
#[test]
fn a_ranking_in_another_currency_is_refused() {
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    let wins = helpful(60, 4_001, |episode| episode.segment.as_deref() == Some("loyal")).episodes;
    let euros = lines(&wins).join("\n").replace("\"CNY\"", "\"EUR\"");
    let (playbook, outcomes) = (desk.write("playbook.toml", TWO_RULES), desk.write("outcomes", &euros));
    let refused = run(&["--playbook", &playbook, "--outcomes", &outcomes]);
    assert_eq!(refused.status.code(), Some(64));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("the outcomes are in EUR, the configuration in CNY"), "{said}");
    assert!(refused.stdout.is_empty());
}
