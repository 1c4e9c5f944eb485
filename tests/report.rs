//! `report` as it is called: text in both languages, JSON, CSV, the page, and what it makes of bad input.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::blessed;
use support::draw::Draw;
use support::responses::{Responses, lines};

/// What the actions of the example are called.
const PLAYBOOK: &str = "[actions]\n\
    letter = { channel = \"mail\", owner = \"sales\", deadline_days = 5, en = \"write a letter\", zh = \"寄信\" }\n\
    points = { channel = \"app\", owner = \"sales\", deadline_days = 3, en = \"give points\", zh = \"赠送积分\" }\n\
    call = { channel = \"phone\", owner = \"sales\", deadline_days = 3, en = \"call\", zh = \"致电\" }\n";
const GOALS: &str = "[goals]\nretention = \"2 points\"\nincremental_margin = \"3000 CNY\"\nfalse_alarms = \"11 %\"\n";

/// A folder with the outcomes of a shop whose actions help.
struct Shop {
    folder: tempfile::TempDir,
    lines: Vec<String>,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let episodes = Responses::uniform([0.12, 0.16, 0.20], 0.10).study(60, 4).episodes;
        Self { folder, lines: lines(&episodes) }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn outcomes(&self) -> PathBuf {
        self.write("outcomes.jsonl", &self.lines.join("\n"))
    }
}

fn report(outcomes: &[&Path], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_churnwatch"));
    command.arg("report").args(arguments);
    if !outcomes.is_empty() {
        command.arg("--outcomes").args(outcomes);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_report_is_told_in_both_languages_and_as_a_page_that_needs_nothing() {
    let shop = Shop::new();
    let outcomes = shop.outcomes();
    let playbook = shop.write("playbook.toml", PLAYBOOK);
    let config = shop.write("churnwatch.toml", &format!("{GOALS}[playbook]\npath = {playbook:?}\n"));
    let page = shop.folder.path().join("report.html");
    let options = ["--config", config.to_str().unwrap(), "--html", page.to_str().unwrap()];
    let english = said(&report(&[&outcomes], &options));
    println!("{english}");
    for sentence in ["It helps", "The arms match", "Week by week", "Contacted although held out"] {
        assert!(english.contains(sentence), "{sentence}");
    }
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.matches("<svg").count() == 2 && html.contains("It helps"));
    for outside in ["<script", "href=", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    let chinese = said(&report(&[&outcomes], &[&options[..], &["--language", "zh"]].concat()));
    println!("{chinese}");
    assert!(chinese.contains("有效：") && chinese.contains("致电") && !chinese.contains("held out"));
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<html lang=\"zh-CN\">") && html.contains("致电 · 有流失风险 · 低价值"));
    for untranslated in ["at_risk", "loyal", "letter", ">low<"] {
        assert!(!chinese.contains(untranslated) && !html.contains(untranslated), "{untranslated}");
    }
    let months = said(&report(&[&outcomes], &[&options[..], &["--language", "zh", "--period", "month"]].concat()));
    assert!(months.contains("逐月") && months.contains("每月"));
    in_the_document("english", &english);
    in_the_document("chinese", &chinese);
}

/// docs/effect.md shows the example as it came out; `CHURNWATCH_BLESS=1` writes it anew.
fn in_the_document(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/effect.md");
    let kept = std::fs::read_to_string(&path).unwrap();
    let opening = format!("<!-- {name} -->\n```text\n");
    let (before, rest) = kept.split_once(&opening).unwrap();
    let (shown, after) = rest.split_once("```").unwrap();
    if blessed() {
        std::fs::write(&path, format!("{before}{opening}{text}```{after}")).unwrap();
    } else {
        assert_eq!(shown, text, "docs/effect.md is out of date: CHURNWATCH_BLESS=1 cargo test --test report");
    }
}

/// Where nobody was contacted nothing was done, and the report does not say what acting brought.
#[test]
fn without_contacts_there_is_no_effect_to_tell() {
    let shop = Shop::new();
    let silent = shop.lines.join("\n").replace("\"contacted\":true", "\"contacted\":false");
    let [acted, silent] =
        [shop.outcomes(), shop.write("silent.jsonl", &silent)].map(|outcomes| said(&report(&[&outcomes], &[])));
    let [noise, margin] = ["Nobody is known to have been contacted", "Margin that acting adds"];
    assert!(!acted.contains(noise) && acted.contains(margin), "{acted}");
    assert!(silent.contains(noise) && !silent.contains(margin), "{silent}");
}

