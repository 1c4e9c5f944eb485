//! What is asked of `backtest` and `train` is met, or what came of it is said: no threshold misses a wish in silence.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use churnwatch::wire::calendar::day_text;
use serde_json::Value;

use support::shop::{self, END};

/// A shop's events, and a model of what came before its last third.
struct Common {
    events: PathBuf,
    model: PathBuf,
}

static COMMON: LazyLock<Common> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wishes");
    std::fs::create_dir_all(&folder).unwrap();
    let (events, model) = (folder.join("events.jsonl"), folder.join("model.json"));
    let lines = shop::lines(600, 600, 31);
    let lines: Vec<&[u8]> = lines.iter().map(|(_, value)| value.as_slice()).collect();
    std::fs::write(&events, lines.join(&b'\n')).unwrap();
    let (code, _, said) = run(&["train", text(&events), "--at", &from(), "--output", text(&model)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("asked for"), "nobody asked for anything: {said}");
    Common { events, model }
});

fn from() -> String {
    day_text(END.plus(-200))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Exit code, standard output as JSON (null if empty), standard error.
fn run(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).output().unwrap();
    let report = serde_json::from_slice(&done.stdout).unwrap_or_default();
    (done.status.code(), report, String::from_utf8_lossy(&done.stderr).into_owned())
}

fn backtest(asked: &[&str]) -> (Value, String) {
    let Common { events, model } = &*COMMON;
    let (from, to) = (from(), day_text(END));
    let fixed = ["backtest", text(events), "--model", text(model), "--from", &from, "--to", &to];
    let (code, report, said) = run(&[&fixed[..], asked].concat());
    assert_eq!(code, Some(0), "{asked:?}: {said}");
    println!("{asked:?}: {said}");
    (report, said)
}

fn figure(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap()
}

#[test]
fn a_backtest_says_what_was_asked_for_and_what_came_of_it() {
    let (report, said) = backtest(&["--capacity", "0.5", "--match"]);
    assert_eq!(figure(&report, "/asked/alerts_per_day"), 0.5);
    assert_eq!(report.get("chosen_on").unwrap(), "the silences evaluated");
    assert!(figure(&report, "/alerts_per_day_there") <= 0.5 && figure(&report, "/alerts_per_day") > 0.4, "{report}");
    assert!(!said.contains("churnwatch: the model came to"), "{said}");
    assert!(said.contains("alerts_per_day"), "{said}");
    // More than there are silences: nobody can be warned of who is not silent.
    for (more, remedies) in [(&["--match"][..], &["capacity_per_day"][..]), (&[], &["--match", "capacity_per_day"])] {
        let (report, said) = backtest(&[&["--capacity", "1000"][..], more].concat());
        assert!(figure(&report, "/alerts_per_day") < 800.0 && figure(&report, "/idle/alerts_per_day") < 800.0);
        for who in ["the model", "the rule of"] {
            let line = said.lines().find(|line| line.starts_with(&format!("churnwatch: {who}"))).unwrap();
            assert!(line.contains("1000.0 warnings a day"), "{line}");
            assert!(remedies.iter().all(|remedy| line.contains(remedy)), "{line}");
        }
    }
    let (report, said) = backtest(&[]);
    assert_eq!(report.get("asked").unwrap(), &Value::Null);
    assert!(!said.contains("asked for"), "{said}");
}

#[test]
fn a_match_needs_a_wish_and_there_is_one_at_a_time() {
    for asked in [&["--match"][..], &["--capacity", "5", "--precision", "0.8"]] {
        let fixed = ["backtest", "events.jsonl", "--from", "2025-01-01", "--to", "2025-12-01"];
        let (code, _, said) = run(&[&fixed[..], asked].concat());
        assert_eq!(code, Some(64), "{said}");
    }
}

#[test]
fn training_says_which_bands_can_not_have_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (model, at) = (folder.path().join("model.json"), from());
    let fixed = ["train", text(&COMMON.events), "--at", &at, "--output", text(&model)];
    let (code, report, said) = run(&[&fixed[..], &["--capacity", "1000,900,800", "--json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("instead of")).collect();
    assert!(matches!(lines.as_slice(), [line] if line.contains("watch comes to")), "{said}");
    assert_eq!(figure(&report, "/bands/watch/asked/alerts_per_day"), 1000.0);
    assert!(figure(&report, "/bands/watch/alerts_per_day") < 800.0, "{report}");
    let (code, _, said) = run(&[&fixed[..], &["--precision", "0.3,0.4,0.5"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("instead of"), "{said}");
}
