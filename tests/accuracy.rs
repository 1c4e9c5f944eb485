//! The forward head on the two real logs, against the figures that the project set itself (docs/accuracy.md).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use churnwatch::engine::day::Day;
use churnwatch::training::evaluate::{Figures, figures, rows_at, scored};
use churnwatch::training::metrics::auc;
use churnwatch::training::train::train;
use churnwatch::training::treatments::Treatments;
use churnwatch::wire::calendar::day;
use flate2::read::GzDecoder;

use support::logs::{history, log};
use support::recipe::recipe;

fn day_of(text: &str) -> Day {
    day(text.parse().unwrap())
}

/// What the project set itself (docs/accuracy.md), and how far below it a figure may fall before somebody looks.
const SLACK: f64 = 0.005;

/// Trains on everything before `at` and evaluates on what came after, with the defaults that every log gets; also gives
/// how far AUC is above that of Pareto/NBD on the same customers.
fn measure(name: &str, at: &str) -> Option<(usize, Figures, f64)> {
    let path = log(name)?;
    let at = day_of(at);
    let trained = train(&history(&path, Some(at)), &Treatments::default(), &recipe(at), name).unwrap();
    let all = history(&path, None);
    let rows = rows_at(&all, &trained.model, &Treatments::default(), at, 35);
    let scored = scored(&rows, |features| trained.model.forward.score(features));
    let figures = figures(&scored, 90);
    println!("{name}: {figures:.4?} alpha {} season {}", trained.forward.alpha, trained.forward.season);
    let rival = rival(name);
    let (expected, churned): (Vec<f64>, Vec<bool>) =
        rows.iter().map(|row| (-rival[&*all.customers[row.customer as usize].customer], row.churned)).unzip();
    let gain = figures.auc - auc(&expected, &churned);
    println!("{name}: AUC above Pareto/NBD {gain:+.4}");
    Some((scored.len(), figures, gain))
}

/// E[X(H)] of every customer under Pareto/NBD, computed once (tests/rivals/README.md).
fn rival(name: &str) -> HashMap<String, f64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rivals").join(name);
    let mut rows = csv::Reader::from_reader(GzDecoder::new(File::open(path).unwrap()));
    rows.deserialize().map(Result::unwrap).collect()
}

#[test]
fn cdnow_reaches_its_row() {
    let Some((customers, figures, gain)) = measure("cdnow.csv.gz", "1998-04-01") else { return };
    assert_eq!(customers, 23_570);
    assert!(figures.auc >= 0.842 - SLACK, "{}", figures.auc);
    assert!(figures.auc_active >= 0.730 - SLACK, "{}", figures.auc_active);
    assert!(figures.log_loss <= 0.295 + SLACK, "{}", figures.log_loss);
    assert!(figures.ece <= 0.015, "{}", figures.ece);
    assert!(gain >= 0.002, "{gain}");
}

#[test]
fn online_retail_reaches_its_row() {
    let Some((_, figures, gain)) = measure("online_retail_ii.csv.gz", "2011-09-10") else { return };
    assert!(figures.auc >= 0.806 - SLACK, "{}", figures.auc);
    assert!(figures.auc_active >= 0.772 - SLACK, "{}", figures.auc_active);
    assert!(figures.log_loss <= 0.528 + SLACK, "{}", figures.log_loss);
    assert!(figures.ece <= 0.025, "{}", figures.ece);
    assert!(gain >= 0.004, "{gain}");
}

/// Nothing on or after `--at` changes a byte of the model.
#[test]
fn the_future_is_not_looked_at() {
    let Some(path) = log("online_retail_ii.csv.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let planted = folder.path().join("planted.csv");
    let mut text = String::new();
    GzDecoder::new(File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
    let before = |line: &&str| line.split(',').nth(1).is_none_or(|time| time == "timestamp" || time < "2011-06-01");
    let mut lines: Vec<&str> = text.lines().filter(before).collect();
    let future: Vec<String> =
        (0..2_000).map(|at| format!("{},2011-06-01T00:00:00,{}.5,purchase", 12_346 + at, at)).collect();
    lines.extend(future.iter().map(String::as_str));
    std::fs::write(&planted, lines.join("\n")).unwrap();
    let made = [&path, &planted].map(|file| {
        let output = folder.path().join("model.json");
        let trained = Command::new(env!("CARGO_BIN_EXE_churnwatch"))
            .arg("train")
            .arg(file)
            .args(["--at", "2011-06-01", "--output"])
            .arg(&output)
            .output()
            .unwrap();
        assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
        std::fs::read(output).unwrap()
    });
    assert!(made[0] == made[1], "events on or after --at changed the model");
}

/// models/README.md's command makes the model that ships, byte for byte.
#[test]
fn the_default_model_is_what_its_command_makes() {
    let Some(path) = log("online_retail_ii.csv.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (output, card) = (folder.path().join("default.json"), folder.path().join("default.md"));
    let readme = include_str!("../models/README.md");
    let command = readme.lines().find_map(|line| line.strip_prefix("$ churnwatch ")).unwrap();
    let arguments = command.split_whitespace().map(|word| match word {
        "online_retail_ii.csv.gz" => path.as_os_str(),
        "models/default.json" => output.as_os_str(),
        "models/default.md" => card.as_os_str(),
        word => word.as_ref(),
    });
    let trained = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).output().unwrap();
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    assert!(std::fs::read(output).unwrap() == include_bytes!("../models/default.json"), "models/default.json is stale");
    assert!(
        std::fs::read_to_string(card).unwrap() == include_str!("../models/default.md"),
        "models/default.md is stale"
    );
}
