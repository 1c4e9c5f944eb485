//! The silence head on the two real logs: how early it warns at the precision of an idle-days rule (docs/accuracy.md).

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::process::{Command, Output};

use serde_json::Value;
use support::logs::log;

/// Every silence counts: no least silence, no cooldown.
const PLAIN: [(&str, &str); 3] = [
    ("CHURNWATCH_ALERTS__MIN_SILENCE_DAYS", "0"),
    ("CHURNWATCH_ALERTS__COOLDOWN_DAYS", "0"),
    ("CHURNWATCH_ALERTS__OUTCOME_DAYS", "0"),
];

fn churnwatch(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).envs(PLAIN).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Trains before `from` and backtests the silences that start in the period.
fn backtest(name: &str, from: &str, to: &str, asked: &[&str]) -> Option<Value> {
    let path = log(name)?;
    let path = path.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (model, chart) = (folder.path().join("model.json"), folder.path().join("lead.svg"));
    let (model, drawn) = (model.to_str().unwrap(), chart.to_str().unwrap());
    churnwatch(&["train", path, "--at", from, "--output", model]);
    let mut arguments = vec!["backtest", path, "--model", model, "--from", from, "--to", to, "--chart", drawn];
    arguments.extend(asked);
    let report = serde_json::from_slice(&churnwatch(&arguments).stdout).unwrap();
    println!("{name} {asked:?}: {report}");
    assert!(std::fs::read_to_string(chart).unwrap().starts_with("<svg"));
    Some(report)
}

fn figure(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap()
}

#[test]
fn cdnow_is_warned_early() {
    let Some(report) = backtest("cdnow.csv.gz", "1997-10-01", "1998-07-01", &["--precision", "0.81", "--match"]) else {
        return;
    };
    assert_eq!(figure(&report, "/idle/idle_days"), 60.0);
    assert!((figure(&report, "/idle/lead_days_mean") - 30.0).abs() < 0.01);
    assert!((figure(&report, "/precision") - figure(&report, "/idle/precision")).abs() < 0.002);
    assert!(figure(&report, "/lead_days_mean") >= 37.5);
    assert!(figure(&report, "/recall") >= 0.99);
    assert!(figure(&report, "/warned_45_days") >= 0.35);
    assert!(figure(&report, "/lead_gain_days/interval/0") > 7.0);
}

#[test]
fn online_retail_is_warned_early_and_the_threshold_transfers() {
    let period = ("2011-03-01", "2011-12-10");
    let backtest = |asked: &[&str]| backtest("online_retail_ii.csv.gz", period.0, period.1, asked);
    let Some(report) = backtest(&["--precision", "0.592", "--match"]) else { return };
    assert_eq!(figure(&report, "/idle/idle_days"), 45.0);
    assert!(figure(&report, "/lead_days_mean") >= 63.0);
    assert!(figure(&report, "/recall") >= 0.99);
    let Some(report) = backtest(&["--precision", "0.724"]) else { return };
    let drift = (figure(&report, "/precision") - 0.724).abs();
    let idle_drift = (figure(&report, "/idle/precision") - figure(&report, "/idle/precision_there")).abs();
    assert!(drift <= (idle_drift + 0.01).max(0.03), "{drift} {idle_drift}");
}