/// However the records lie, however often, compressed or piped: the same report.
#[test]
fn order_and_repetition_change_nothing() {
    let shop = Shop::new();
    let plain = said(&report(&[&shop.outcomes()], &["--json"]));
    let told: Value = serde_json::from_str(&plain).unwrap();
    assert_eq!(told["verdict"], "helps");
    assert_eq!(told["look"]["number"], 8);
    let mut shuffled = shop.lines.clone();
    shuffled.reverse();
    let cut = shuffled.len() / 3;
    let again = shop.write("again.jsonl", &shuffled[cut..].join("\n"));
    let whole = shop.folder.path().join("whole.jsonl.gz");
    let mut packed = flate2::write::GzEncoder::new(std::fs::File::create(&whole).unwrap(), flate2::Compression::fast());
    packed.write_all(shuffled.join("\n").as_bytes()).unwrap();
    packed.finish().unwrap();
    let mut twice: Value = serde_json::from_str(&said(&report(&[&again, &whole], &["--json"]))).unwrap();
    assert_eq!(twice["left_out"]["repeated"], shuffled.len() - cut);
    twice["left_out"]["repeated"] = 0.into();
    assert_eq!(twice, told);
    // A study begins with the earliest opening, wherever in the files it stands.
    assert_eq!(told["from"], "2026-01-05");
    let mut draw = Draw::new(7);
    for _ in 0..3 {
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, draw.below(at as u64 + 1) as usize);
        }
        assert!(!shuffled[0].contains("2026-01-05"), "the earliest is not first");
        let shuffled = shop.write("shuffled.jsonl", &shuffled.join("\n"));
        assert_eq!(said(&report(&[&shuffled], &["--json"])), plain);
    }
    let mut piped = Command::new(env!("CARGO_BIN_EXE_churnwatch"))
        .args(["report", "--json", "--outcomes", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    piped.stdin.take().unwrap().write_all(shop.lines.join("\n").as_bytes()).unwrap();
    assert_eq!(said(&piped.wait_with_output().unwrap()), plain);
}

/// Amounts of two currencies are never added, whichever of them is read first.
#[test]
fn one_currency_is_picked_or_the_report_is_refused() {
    let shop = Shop::new();
    let plain = said(&report(&[&shop.outcomes()], &["--json"]));
    let euros = |line: &String| line.replace("\"CNY\"", "\"EUR\"").replace("id\":\"0", "id\":\"e");
    // Some openings of the first days, later in their file than the rest or before it.
    let others: Vec<String> = shop.lines.iter().take(7).map(euros).collect();
    let first = shop.write("first.jsonl", &[others.clone(), shop.lines.clone()].concat().join("\n"));
    let last = shop.write("last.jsonl", &[shop.lines.clone(), others].concat().join("\n"));
    let sentence = format!(
        "churnwatch: the outcomes are of several currencies, {} in CNY, 7 in EUR: pick one by --currency, amounts of two can't be added",
        shop.lines.len()
    );
    for outcomes in [&first, &last] {
        let refused = report(&[outcomes], &["--json"]);
        assert_eq!(refused.status.code(), Some(64));
        assert_eq!(String::from_utf8_lossy(&refused.stderr).trim(), sentence);
        let mut picked: Value =
            serde_json::from_str(&said(&report(&[outcomes], &["--json", "--currency", "CNY"]))).unwrap();
        assert_eq!(picked["left_out"]["other_currency"], 7);
        picked["left_out"]["other_currency"] = 0.into();
        assert_eq!(picked, serde_json::from_str::<Value>(&plain).unwrap());
        let text = said(&report(&[outcomes], &["--currency", "CNY"]));
        assert!(text.contains("Also passed over: 7 outcomes that are not in CNY."), "{text}");
        let none = report(&[outcomes], &["--currency", "USD"]);
        assert_eq!(none.status.code(), Some(64));
        assert!(String::from_utf8_lossy(&none.stderr).contains("no outcome is in the currency asked for; there are"));
    }
}

/// A report between two looks is that of the look before, and looking back gives what was said then.
#[test]
fn only_whole_weeks_are_looks() {
    let shop = Shop::new();
    let outcomes = shop.outcomes();
    let at = |date: &str| -> Value {
        serde_json::from_str(&said(&report(&[&outcomes], &["--json", "--at", date]))).unwrap()
    };
    // Openings from Monday, 2026-01-05; the first week of outcomes is that from 2026-02-04 to 2026-02-10.
    assert_eq!(at("2026-02-10")["look"], Value::Null);
    assert_eq!(at("2026-02-11")["look"]["day"], "2026-02-10");
    let [early, late] = ["2026-03-18", "2026-03-24"].map(|date| at(date)["look"].clone());
    assert_eq!(early, late);
    assert_eq!(early["number"], 6);
}

#[test]
fn tables_for_machines() {
    let shop = Shop::new();
    let config = shop.write("churnwatch.toml", GOALS);
    let csv = said(&report(&[&shop.outcomes()], &["--csv", "--config", config.to_str().unwrap()]));
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let count = |part: &str| rows.iter().filter(|row| &row[0] == part).count();
    assert_eq!([count("look"), count("week"), count("cell"), count("goal")], [16, 16, 18, 3]);
    assert!(csv.contains(",helps\n") && csv.contains("reached\n"));
}

#[test]
fn bad_lines_are_counted_and_wrong_calls_are_refused() {
    let shop = Shop::new();
    let mut spoilt = shop.lines.clone();
    spoilt.extend(["{".to_owned(), "{\"type\":\"order\"}".to_owned(), String::new()]);
    let outcomes = shop.write("spoilt.jsonl", &spoilt.join("\n"));
    let output = report(&[&outcomes], &["--json"]);
    let told: Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(told["left_out"]["unreadable"], 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 lines could not be used"));
    let empty = shop.write("empty.jsonl", "");
    let folder = shop.folder.path().join("nowhere/report.html");
    let calls: [(Output, &str); 6] = [
        (report(&[], &[]), "name files of --outcomes"),
        (report(&[Path::new("/nonexistent.jsonl")], &[]), "cannot read /nonexistent.jsonl"),
        (report(&[&empty], &[]), "there is no outcome"),
        (report(&[&outcomes], &["--source", "kafka"]), "no files are named"),
        (report(&[&outcomes], &["--from", "2026-02-01", "--at", "2026-02-01"]), "--from must lie before --at"),
        (report(&[&outcomes], &["--html", folder.to_str().unwrap()]), "its folder does not exist"),
    ];
    for (output, sentence) in calls {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{err}");
        assert!(err.contains(sentence), "{sentence}: {err}");
    }
}
