//! What can go wrong with `train`, `evaluate`, `backtest` and `compare`: one sentence, an exit code, and nothing left
//! behind.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::fmt::Write;

use churnwatch::engine::day::Day;
use churnwatch::wire::calendar::day_text;
use serde_json::json;

use support::desk::{AT, COMMON, Common, Desk, FAILED, USAGE, fails, is_misused, program, text, train};

/// Purchases of 10.00, by customer and day of 2025.
fn csv(rows: impl Iterator<Item = (i32, i32)>) -> String {
    let mut out = String::from("customer_id,timestamp,amount,type\n");
    for (customer, day) in rows {
        writeln!(out, "c{customer},{},10.00,purchase", day_text(BEGIN.plus(day))).unwrap();
    }
    out
}

/// 2025-01-01.
const BEGIN: Day = Day(20_089);

fn date(day: i32) -> String {
    day_text(BEGIN.plus(day))
}

#[test]
fn a_history_that_teaches_nothing_is_refused() {
    let desk = Desk::new();
    let few = desk.write("few.csv", csv((0..200).map(|day| (day % 3, day))));
    desk.train_fails("three customers", FAILED, &few, &date(200), &[], "rows, 0 of the rarer class");
    let two = desk.write("two.csv", csv([(1, 0), (2, 199)].into_iter()));
    desk.train_fails("two purchases", FAILED, &two, &date(200), &[], "of the rarer class");
    let short = desk.write("short.csv", csv((0..5_000).map(|at| (at % 50, at / 50))));
    desk.train_fails("a hundred days", USAGE, &short, &date(100), &[], "two horizons (180 days)");
    let daily = desk.write("daily.csv", csv((0..20_000).map(|at| (at % 100, at / 100))));
    desk.train_fails("everybody buys daily", FAILED, &daily, &date(200), &[], "0 of the rarer class");
    let once = desk.write("once.csv", csv((0..1_000).map(|at| (at, at / 4))));
    desk.train_fails("everybody bought once", FAILED, &once, &date(250), &[], "0 of the rarer class");
    // One cutoff, at which all bought once on the first day; half of them come back.
    let alike = (0..100).map(|customer| (customer, 0)).chain((0..50).map(|customer| (customer, 178)));
    let alike = desk.write("alike.csv", csv(alike));
    desk.train_fails("all look the same", FAILED, &alike, &date(180), &[], "every feature is constant");
}

#[test]
fn a_date_outside_the_data_is_refused() {
    let desk = Desk::new();
    let Common { events, model, .. } = &*COMMON;
    for (what, at, words) in [
        ("before the first event", "2020-01-01", "no event before --at"),
        ("long before", "0001-01-01", "no event before --at"),
        ("after the last", "2026-03-01", "the data end 59 days before --at"),
        ("long after", "9999-12-31", "days before --at"),
        ("after 100 days", "2024-12-17", "two horizons"),
    ] {
        desk.train_fails(what, USAGE, events, at, &[&format!("--name={at}")], words);
        let (events, model) = (text(events), text(model));
        if what != "after 100 days" {
            let words = "choose another --at";
            fails(what, USAGE, &["evaluate", events, "--model", model, &format!("--at={at}")], words);
            let both = ["--champion", model, "--challenger", model];
            fails(what, USAGE, &[&["compare", events, &format!("--at={at}")], &both[..]].concat(), words);
        }
    }
    let (events, model) = (text(events), text(model));
    let backtest = |from: &str, to: &str, words: &str| {
        let (from, to) = (format!("--from={from}"), format!("--to={to}"));
        fails("backtest", USAGE, &["backtest", events, "--model", model, &from, &to], words);
    };
    backtest("2020-01-01", "2020-12-31", "choose --from and --to inside");
    backtest("2027-01-01", "2027-12-31", "choose --from and --to inside");
    backtest("2025-06-01", "2027-12-31", "choose --from and --to inside");
    backtest("2025-09-01", "2025-10-01", "more than that after --from");
    backtest("2025-10-01", "2025-09-01", "more than that after --from");
    backtest("0001-01-01", "9999-12-31", "choose --from and --to inside");
    // The labels of a day are known a horizon later; and where nobody has bought yet there is nothing to judge.
    fails("too young", USAGE, &["evaluate", events, "--model", model, "--at", "2025-12-01"], "choose another --at");
    let visit = |number: i32| {
        let (id, time) = (format!("v{number}"), date(number));
        let visit = json!({"id": id, "type": "visit", "customer_id": "c", "time": time + "T10:00:00Z"});
        visit.to_string()
    };
    let visits: Vec<String> = (0..300).map(visit).collect();
    let visits = desk.write("visits.jsonl", visits.join("\n"));
    let (visits, at) = (text(&visits), date(200));
    fails("only visits", USAGE, &["evaluate", visits, "--at", &at], "nobody had bought anything before");
    let early = desk.folder.path().join("early.json");
    train(&COMMON.events, &date(150), &early, &[]);
    let models = ["--champion", text(&early), "--challenger", text(&early)];
    fails(
        "only visits",
        USAGE,
        &[&["compare", visits, "--at", &at], &models[..]].concat(),
        "nobody had bought anything before",
    );
}

