//! The gate of `compare`: a challenger that is worse, or has seen what it is judged by, may not be promoted.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::path::Path;

use churnwatch::wire::calendar::day_text;
use serde_json::{Value, json};

use support::desk::{AT, COMMON, Common, Desk, joined, program, text, train};
use support::draw::Draw;
use support::shop::{END, Line};

/// `compare` with its exit code and what it said against the challenger.
fn compare(champion: &Path, challenger: &Path) -> (Option<i32>, Value) {
    let (events, at) = (text(&COMMON.events), day_text(AT));
    let models = ["--champion", text(champion), "--challenger", text(challenger)];
    let done = program(&[&["compare", events, "--at", &at], &models[..]].concat());
    let said = String::from_utf8_lossy(&done.stderr);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|fault| unreachable!("{fault}: {said}"));
    let objections = report.get("objections").unwrap().as_array().unwrap();
    println!("{:?} {objections:?}", done.status.code());
    let verdict = said.lines().last().unwrap();
    for objection in objections {
        assert!(verdict.contains(objection.as_str().unwrap()), "{said}");
    }
    let promising = report.get("may_be_promoted").unwrap().as_bool().unwrap();
    assert_eq!(promising, objections.is_empty());
    assert!(verdict.contains(if promising { " may be promoted" } else { " may not be promoted: " }), "{said}");
    assert_eq!(done.status.code(), Some(if promising { 0 } else { 2 }));
    (done.status.code(), report)
}

#[test]
fn a_challenger_must_not_be_worse() {
    let Common { lines, model, .. } = &*COMMON;
    let (code, report) = compare(model, model);
    assert_eq!(code, Some(0));
    for head in ["forward", "silence"] {
        let difference = report.get(head).unwrap().get("difference").unwrap().as_object().unwrap();
        assert!(difference.values().all(|one| *one == json!({"value": 0.0, "interval": [0.0, 0.0]})), "{difference:?}");
    }
    // Whose purchase it is has been lost: every customer looks like every other.
    let desk = Desk::new();
    let mut draw = Draw::new(1);
    let scrambled: Vec<Line> = lines
        .iter()
        .map(|(_, value)| {
            let mut event: Value = serde_json::from_slice(value).unwrap();
            let customer = format!("c{:07}", draw.below(600));
            *event.get_mut("customer_id").unwrap() = customer.clone().into();
            (customer, event.to_string().into_bytes())
        })
        .collect();
    let scrambled = desk.write("scrambled.jsonl", joined(&scrambled));
    let worse = desk.folder.path().join("worse.json");
    train(&scrambled, &day_text(AT), &worse, &[]);
    let (code, report) = compare(model, &worse);
    assert_eq!(code, Some(2));
    let objections = report.get("objections").unwrap().to_string();
    assert!(objections.contains("forward head") && objections.contains("log_loss"), "{objections}");
    // The other way round nothing speaks against the change.
    assert_eq!(compare(&worse, model).0, Some(0));
    // Trained on what it is judged by, it looks good and still may not.
    let later = desk.folder.path().join("later.json");
    train(&COMMON.events, &day_text(END), &later, &[]);
    let (code, report) = compare(model, &later);
    assert_eq!(code, Some(2));
    let objections = report.get("objections").unwrap().as_array().unwrap();
    assert!(objections.iter().any(|one| one.as_str().unwrap().contains("judged by")), "{objections:?}");
}
