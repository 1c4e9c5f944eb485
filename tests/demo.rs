//! The one-command demo, small: it ends, and its summary adds up. With a real log too.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;
use support::logs::log;

const PROGRAM: &str = env!("CARGO_BIN_EXE_churnwatch");

/// Plays with `--exit --json`; gives the summary, after looking whether it adds up.
fn summary(arguments: &[&str]) -> Value {
    let output =
        Command::new(PROGRAM).args(["demo", "--exit", "--json", "--log-level", "warn"]).args(arguments).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("{summary}");
    let number = |pointer: &str| summary.pointer(pointer).unwrap().as_f64().unwrap();
    assert!(number("/published") > 0.0);
    assert_eq!(number("/records"), number("/published"));
    assert_eq!(number("/events") + number("/duplicates") + number("/dead_letters"), number("/records"));
    let opened: f64 = summary
        .pointer("/opened")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.get("count").unwrap().as_f64().unwrap())
        .sum();
    assert_eq!(opened, number("/alerts/opened"));
    assert!(opened > 0.0);
    let ended = number("/alerts/resolved") + number("/alerts/lapsed") + number("/alerts/withdrawn");
    assert!(ended <= opened);
    assert!(number("/first_warning_seconds") < 10.0, "the first warning took too long");
    summary
}

#[test]
fn a_generated_shop_is_played_and_adds_up() {
    let summary = summary(&["--customers", "1500", "--days", "250"]);
    assert_eq!(summary.pointer("/dead_letters").unwrap(), 0);
    assert!(summary.pointer("/won_back").unwrap().as_u64().unwrap() > 0);
}

#[test]
fn a_real_log_is_played_and_adds_up() {
    let Some(path) = log("online_retail_ii.csv.gz") else { return };
    let summary = summary(&["--data", path.to_str().unwrap()]);
    assert_eq!(summary.pointer("/records").unwrap(), 44_870);
}

/// A file as shops have them: columns of other names, and dates of another country, which the summary counts by reason.
#[test]
fn a_file_with_columns_of_other_names_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    std::fs::write(&file, "client,when,total\n1,2026-01-02,3.50\n2,02/01/2026,3.50\n").unwrap();
    let demo = ["demo", "--exit", "--log-level", "off", "--data", file.to_str().unwrap()];
    let columns = ["--columns", "customer_id=client,timestamp=when,amount=total"];
    let played = Command::new(PROGRAM).args([&demo[..], &columns].concat()).output().unwrap();
    let said = String::from_utf8(played.stdout).unwrap();
    assert!(
        said.contains("1 usable events, 0 known already, 1 dead letters\n  dead letters, bad field: 1\n"),
        "{said}"
    );
}

/// A file of which nothing can be used, or that is not there, ends the demo before it starts anything.
#[test]
fn a_file_of_no_use_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let head = "customer_id,timestamp,amount";
    for (path, sentence) in [
        (
            write("comma.csv", &format!("{head}\n1,2026-01-02,\"3,50\"\n2,2026-01-03,\"4,50\"\n")),
            "none of the 2 rows of",
        ),
        (write("other.csv", "client,when,total\n"), "has no column \"customer_id\", but client, when, total"),
        (write("empty.csv", ""), "is empty: its first row names the columns"),
        (folder.path().join("nowhere.csv"), "No such file or directory\n"),
    ] {
        let demo = Command::new(PROGRAM).args(["demo", "--exit", "--data"]).arg(path).output().unwrap();
        let said = String::from_utf8(demo.stderr).unwrap();
        assert_eq!((demo.status.code(), said.lines().count(), demo.stdout.len()), (Some(64), 1, 0), "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}

/// While it lives, the dashboard, a customer and metrics can be looked at, at the addresses that it prints.
#[test]
fn while_it_lives_it_answers() {
    let mut demo = Command::new(PROGRAM)
        .args(["demo", "--customers", "300", "--days", "200", "--log-level", "warn"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    let printed: Vec<String> = lines.take_while(|line| !line.starts_with("live until")).collect();
    let url = |what: &str| {
        let line = printed.iter().find(|line| line.contains(what)).unwrap();
        line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned()
    };
    let page = |what: &str| ureq::get(url(what)).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page("/metrics").contains("churnwatch_alerts_total"));
    assert!(page("/customers/").contains("<h1><bdi>c0"), "a customer's page");
    assert!(page("look at").contains("<h1><bdi>Today"), "the first of them is the dashboard");
    let stopped = Command::new("sh").arg("-c").arg(format!("kill -INT {}", demo.id())).status();
    assert!(stopped.unwrap().success());
    assert!(demo.wait().unwrap().success());
}

/// `generate --alerts` answers a recorded set: the sales people do on the days after the openings what was recommended.
#[test]
fn recorded_alerts_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let status = Command::new(PROGRAM).args(arguments).current_dir(folder.path()).stderr(Stdio::null()).status();
        assert!(status.unwrap().success(), "{arguments:?}");
    };
    let shop = ["generate", "--customers", "200", "--days", "200", "--end", "2026-01-01"];
    run(&[&shop[..], &["--output", "before.jsonl"]].concat());
    let playbook = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/playbook.toml");
    std::fs::write(folder.path().join("churnwatch.toml"), format!("[playbook]\npath = '{playbook}'\n")).unwrap();
    let replay = ["replay", "before.jsonl", "--until", "2026-01-01", "--alerts"];
    run(&[&replay[..], &["alerts.jsonl", "--config", "churnwatch.toml"]].concat());
    run(&[&shop[..], &["--alerts", "alerts.jsonl", "--output", "after.jsonl"]].concat());
    run(&[&shop[..], &["--alerts", "alerts.jsonl", "--output", "again.jsonl"]].concat());
    run(&[&replay[..], &["unadvised.jsonl"]].concat());
    run(&[&shop[..], &["--alerts", "unadvised.jsonl", "--output", "called.jsonl"]].concat());
    let count = |name: &str, word: &str| {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().filter(|line| line.contains(word)).count()
    };
    let opened = count("alerts.jsonl", "churnwatch.alert.opened");
    let called = count("after.jsonl", "\"contacted\"");
    assert_eq!(count("before.jsonl", "\"contacted\""), 0);
    // A warning of the last day is answered by nobody any more.
    assert!(called > 50 && called <= opened, "{called} of {opened}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("after.jsonl"), read("again.jsonl"));
    let pairs = |text: &str, kind: &str, path: [&str; 2]| -> BTreeSet<(String, String)> {
        let told = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told = told.filter(|told| told["type"] == kind);
        told.map(|told| path.map(|pointer| told.pointer(pointer).unwrap().to_string()).into()).collect()
    };
    let recommended =
        pairs(&read("alerts.jsonl"), "churnwatch.alert.opened", ["/data/episode_id", "/data/action/name"]);
    let done = pairs(&read("after.jsonl"), "contacted", ["/episode_id", "/action"]);
    assert!(done.is_subset(&recommended));
    let kinds: BTreeSet<&String> = done.iter().map(|(_, action)| action).collect();
    assert!(kinds.len() > 2, "{kinds:?}");
    // Without a playbook the sales people call.
    assert_eq!(count("called.jsonl", "\"contacted\""), count("called.jsonl", "\"action\":\"call\""));
}