#[test]
fn unusable_amounts_are_no_purchases() {
    let desk = Desk::new();
    for amount in ["NaN", "nan", "inf", "-inf", "Infinity", "-5", "-0.01", "1e400", "", "ten", "0x10", "1,5"] {
        let rows = csv((0..400).map(|at| (at, at / 2))).replace("10.00", &format!("\"{amount}\""));
        let rows = desk.write("amounts.csv", rows);
        desk.train_fails(
            &format!("CSV, {amount}"),
            FAILED,
            &rows,
            &date(200),
            &[],
            "none of the 400 records could be used",
        );
    }
    for amount in ["NaN", "Infinity", "-5", "1e400", "-1e-400", "null", "true", "[]", "\"NaN\"", "\"-0.01\"", "\"\""] {
        let row = |at: i32| {
            let time = date(at / 2);
            format!(
                r#"{{"id":"{at}","type":"purchase","customer_id":"c{at}","time":"{time}T10:00:00Z","amount":{amount},"currency":"CNY"}}"#
            )
        };
        let rows = (0..400).map(row).collect::<Vec<_>>().join("\n");
        let rows = desk.write("amounts.jsonl", rows);
        let words = "none of the 400 records could be used";
        desk.train_fails(&format!("JSON, {amount}"), FAILED, &rows, &date(200), &[], words);
    }
}

#[test]
fn a_file_that_says_nothing_is_refused() {
    let desk = Desk::new();
    for (name, bytes, words) in [
        ("empty.csv", &b""[..], "is empty: its first row names the columns"),
        ("header.csv", b"customer_id,timestamp,amount,type\n", "no event before --at"),
        ("other.csv", b"a,b\n1,2\n", "has no column \"customer_id\", but a, b: name"),
        ("empty.jsonl", b"", "no event before --at"),
        ("blank.jsonl", b"\n\n \n", "no event before --at"),
        ("broken.jsonl", b"{\"id\":", "none of the 1 records could be used"),
        ("broken.csv.gz", b"\x1f\x8b\x08nonsense", "cannot read"),
        ("broken.jsonl.zst", b"nonsense", "cannot read"),
        ("events.parquet", b"PAR1", "cannot read"),
        ("events.xlsx", b"PK", "is neither"),
    ] {
        let path = desk.write(name, bytes);
        let code = if words.starts_with("none of") { FAILED } else { USAGE };
        desk.train_fails(name, code, &path, "2025-06-01", &[], words);
        for command in ["evaluate", "compare"] {
            let model = text(&COMMON.model);
            let model = if command == "evaluate" { ["--model", model] } else { ["--challenger", model] };
            let words = if words.starts_with("no event") { "choose another --at" } else { words };
            fails(name, code, &[&[command, text(&path), "--at", "2025-06-01"], &model[..]].concat(), words);
        }
    }
    desk.train_fails("no such file", USAGE, &desk.folder.path().join("none.csv"), "2025-06-01", &[], "cannot read");
    desk.train_fails("a folder", USAGE, &desk.folder.path().join("out"), "2025-06-01", &[], "");
}

