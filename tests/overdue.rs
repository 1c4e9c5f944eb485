//! Customers unlike any in a model's log: who bought often and stops is warned about before the silence becomes churn, and
//! the score does not fall again while the silence grows past the customer's own rhythm (docs/accuracy.md).

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::event::{Body, Event, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::rfm::features::features;
use churnwatch::engine::rfm::profile::Profile;
use churnwatch::engine::scoring::model::Model;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::calendar::{DAY_MILLIS, day_text};
use serde_json::{Value, json};
use support::logs::log;

/// Days between purchases, and how many.
const REGULARS: [(i32, i32); 8] = [(1, 30), (1, 120), (2, 20), (3, 10), (3, 40), (7, 15), (7, 40), (10, 30)];
const HORIZON: i32 = 90;

/// Silence and forward score of a customer who bought `count` times every `gap` days, after so many days of silence.
fn scores(model: &Model, gap: i32, count: i32, silence: i32) -> [f64; 2] {
    let mut profile = Profile::default();
    for at in 0..count {
        let day = Day(20_000 + at * gap);
        let body = Body::Purchase { order: None, amount: Money(4_000), manner: Manner::default() };
        let time = Millis(i64::from(day.0) * DAY_MILLIS);
        profile.apply(&Event { tag: Tag::from_bits(at as u64), customer: "c", time, day, body }, 35);
    }
    let view = profile.view(Day(20_000 + (count - 1) * gap + silence), 35);
    let features = features(&view, &model.constants).unwrap();
    [&model.silence, &model.forward].map(|head| head.score(&features))
}

/// By the time that a silence is ten times as long as the gaps before it, and in time for somebody to do something.
fn overdue(gap: i32) -> i32 {
    (10 * gap).clamp(21, 70)
}

fn sees_the_overdue(model: &Model, name: &str) {
    let [watch, _, critical] = model.thresholds;
    for (gap, count) in REGULARS {
        let bought = format!("{name}: bought {count} times, every {gap} days");
        let [silence, _] = scores(model, gap, count, overdue(gap));
        assert!(silence >= watch, "{bought}: {silence} after {} days", overdue(gap));
        let [silence, forward] = scores(model, gap, count, HORIZON - 1);
        assert!(silence >= critical, "{bought}: {silence} at the end");
        let [before, forward_before] = scores(model, gap, count, gap);
        assert!(before < watch / 2.0, "{bought}: {before} when the next is due");
        assert!(forward > 0.35 && forward_before < 0.2, "{bought}: forward {forward_before} and {forward}");
        let mut highest: f64 = 0.0;
        for day in overdue(gap)..HORIZON {
            let [silence, _] = scores(model, gap, count, day);
            assert!(silence > highest - 0.02, "{bought}: {silence} on day {day} after {highest}");
            highest = highest.max(silence);
        }
    }
}

#[test]
fn the_built_in_model_sees_the_overdue() {
    let model = Artifact::read(include_bytes!("../models/default.json")).unwrap().model().unwrap();
    sees_the_overdue(&model, "built in");
}

/// A shop of three months' customers, of whom hardly any bought more than a few times.
#[test]
fn a_model_of_rare_buyers_sees_them_too() {
    let Some(path) = log("cdnow.csv.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.json");
    let (path, output) = (path.to_str().unwrap(), model.to_str().unwrap());
    let train = ["train", path, "--at", "1998-04-01", "--output", output];
    let done = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(train).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let model = Artifact::read(&std::fs::read(model).unwrap()).unwrap().model().unwrap();
    sees_the_overdue(&model, "cdnow");
}

/// The whole way: twenty customers of each kind buy, stop, and are warned about once, in time.
#[test]
fn whoever_bought_often_and_stops_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("often.jsonl");
    let start = Day(20_100);
    let (mut lines, mut customers) = (Vec::new(), BTreeSet::new());
    for (gap, count) in REGULARS {
        for who in 0..20 {
            let customer = format!("{count}-every-{gap}-{who}");
            // All stop on the same day.
            let first = start.plus(300 - (count - 1) * gap);
            for at in 0..count {
                let day = first.plus(at * gap);
                let time = format!("{}T10:{:02}:00Z", day_text(day), who);
                let event = json!({"id": format!("{customer}-{at}"), "type": "purchase", "customer_id": customer,
                    "time": time, "amount": "40.00", "currency": "CNY"});
                lines.push((day, who, event.to_string()));
            }
            customers.insert(customer);
        }
    }
    lines.sort_unstable();
    let text: String = lines.into_iter().map(|(.., line)| line + "\n").collect();
    std::fs::write(&events, text).unwrap();
    let until = day_text(start.plus(300 + HORIZON));
    let replay = ["replay", events.to_str().unwrap(), "--until", &until];
    let vars = [("CHURNWATCH_HOLDOUT__SHARE", "0")];
    let done = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(replay).envs(vars).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let alerts = done.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let alerts: Vec<Value> = alerts.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let opened = alerts.iter().filter(|alert| alert["type"].as_str().unwrap().ends_with("opened"));
    let warned: Vec<String> = opened.map(|alert| alert["subject"].as_str().unwrap().to_owned()).collect();
    let missed: Vec<&String> = customers.iter().filter(|customer| !warned.contains(customer)).collect();
    assert!(missed.is_empty(), "not warned about: {missed:?}");
    assert_eq!(warned.len(), customers.len());
}
