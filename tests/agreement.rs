//! What serves and what trains see the same customer: `replay` and `evaluate` give the same score, bit for bit.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use churnwatch::engine::day::Day;
use churnwatch::wire::calendar::{day, day_text};
use serde_json::{Value, json};

use support::draw::Draw;
use support::logs::log;
use support::shop::{self, END, Line};

fn run(arguments: &[&str]) {
    let done = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The forward scores in JSON Lines, by customer; of customers who have one.
fn scores(path: &Path) -> BTreeMap<String, f64> {
    let mut scores = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(score) = line["forward_score"].as_f64() {
            let known = scores.insert(line["customer_id"].as_str().unwrap().to_owned(), score);
            assert_eq!(known, None);
        }
    }
    scores
}

/// Scores of every customer at the opening of `at`, once as served and once as trained with.
fn both(file: &Path, model: &Path, at: &str) -> [BTreeMap<String, f64>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let [served, trained] = ["served.jsonl", "trained.jsonl"].map(|name| folder.path().join(name));
    let (file, model) = (file.to_str().unwrap(), model.to_str().unwrap());
    run(&["replay", file, "--model", model, "--until", at, "--profiles", served.to_str().unwrap()]);
    run(&["evaluate", file, "--model", model, "--at", at, "--scores", trained.to_str().unwrap()]);
    [served, trained].map(|path| scores(&path))
}

fn agree(name: &str, [served, trained]: &[BTreeMap<String, f64>; 2]) {
    let missing: Vec<&String> = served.keys().filter(|customer| !trained.contains_key(*customer)).collect();
    let surplus: Vec<&String> = trained.keys().filter(|customer| !served.contains_key(*customer)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "{name}: served alone {missing:?}, trained alone {surplus:?}");
    let differ = |(customer, score): (&String, &f64)| {
        let other = trained[customer];
        (score.to_bits() != other.to_bits()).then(|| (customer.clone(), *score, other))
    };
    let different: Vec<(String, f64, f64)> = served.iter().filter_map(differ).collect();
    println!("{name}: {} customers, {} differ", served.len(), different.len());
    let first: Vec<&(String, f64, f64)> = different.iter().take(5).collect();
    assert!(different.is_empty(), "{name}: {} of {} differ, such as {first:?}", different.len(), served.len());
}

fn default_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default.json")
}

#[test]
fn cdnow_is_served_as_it_is_trained_with() {
    let Some(path) = log("cdnow.csv.gz") else { return };
    let both = both(&path, &default_model(), "1998-04-01");
    assert_eq!(both[0].len(), 23_570);
    agree("cdnow", &both);
}

#[test]
fn online_retail_is_served_as_it_is_trained_with() {
    let Some(path) = log("online_retail_ii.csv.gz") else { return };
    let both = both(&path, &default_model(), "2011-09-10");
    assert!(both[0].len() > 5_000);
    agree("online_retail_ii", &both);
}

/// The midnight at which the generated shops are scored.
const AT: Day = END.plus(-100);

fn event_day(line: &Line) -> Day {
    let event: Value = serde_json::from_slice(&line.1).unwrap();
    day(event["time"].as_str().unwrap()[..10].parse().unwrap())
}

fn shop_scores(lines: &[Line]) -> [BTreeMap<String, f64>; 2] {
    let folder = tempfile::tempdir().unwrap();
    both(&write(folder.path(), lines), &ATTENTIVE, &day_text(AT))
}

fn write(folder: &Path, lines: &[Line]) -> PathBuf {
    let path = folder.join("events.jsonl");
    let lines: Vec<&[u8]> = lines.iter().map(|(_, value)| value.as_slice()).collect();
    std::fs::write(&path, lines.join(&b'\n')).unwrap();
    path
}

/// A model that looks at interactions too, which the default model has never seen.
static ATTENTIVE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("agreement");
    std::fs::create_dir_all(&folder).unwrap();
    let events = write(&folder, &shop::lines(1_500, 500, 21));
    let model = folder.join("model.json");
    let at = day_text(AT);
    run(&["train", events.to_str().unwrap(), "--at", &at, "--output", model.to_str().unwrap()]);
    let artifact: Value = serde_json::from_slice(&std::fs::read(&model).unwrap()).unwrap();
    for feature in ["lattention7", "lintent30", "lopened30", "lsupport30", "complaint_open", "survey"] {
        assert!(artifact["forward"].to_string().contains(&format!("\"{feature}\"")), "{feature} is not looked at");
    }
    model
});

/// Every event up to 20 days late, and some of them twice.
fn disordered(lines: &[Line], draw: &mut Draw) -> Vec<Line> {
    let mut keyed = Vec::new();
    for line in lines {
        let on = event_day(line).0;
        keyed.push((i64::from(on) * 100 + draw.below(2_000) as i64, line.clone()));
        if draw.below(20) == 0 && String::from_utf8_lossy(&line.1).contains("\"purchase\"") {
            keyed.push((i64::from(on) * 100 + draw.below(2_000) as i64, line.clone()));
        }
    }
    keyed.sort_by_key(|(at, _)| *at);
    keyed.into_iter().map(|(_, line)| line).collect()
}

/// `forget` events before the scoring, at any time of the day, put where they belong in time.
fn with_erasures(mut lines: Vec<Line>, draw: &mut Draw) -> Vec<Line> {
    let (customers, from) = (1_500, END.0 - 400);
    for number in 0..60 {
        let customer = format!("c{:07}", draw.below(customers));
        let on = Day(from + draw.below((AT.0 - from) as u64) as i32);
        let time = format!("{}T{:02}:{:02}:00Z", day_text(on), draw.below(24), draw.below(60));
        let event = json!({"id": format!("f{number}"), "type": "forget", "customer_id": customer, "time": time});
        let at = lines.partition_point(|(_, value)| {
            let known: Value = serde_json::from_slice(value).unwrap();
            known["time"].as_str().unwrap() < time.as_str()
        });
        lines.insert(at, (customer, event.to_string().into_bytes()));
    }
    lines
}

#[test]
fn a_shop_is_served_as_it_is_trained_with() {
    let lines = shop::lines(1_500, 500, 21);
    for word in ["\"refund\"", "\"opt_out\"", "\"complaint\"", "\"survey\"", "\"review\"", "\"message_opened\""] {
        assert!(lines.iter().any(|(_, value)| String::from_utf8_lossy(value).contains(word)), "no {word}");
    }
    agree("shop", &shop_scores(&lines));
}

#[test]
fn disorder_within_the_lateness_changes_nothing() {
    let lines = shop::lines(1_500, 500, 22);
    let ordered = shop_scores(&lines);
    let disordered = shop_scores(&disordered(&lines, &mut Draw::new(22)));
    agree("disordered shop", &disordered);
    agree("disordered and ordered", &[ordered[0].clone(), disordered[0].clone()]);
}

#[test]
fn erasures_leave_the_same_behind() {
    let mut draw = Draw::new(23);
    let lines = with_erasures(shop::lines(1_500, 500, 23), &mut draw);
    agree("shop with erasures", &shop_scores(&lines));
}
