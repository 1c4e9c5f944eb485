//! A shop whose truth is known: warnings were answered, so that most silences worth learning from were treated. Held-out
//! silences that stand for the treated ones keep a model calibrated; left out without a substitute, they do not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{ClockMode, Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::shop::event_json::{customer_id, customer_number, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};
use churnwatch::training::history::History;
use churnwatch::training::metrics::{auc, ece};
use churnwatch::training::rows::{RowRules, SilenceSample, each_silence};
use churnwatch::training::treatments::Treatments;
use churnwatch::wire::alert_line::warning;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::calendar::day_text;
use churnwatch::wire::event::RawRecord;
use serde_json::{Value, json};

use support::model::model;
use support::shop::{self, END};

const SHOP: ShopSettings = ShopSettings { customers: 4_000, days: 720, seed: 5, end: END };
/// Training sees what lies before.
const AT: Day = END.plus(-190);
const HOLDOUT: f64 = 0.2;
/// Low, so that many silences are warned of.
const THRESHOLDS: [f64; 3] = [0.4, 0.6, 0.8];

/// What the shop sent while its sales people answered every warning, and the outcomes of both arms.
struct Answered {
    events: Vec<u8>,
    outcomes: Vec<Value>,
}

/// Plays the shop through the service's own processor; every warning is answered the day after.
fn answered(settings: ShopSettings) -> Answered {
    let setup = load(None).unwrap().until(Some(END)).setup(1);
    let policy =
        Policy { thresholds: Some(THRESHOLDS), holdout_share: HOLDOUT, publish_from: None, ..(*setup.policy).clone() };
    let setup = Setup { policy: Arc::new(policy), clock: ClockMode::Event, ..setup };
    let (mut processor, mut batch) = (Processor::new(Arc::new(setup), 0, model()), Batch::new());
    let (mut shop, mut calls, mut offset) = (Shop::new(settings), Vec::new(), 0);
    let mut answered = Answered { events: Vec::new(), outcomes: Vec::new() };
    let (wall, mut value) = (Millis(i64::from(END.0) * 86_400_000), Vec::new());
    loop {
        for (customer, episode) in calls.drain(..) {
            shop.respond(customer, episode, None);
        }
        let Some(events) = shop.next_day() else { return answered };
        for event in events {
            value.clear();
            write_json(event, "CNY", &mut value);
            answered.events.extend_from_slice(&value);
            answered.events.push(b'\n');
            let key = customer_id(event.customer);
            let record = RawRecord::new(Some(key.as_bytes()), Some(&value), wall);
            processor.process(0, offset, &record, wall, &mut batch);
            offset += 1;
            while processor.advance(&Time { wall, at_end: &[false], source_alive: true }, &mut batch) == Progress::More
            {
            }
            for record in batch.iter() {
                let (OutTopic::Alerts | OutTopic::Outcomes, Some(value)) = (record.topic, record.value) else {
                    continue;
                };
                if record.topic == OutTopic::Outcomes {
                    answered.outcomes.push(serde_json::from_slice(value).unwrap());
                } else if let Some(warning) = warning(value).unwrap() {
                    calls.push((customer_number(&warning.customer).unwrap(), warning.episode.as_u128()));
                }
            }
            batch.clear();
            processor.committed();
        }
    }
}

/// A training under way, so that several can run side by side.
struct Training {
    child: Child,
    model: PathBuf,
}

impl Training {
    fn start(folder: &Path, name: &str, events: &Path, outcomes: Option<&[Value]>) -> Self {
        let (model, told) = (folder.join(format!("{name}.json")), folder.join(format!("{name}.outcomes.jsonl")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_churnwatch"));
        command.arg("train").arg(events).args(["--at", &day_text(AT), "--output"]).arg(&model);
        if let Some(outcomes) = outcomes {
            let lines: Vec<String> = outcomes.iter().map(Value::to_string).collect();
            std::fs::write(&told, lines.join("\n")).unwrap();
            command.arg("--outcomes").arg(&told);
        }
        Self { child: command.stderr(Stdio::piped()).spawn().unwrap(), model }
    }

    fn end(self) -> Model {
        let done = self.child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Artifact::read(&std::fs::read(self.model).unwrap()).unwrap().model().unwrap()
    }
}

/// Scores and labels of every close of the silences that start after the training.
fn judged(history: &History, model: &Model) -> (Vec<f64>, Vec<bool>) {
    let treatments = Treatments::default();
    let rules = RowRules { constants: model.constants, lateness_days: 35, treatments: &treatments, seed: 0 };
    let sample = SilenceSample { from: AT, cutoff: END, customers: 1.0, idle_days: 1.0 };
    let (mut scores, mut truth) = (Vec::new(), Vec::new());
    each_silence(history, &sample, &rules, |_, rows, _| {
        for row in rows {
            scores.push(model.silence.score(&row.features));
            truth.push(row.churned);
        }
    });
    (scores, truth)
}

/// Expected calibration error of a model on those closes.
fn off(name: &str, history: &History, training: Training) -> f64 {
    let (scores, truth) = judged(history, &training.end());
    let off = ece(&scores, &truth);
    let base = truth.iter().filter(|churned| **churned).count() as f64 / truth.len() as f64;
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    println!(
        "{name}: ECE {off:.4}, AUC {:.4}, mean score {mean:.4} where {base:.4} of {} closes churned",
        auc(&scores, &truth),
        scores.len()
    );
    off
}

/// Four models of one shop, judged on what its customers do when nobody calls: trained where nobody ever called; where
/// warnings were answered, with held-out silences weighted for the treated ones; with the treated ones left out and
/// nothing in their place; and as if nobody had called.
#[test]
fn holding_out_keeps_a_model_calibrated() {
    let untreated = shop::lines(SHOP.customers, SHOP.days, SHOP.seed);
    let history = shop::history(&untreated, None);
    let Answered { events, outcomes } = answered(SHOP);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let untreated: Vec<&[u8]> = untreated.iter().map(|(_, value)| value.as_slice()).collect();
    let untreated = write("untreated.jsonl", &untreated.join(&b'\n'));
    let events = write("answered.jsonl", &events);
    let opened = |arm: &str| {
        let opened = outcomes.iter().filter(|told| told["type"] == "churnwatch.outcome.opened");
        opened.filter(|told| told["data"]["arm"] == arm).count()
    };
    let [treated, held_out] = ["treated", "holdout"].map(opened);
    println!("{treated} treated openings, {held_out} held out");
    assert!(treated > 5_000 && held_out > 1_000);
    // A held-out silence that was certain to be held out stands for itself alone.
    let mut dropping = outcomes.clone();
    for told in dropping.iter_mut().filter(|told| told["data"]["arm"] == "holdout") {
        told["data"]["propensity"] = json!(0.0);
    }
    let start = |name, events, outcomes| Training::start(folder.path(), name, events, outcomes);
    let nobody = start("nobody", &untreated, None);
    let weighted = start("weighted", &events, Some(&outcomes));
    let dropped = start("dropped", &events, Some(&dropping));
    let ignored = start("ignored", &events, None);
    off("nobody treated", &history, nobody);
    let weighted = off("weighted", &history, weighted);
    let dropped = off("dropped", &history, dropped);
    off("ignored", &history, ignored);
    assert!(weighted <= 0.03, "{weighted}");
    assert!(dropped > 0.03, "{dropped}");
}
