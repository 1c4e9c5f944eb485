//! What can go wrong with `train`, `evaluate`, `backtest` and `compare`: one sentence, an exit code, and nothing left
//! behind.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use churnwatch::engine::day::Day;
use churnwatch::wire::calendar::day_text;
use serde_json::{Value, json};

use support::draw::Draw;
use support::shop::{self, END, Line};

/// Where the shop's data end less two horizons, so that a model of what came before can be judged.
const AT: Day = END.plus(-100);

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The command fails with 1 or 64 and one sentence that holds `words`.
fn fails(what: &str, arguments: &[&str], words: &str) {
    let done = program(arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    println!("{what}: {}", said.trim_end());
    assert!(matches!(done.status.code(), Some(1 | 64)), "{what}: {:?} {said}", done.status.code());
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(matches!(lines.as_slice(), [line] if line.starts_with("churnwatch: ")), "{what}: {said}");
    assert!(said.contains(words), "{what}: {said}");
    assert!(done.stdout.is_empty(), "{what}: {}", String::from_utf8_lossy(&done.stdout));
}

/// An argument that can't be read: the parser of the command line says which, and how it is used.
fn is_misused(what: &str, arguments: &[&str], words: &str) {
    let done = program(arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    println!("{what}: {}", said.lines().next().unwrap());
    assert_eq!(done.status.code(), Some(64), "{what}: {said}");
    assert!(said.starts_with("error: ") && said.contains(words), "{what}: {said}");
    assert!(done.stdout.is_empty(), "{what}");
}

/// A folder with input files, and an empty one for output.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        Self { folder }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out/model.json")
    }

    /// `train` on `input` fails, and leaves nothing.
    fn train_fails(&self, what: &str, input: &Path, at: &str, more: &[&str], words: &str) {
        let output = self.output();
        let fixed = ["train", text(input), "--at", at, "--output", text(&output)];
        fails(what, &[&fixed, more].concat(), words);
        self.nothing_is_left(what);
    }

    fn nothing_is_left(&self, what: &str) {
        let left: Vec<PathBuf> =
            std::fs::read_dir(self.folder.path().join("out")).unwrap().map(|one| one.unwrap().path()).collect();
        assert!(left.is_empty(), "{what} left {left:?}");
    }
}

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

/// What every test reads and none changes: a shop's events, and a model of them before [`AT`].
struct Common {
    lines: Vec<Line>,
    events: PathBuf,
    model: PathBuf,
}

static COMMON: LazyLock<Common> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("training");
    std::fs::create_dir_all(&folder).unwrap();
    let lines = shop::lines(600, 480, 31);
    let (events, model) = (folder.join("events.jsonl"), folder.join("model.json"));
    std::fs::write(&events, joined(&lines)).unwrap();
    train(&events, &day_text(AT), &model);
    Common { lines, events, model }
});

fn joined(lines: &[Line]) -> Vec<u8> {
    lines.iter().map(|(_, value)| value.as_slice()).collect::<Vec<_>>().join(&b'\n')
}

