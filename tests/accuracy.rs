//! The forward head on the two real logs, against the figures that the project set itself (docs/accuracy.md).

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::process::Command;

use churnwatch::engine::day::Day;
use churnwatch::training::evaluate::{Figures, figures, score};
use churnwatch::training::train::{TrainSettings, train};
use churnwatch::wire::calendar::day;

use support::logs::{history, log};

fn day_of(text: &str) -> Day {
    day(text.parse().unwrap())
}

/// Trains on everything before `at` and evaluates on what came after, with the defaults that every log gets.
fn measure(name: &str, at: &str) -> Option<Figures> {
    let path = log(name)?;
    let at = day_of(at);
    let settings = TrainSettings {
        at,
        horizon_days: 90,
        rich: true,
        lateness_days: 35,
        minor_per_major: 100.0,
        min_silence_days: 7,
        seed: 1,
    };
    let trained = train(&history(&path, Some(at)), &settings, name).unwrap();
    let scored = score(&history(&path, None), &trained.model, at, 35);
    let figures = figures(&scored, 90);
    println!("{name}: {figures:.4?} alpha {} season {}", trained.forward.alpha, trained.forward.season);
    println!(
        "{name}: silence alpha {} loss {:.4} thresholds {:.3?} tiers {:?}",
        trained.silence.alpha, trained.silence.validation_log_loss, trained.model.thresholds, trained.model.tier_edges
    );
    Some(figures)
}

#[test]
fn cdnow_reaches_its_row() {
    let Some(figures) = measure("cdnow.csv.gz", "1998-04-01") else { return };
    assert_eq!(figures.customers, 23_570);
    assert!(figures.auc >= 0.842 - 0.005, "{}", figures.auc);
    assert!(figures.auc_active >= 0.730 - 0.005, "{}", figures.auc_active);
}

#[test]
fn online_retail_reaches_its_row() {
    let Some(figures) = measure("online_retail_ii.csv.gz", "2011-09-10") else { return };
    assert!(figures.auc >= 0.806 - 0.005, "{}", figures.auc);
    assert!(figures.auc_active >= 0.772 - 0.005, "{}", figures.auc_active);
}

/// models/README.md's command makes the model that ships, byte for byte.
#[test]
fn the_default_model_is_what_its_command_makes() {
    let Some(path) = log("online_retail_ii.csv.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("default.json");
    let readme = include_str!("../models/README.md");
    let command = readme.lines().find_map(|line| line.strip_prefix("$ churnwatch ")).unwrap();
    let arguments = command.split_whitespace().map(|word| match word {
        "online_retail_ii.csv.gz" => path.as_os_str(),
        "models/default.json" => output.as_os_str(),
        word => word.as_ref(),
    });
    let trained = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).output().unwrap();
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    assert!(std::fs::read(output).unwrap() == include_bytes!("../models/default.json"), "models/default.json is stale");
}
