//! What the commands on history say besides their report: records left out, models of another currency, outcomes that
//! belong to others. What a reader must know is said in one line, and nothing is dropped in silence.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::fs::File;
use std::io::Write;
use std::process::{Command, Output};

use churnwatch::wire::calendar::day_text;
use serde_json::{Value, json};

use support::desk::{AT, COMMON, Common, Desk, USAGE, fails, joined, program, text, train};
use support::shop::END;

/// Standard error, of a command that worked.
fn told(done: &Output) -> String {
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    said
}

#[test]
fn records_that_could_not_be_used_are_counted_by_reason() {
    let Common { lines, model, .. } = &*COMMON;
    let mut events = joined(lines);
    events.extend_from_slice(b"\nnonsense\n{}\n{\"id\":\"1\",\"type\":\"dance\"}\n[]\n");
    let desk = Desk::new();
    let (events, at) = (desk.write("events.jsonl", events), day_text(AT));
    let (events, model) = (text(&events), text(model));
    let line = "churnwatch: 4 records could not be used and are left out: not JSON 2, ";
    let evaluate = program(&["evaluate", events, "--model", model, "--at", &at]);
    assert!(told(&evaluate).lines().any(|said| said.starts_with(line)), "{}", told(&evaluate));
    let report: Value = serde_json::from_slice(&evaluate.stdout).unwrap();
    assert_eq!(report.pointer("/unusable_records"), Some(&json!(4)));
    let both = ["--champion", model, "--challenger", model];
    let compare = program(&[&["compare", events, "--at", &at], &both[..]].concat());
    assert!(told(&compare).lines().any(|said| said.starts_with(line)), "{}", told(&compare));
    let period = ["--from", "2025-06-01", "--to", "2026-01-01"];
    let backtest = program(&[&["backtest", events, "--model", model], &period[..]].concat());
    assert!(told(&backtest).lines().any(|said| said.starts_with(line)), "{}", told(&backtest));
    let again = desk.output();
    let train = program(&["train", events, "--at", &at, "--output", text(&again)]);
    assert!(told(&train).lines().any(|said| said.starts_with(line)), "{}", told(&train));
}

#[test]
fn a_model_of_another_currency_is_spoken_of() {
    let Common { events, model, .. } = &*COMMON;
    let desk = Desk::new();
    let config = desk.write("pounds.toml", "[money]\ncurrency = \"GBP\"\nrates = { CNY = \"0.11\" }\n");
    let evaluate = ["evaluate", text(events), "--model", text(model), "--at", &day_text(AT), "--json"];
    let words = "was trained on amounts in CNY, money.currency is GBP";
    assert!(!told(&program(&evaluate)).contains(words));
    let said = told(&program(&[&evaluate[..], &["--config", text(&config)]].concat()));
    assert_eq!(said.lines().filter(|line| line.contains(words)).count(), 1, "{said}");
    // What `promote` would refuse is not found fit for promotion.
    let models = ["--champion", text(model), "--challenger", text(model), "--config", text(&config)];
    let done = program(&[&["compare", text(events), "--at", &day_text(AT)], &models[..]].concat());
    let said = String::from_utf8_lossy(&done.stderr);
    let verdict = said.lines().last().unwrap();
    assert!(verdict.contains(" may not be promoted: ") && verdict.contains(words), "{said}");
    assert_eq!(done.status.code(), Some(2));
}

#[test]
fn hindsight_is_said_so_that_it_is_true_of_other_data_too() {
    let Common { lines, events, .. } = &*COMMON;
    let desk = Desk::new();
    let later = desk.folder.path().join("later.json");
    train(events, &day_text(END), &later, &[]);
    let done = program(&["evaluate", text(events), "--model", text(&later), "--at", &day_text(AT), "--json"]);
    let said = told(&done);
    assert!(said.contains("was trained on events up to 2025-12-31, past 2025-09-23: if they were these"), "{said}");
    // The same shop four years before that training began: nothing of the period can have been seen.
    let before = String::from_utf8(joined(lines)).unwrap().replace("\"2025-", "\"2021-").replace("\"2024-", "\"2020-");
    let before = desk.write("before.jsonl", before);
    let done = program(&["evaluate", text(&before), "--model", text(&later), "--at", "2021-09-23", "--json"]);
    assert!(!told(&done).contains("was trained on events"), "{}", told(&done));
}