fn train(events: &Path, at: &str, model: &Path) {
    let done = program(&["train", text(events), "--at", at, "--output", text(model)]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_history_that_teaches_nothing_is_refused() {
    let desk = Desk::new();
    let few = desk.write("few.csv", csv((0..200).map(|day| (day % 3, day))));
    desk.train_fails("three customers", &few, &date(200), &[], "rows, 0 of the rarer class");
    let two = desk.write("two.csv", csv([(1, 0), (2, 199)].into_iter()));
    desk.train_fails("two purchases", &two, &date(200), &[], "of the rarer class");
    let short = desk.write("short.csv", csv((0..5_000).map(|at| (at % 50, at / 50))));
    desk.train_fails("a hundred days", &short, &date(100), &[], "two horizons (180 days)");
    let daily = desk.write("daily.csv", csv((0..20_000).map(|at| (at % 100, at / 100))));
    desk.train_fails("everybody buys daily", &daily, &date(200), &[], "0 of the rarer class");
    let once = desk.write("once.csv", csv((0..1_000).map(|at| (at, at / 4))));
    desk.train_fails("everybody bought once", &once, &date(250), &[], "0 of the rarer class");
    // One cutoff, at which all bought once on the first day; half of them come back.
    let alike = (0..100).map(|customer| (customer, 0)).chain((0..50).map(|customer| (customer, 178)));
    let alike = desk.write("alike.csv", csv(alike));
    desk.train_fails("all look the same", &alike, &date(180), &[], "every feature is constant");
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
        desk.train_fails(what, events, at, &[&format!("--name={at}")], words);
        let (events, model) = (text(events), text(model));
        if what != "after 100 days" {
            let words = "choose another --at";
            fails(what, &["evaluate", events, "--model", model, &format!("--at={at}")], words);
            let both = ["--champion", model, "--challenger", model];
            fails(what, &[&["compare", events, &format!("--at={at}")], &both[..]].concat(), words);
        }
    }
    let (events, model) = (text(events), text(model));
    let backtest = |from: &str, to: &str, words: &str| {
        let (from, to) = (format!("--from={from}"), format!("--to={to}"));
        fails("backtest", &["backtest", events, "--model", model, &from, &to], words);
    };
    backtest("2020-01-01", "2020-12-31", "choose --from and --to inside");
    backtest("2027-01-01", "2027-12-31", "choose --from and --to inside");
    backtest("2025-06-01", "2027-12-31", "choose --from and --to inside");
    backtest("2025-09-01", "2025-10-01", "more than that after --from");
    backtest("2025-10-01", "2025-09-01", "more than that after --from");
    backtest("0001-01-01", "9999-12-31", "choose --from and --to inside");
    // The labels of a day are known a horizon later; and where nobody has bought yet there is nothing to judge.
    fails("too young", &["evaluate", events, "--model", model, "--at", "2025-12-01"], "choose another --at");
    let visit = |number: i32| {
        let (id, time) = (format!("v{number}"), date(number));
        let visit = json!({"id": id, "type": "visit", "customer_id": "c", "time": time + "T10:00:00Z"});
        visit.to_string()
    };
    let visits: Vec<String> = (0..300).map(visit).collect();
    let visits = desk.write("visits.jsonl", visits.join("\n"));
    let (visits, at) = (text(&visits), date(200));
    fails("only visits", &["evaluate", visits, "--at", &at], "nobody had bought anything before");
    let early = desk.folder.path().join("early.json");
    train(&COMMON.events, &date(150), &early);
    let models = ["--champion", text(&early), "--challenger", text(&early)];
    fails(
        "only visits",
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
        desk.train_fails(&format!("CSV, {amount}"), &rows, &date(200), &[], "none of the 400 records could be used");
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
        desk.train_fails(&format!("JSON, {amount}"), &rows, &date(200), &[], words);
    }
}

#[test]
fn a_file_that_says_nothing_is_refused() {
    let desk = Desk::new();
    for (name, bytes, words) in [
        ("empty.csv", &b""[..], "has no column \"customer_id\""),
        ("header.csv", b"customer_id,timestamp,amount,type\n", "no event before --at"),
        ("other.csv", b"a,b\n1,2\n", "has no column \"customer_id\""),
        ("empty.jsonl", b"", "no event before --at"),
        ("blank.jsonl", b"\n\n \n", "no event before --at"),
        ("broken.jsonl", b"{\"id\":", "none of the 1 records could be used"),
        ("broken.csv.gz", b"\x1f\x8b\x08nonsense", "cannot read"),
        ("broken.jsonl.zst", b"nonsense", "cannot read"),
        ("events.parquet", b"PAR1", "is neither"),
    ] {
        let path = desk.write(name, bytes);
        desk.train_fails(name, &path, "2025-06-01", &[], words);
        for command in ["evaluate", "compare"] {
            let model = text(&COMMON.model);
            let model = if command == "evaluate" { ["--model", model] } else { ["--challenger", model] };
            let words = if words.starts_with("no event") { "choose another --at" } else { words };
            fails(name, &[&[command, text(&path), "--at", "2025-06-01"], &model[..]].concat(), words);
        }
    }
    desk.train_fails("no such file", &desk.folder.path().join("none.csv"), "2025-06-01", &[], "cannot read");
    desk.train_fails("a folder", &desk.folder.path().join("out"), "2025-06-01", &[], "");
}

#[test]
fn an_output_that_cannot_be_written_is_said_before_the_work() {
    let desk = Desk::new();
    let (events, at) = (text(&COMMON.events), day_text(AT));
    let nowhere = desk.folder.path().join("nowhere");
    let model = nowhere.join("model.json");
    fails("no folder", &["train", events, "--at", &at, "--output", text(&model)], "its folder does not exist");
    let folder = desk.folder.path();
    fails("a folder", &["train", events, "--at", &at, "--output", text(folder)], "it is a folder");
    assert!(!nowhere.exists());
    for option in ["--card", "--rows"] {
        let more = [option, text(&model)];
        desk.train_fails(option, &COMMON.events, &at, &more, "its folder does not exist");
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
        desk.train_fails(what, events, &day_text(AT), &["--outcomes", text(&told)], words);
    }
    let missing = desk.folder.path().join("none.jsonl");
    desk.train_fails("no such file", events, &day_text(AT), &["--outcomes", text(&missing)], "cannot read");
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
        desk.train_fails(days, &COMMON.events, &at, &["--horizon-days", days], "between 7 and 730");
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
    let done = program(&["train", events, "--at", &at, "--horizon-days", "30", "--output", text(&short)]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut bytes = std::fs::read(&COMMON.model).unwrap();
    bytes.truncate(bytes.len() / 2);
    let half = desk.write("half.json", bytes);
    let none = desk.folder.path().join("none.json");
    let text_file = desk.write("text.json", "a model");
    for (what, model, words) in [
        ("missing", &none, "cannot read the model"),
        ("half", &half, "half.json"),
        ("text", &text_file, "text.json"),
        ("another horizon", &short, "a horizon of 30 days"),
    ] {
        let model = text(model);
        fails(what, &["evaluate", events, "--at", &at, "--model", model], words);
        let period = ["--from", "2025-06-01", "--to", "2026-01-01"];
        fails(what, &[&["backtest", events, "--model", model], &period[..]].concat(), words);
        fails(what, &["compare", events, "--at", &at, "--challenger", model], words);
        let champion = ["--champion", model, "--challenger", text(&COMMON.model)];
        fails(what, &[&["compare", events, "--at", &at], &champion[..]].concat(), words);
    }
    let other = ["--model", text(&COMMON.model), "--horizon-days", "30"];
    fails("horizon", &[&["evaluate", events, "--at", &at], &other[..]].concat(), "the model's horizon is 90 days");
}

/// `compare` with its exit code and what it said against the challenger.
fn compare(champion: &Path, challenger: &Path) -> (Option<i32>, Value) {
    let (events, at) = (text(&COMMON.events), day_text(AT));
    let models = ["--champion", text(champion), "--challenger", text(challenger)];
    let done = program(&[&["compare", events, "--at", &at], &models[..]].concat());
    let said = String::from_utf8_lossy(&done.stderr);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|fault| unreachable!("{fault}: {said}"));
    let objections = report.get("objections").unwrap().as_array().unwrap();
    println!("{:?} {objections:?}", done.status.code());
    for objection in objections {
        assert!(said.lines().any(|line| line == format!("churnwatch: {}", objection.as_str().unwrap())), "{said}");
    }
    let promising = report.get("may_be_promoted").unwrap().as_bool().unwrap();
    assert_eq!(promising, objections.is_empty());
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
    train(&scrambled, &day_text(AT), &worse);
    let (code, report) = compare(model, &worse);
    assert_eq!(code, Some(2));
    let objections = report.get("objections").unwrap().to_string();
    assert!(objections.contains("forward head") && objections.contains("log_loss"), "{objections}");
    // The other way round nothing speaks against the change.
    assert_eq!(compare(&worse, model).0, Some(0));
    // Trained on what it is judged by, it looks good and still may not.
    let later = desk.folder.path().join("later.json");
    train(&COMMON.events, &day_text(END), &later);
    let (code, report) = compare(model, &later);
    assert_eq!(code, Some(2));
    let objections = report.get("objections").unwrap().as_array().unwrap();
    assert!(objections.iter().any(|one| one.as_str().unwrap().contains("judged by")), "{objections:?}");
}