#[test]
fn an_output_that_cannot_be_written_is_said_before_the_work() {
    let desk = Desk::new();
    let (events, at) = (text(&COMMON.events), day_text(AT));
    let nowhere = desk.folder.path().join("nowhere");
    let model = nowhere.join("model.json");
    fails("no folder", USAGE, &["train", events, "--at", &at, "--output", text(&model)], "its folder does not exist");
    let folder = desk.folder.path();
    fails("a folder", USAGE, &["train", events, "--at", &at, "--output", text(folder)], "it is a folder");
    assert!(!nowhere.exists());
    for option in ["--card", "--rows"] {
        let more = [option, text(&model)];
        desk.train_fails(option, USAGE, &COMMON.events, &at, &more, "its folder does not exist");
    }
}

#[test]
fn outcomes_that_say_nothing_of_silence_are_refused() {
    let desk = Desk::new();
    let Common { lines, events, .. } = &*COMMON;
    let opened = |customer: &str, arm: &str| {
        let data = json!({"arm": arm, "opened_day": "2025-03-01", "propensity": 0.9});
        json!({"type": "churnwatch.outcome.opened", "subject": customer, "data": data}).to_string()
    };
    let somebody = &lines.first().unwrap().0;
    for (what, told, words) in [
        ("nobody held out", opened(somebody, "treated"), "holdout.share above 0"),
        ("cut off", opened(somebody, "treated").get(..40).unwrap().to_owned(), "cannot read"),
        ("no JSON", "opened".into(), "cannot read"),
        ("no outcome", "{}".into(), "cannot read"),
        ("another arm", opened(somebody, "both"), "unknown arm"),
        ("an alert", "[]".into(), "cannot read"),
    ] {
        let told = desk.write("outcomes.jsonl", told);
        desk.train_fails(what, USAGE, events, &day_text(AT), &["--outcomes", text(&told)], words);
    }
    let missing = desk.folder.path().join("none.jsonl");
    desk.train_fails("no such file", USAGE, events, &day_text(AT), &["--outcomes", text(&missing)], "cannot read");
}