#[test]
fn outcomes_must_belong_to_the_history() {
    let Common { lines, events, .. } = &*COMMON;
    let desk = Desk::new();
    let opened = |customer: &str, arm: &str, day: &str| {
        let data = json!({"arm": arm, "opened_day": day, "propensity": 0.9});
        json!({"type": "churnwatch.outcome.opened", "subject": customer, "data": data}).to_string()
    };
    let (somebody, at) = (&lines.first().unwrap().0, day_text(AT));
    let stranger = opened("stranger", "holdout", "2025-03-01");
    let strangers = desk.write("strangers.jsonl", &stranger);
    let words = "none of the 1 warnings in the outcomes is of a customer of this history";
    desk.train_fails("strangers", USAGE, events, &at, &["--outcomes", text(&strangers)], words);
    let model = text(&COMMON.model);
    let both = ["--champion", model, "--challenger", model, "--outcomes", text(&strangers)];
    fails("strangers", USAGE, &[&["compare", text(events), "--at", &at], &both[..]].concat(), words);
    // Nobody warned about yet, one known and one not; compressed by suffix, as events are.
    let packed = |name: &str, text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        desk.write(name, encoder.finish().unwrap())
    };
    let late = packed("late.jsonl.gz", &opened(somebody, "holdout", "2025-12-01"));
    let mixed = [opened(somebody, "holdout", "2025-03-01"), stranger].join("\n");
    let mixed = desk.write("mixed.jsonl.zst", zstd::encode_all(mixed.as_bytes(), 1).unwrap());
    for (outcomes, words) in [
        (&late, "the outcomes hold no warning before 2025-09-23, 1 from then on"),
        (&mixed, "1 of the 2 warnings in the outcomes are of customers whom this history does not know"),
    ] {
        let output = desk.output();
        let fixed = ["train", text(events), "--at", &at, "--output", text(&output)];
        let said = told(&program(&[&fixed[..], &["--outcomes", text(outcomes)]].concat()));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn standard_input_is_either_format() {
    let desk = Desk::new();
    let shop = |format: &str| {
        let path = desk.folder.path().join(format!("shop.{format}"));
        let sized = ["--customers", "50", "--days", "200", "--end", "2026-01-01"];
        told(&program(&[&["generate", "--format", format, "--output", text(&path)], &sized[..]].concat()));
        path
    };
    for format in ["csv", "jsonl"] {
        let path = shop(format);
        let named = program(&["replay", text(&path), "--until", "2026-01-01"]);
        let unnamed = Command::new(env!("CARGO_BIN_EXE_churnwatch"))
            .args(["replay", "-", "--until", "2026-01-01"])
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        assert_eq!(told(&named), told(&unnamed), "{format}");
        assert_eq!(named.stdout, unnamed.stdout, "{format}");
    }
}

#[test]
fn a_replay_s_alerts_and_summary_do_not_get_into_each_other_s_way() {
    let events = text(&COMMON.events);
    let plain = program(&["replay", events]);
    assert!(!plain.stdout.is_empty());
    // No output named: the alerts have standard output, the summary is one line of standard error.
    let one_line = program(&["replay", events, "--json"]);
    assert_eq!(one_line.stdout, plain.stdout);
    let said = told(&one_line);
    assert_eq!(said.lines().count(), 1, "{said}");
    let summary: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(summary, serde_json::from_str::<Value>(&told(&plain)).unwrap());
    // The alerts have a file: standard output is the summary's.
    let desk = Desk::new();
    let alerts = desk.folder.path().join("alerts.jsonl");
    let filed = program(&["replay", events, "--json", "--alerts", text(&alerts)]);
    assert_eq!(serde_json::from_slice::<Value>(&filed.stdout).unwrap(), summary);
    assert_eq!(std::fs::read(alerts).unwrap(), plain.stdout);
    let nowhere = desk.folder.path().join("nowhere/file");
    let words = "its folder does not exist";
    fails("profiles", USAGE, &["replay", events, "--profiles", text(&nowhere)], words);
    let period = ["--from", "2025-06-01", "--to", "2026-01-01", "--chart", text(&nowhere)];
    let model = ["--model", text(&COMMON.model)];
    fails("a chart", USAGE, &[&["backtest", events], &model[..], &period].concat(), words);
}