#[test]
fn three_bands_need_three_numbers() {
    let desk = Desk::new();
    let (events, at, output) = (text(&COMMON.events), day_text(AT), desk.output());
    let fixed = ["train", events, "--at", &at, "--output", text(&output)];
    for (option, values, words) in [
        ("--precision", "0.7", "three are needed"),
        ("--precision", "0.7,0.8", "three are needed"),
        ("--precision", "0.6,0.7,0.8,0.9", "three are needed"),
        ("--precision", "0.7,0.8,1.0", "between 0 and 1"),
        ("--precision", "0.7,0.8,NaN", "between 0 and 1"),
        ("--precision", "0.9,0.8,0.7", "shares rise"),
        ("--capacity", "5,3", "three are needed"),
        ("--capacity", "5,3,0", "above 0"),
        ("--capacity", "5,3,inf", "above 0"),
        ("--capacity", "1,3,5", "numbers fall"),
        ("--horizon-days", "ninety", "--horizon-days"),
    ] {
        is_misused(values, &[&fixed[..], &[option, values]].concat(), words);
    }
    is_misused(
        "both",
        &[&fixed[..], &["--precision", "0.7,0.8,0.9", "--capacity", "5,3,1"]].concat(),
        "cannot be used",
    );
    is_misused("no such day", &["train", events, "--at", "2025-02-30", "--output", text(&output)], "2025-02-30");
    desk.nothing_is_left("misuse");
    for days in ["6", "731", "0"] {
        desk.train_fails(days, USAGE, &COMMON.events, &at, &["--horizon-days", days], "between 7 and 730");
    }
    for more in [["--precision", "0.6,0.7,0.8"], ["--capacity", "2,1,0.5"]] {
        let done = program(&[&fixed[..], &more].concat());
        assert!(done.status.success(), "{more:?}: {}", String::from_utf8_lossy(&done.stderr));
        std::fs::remove_file(&output).unwrap();
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused() {
    let desk = Desk::new();
    let (events, at) = (text(&COMMON.events), day_text(AT));
    let short = desk.folder.path().join("short.json");
    train(&COMMON.events, &at, &short, &["--horizon-days", "30"]);
    let mut bytes = std::fs::read(&COMMON.model).unwrap();
    bytes.truncate(bytes.len() / 2);
    let half = desk.write("half.json", bytes);
    let none = desk.folder.path().join("none.json");
    let text_file = desk.write("text.json", "a model");
    for (what, model, words) in
        [("missing", &none, "cannot read the model"), ("half", &half, "half.json"), ("text", &text_file, "text.json")]
    {
        let model = text(model);
        fails(what, USAGE, &["evaluate", events, "--at", &at, "--model", model], words);
        let period = ["--from", "2025-06-01", "--to", "2026-01-01"];
        fails(what, USAGE, &[&["backtest", events, "--model", model], &period[..]].concat(), words);
        fails(what, USAGE, &["compare", events, "--at", &at, "--challenger", model], words);
        let champion = ["--champion", model, "--challenger", text(&COMMON.model)];
        fails(what, USAGE, &[&["compare", events, "--at", &at], &champion[..]].concat(), words);
    }
    let both = ["--champion", text(&COMMON.model), "--challenger", text(&short)];
    let words = "the champion's horizon is 90 days, the challenger's 30";
    fails("two horizons", USAGE, &[&["compare", events, "--at", &at], &both[..]].concat(), words);
}

#[test]
fn a_model_s_own_horizon_counts_unless_somebody_said_another() {
    let desk = Desk::new();
    let (events, at) = (text(&COMMON.events), day_text(AT));
    let short = desk.folder.path().join("short.json");
    train(&COMMON.events, &at, &short, &["--horizon-days", "30"]);
    let short = text(&short);
    let alerts = desk.folder.path().join("alerts.jsonl");
    let config = desk.write("ninety.toml", "[churn]\nhorizon_days = 90\n");
    let stated = ["--config", text(&config)];
    let evaluate = ["evaluate", events, "--at", &at, "--model", short, "--json"];
    let backtest = ["backtest", events, "--model", short, "--from", "2025-10-01", "--to", "2026-01-01", "--json"];
    let replay = ["replay", events, "--model", short, "--alerts", text(&alerts)];
    let compare = ["compare", events, "--at", &at, "--champion", short, "--challenger", short];
    for command in [&evaluate[..], &backtest, &replay, &compare] {
        let done = program(command);
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        fails(
            "a stated horizon",
            USAGE,
            &[command, &stated].concat(),
            "a horizon of 30 days, churn.horizon_days is 90",
        );
    }
    // The flag wins over the configuration.
    let done = program(&[&evaluate[..], &stated, &["--horizon-days", "30"]].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let words = "the model's horizon is 30 days, --horizon-days says 90";
    fails("the flag", USAGE, &[&evaluate[..], &["--horizon-days", "90"]].concat(), words);
    // Models that follow each other have one horizon.
    let then = format!("{}@2025-11-01", text(&COMMON.model));
    fails("two models", USAGE, &[&replay[..], &["--model", &then]].concat(), "must answer one question");
    let bad = format!("{short}@2025-13-01");
    fails("a bad date", USAGE, &[&replay[..], &["--model", &bad]].concat(), "\"2025-13-01\" is no date");
}
