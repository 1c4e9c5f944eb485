//! `evaluate`: scores at a date against what then happened.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::judged::Judged;
use crate::cli::model_args::EvaluateArgs;
use crate::cli::output::{check_folder, create, say_json};
use crate::cli::past::{ReadHistory, history};
use crate::cli::progress::during;
use crate::engine::day::Day;
use crate::engine::scoring::model::Model;
use crate::training::evaluate::{Evaluation, Figures, evaluate, rows_at, scored};
use crate::training::train::QUIET_DAYS;
use crate::training::treatments::Treatments;
use crate::wire::calendar::{day, day_text};

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let judged = Judged::read(args.model.as_deref(), &settings, args.horizon_days)?;
    let model = &judged.model;
    let (at, horizon) = (day(args.at), model.horizon_days());
    if let Some(path) = &args.scores {
        check_folder(path)?;
    }
    let read = history(&args.input, &settings, Some(at.plus(horizon)))?;
    check_reach(&read, at, horizon)?;
    let (treatments, lateness) = (Treatments::default(), settings.policy.lateness_days);
    let rows = during("scoring", || rows_at(&read.history, model, &treatments, at, lateness));
    check_anybody(rows.len(), at)?;
    let scored = scored(&rows, |features| model.forward.score(features));
    if let Some(path) = &args.scores {
        let mut out = create(Some(path))?;
        for row in &scored {
            let customer = read.history.customers.get(row.customer as usize).map(|known| &*known.customer);
            let line = json!({"customer_id": customer, "forward_score": row.score, "silence_days": row.silence_days, "churned": row.churned});
            writeln!(out, "{line}").map_err(Failure::of)?;
        }
        out.flush().map_err(Failure::of)?;
    }
    let evaluation = during("evaluating", || evaluate(&scored, horizon));
    let report = report(model, at, &evaluation, &read);
    read.unusable.tell();
    judged.warn_of_currency();
    judged.warn_of_hindsight(at, at.plus(horizon));
    if !args.json {
        table(&evaluation);
    }
    say_json(&report, args.json);
    Ok(())
}

/// The labels of `at` are known only where the data reach a horizon further.
pub fn check_reach(read: &ReadHistory, at: Day, horizon: i32) -> Result<(), Failure> {
    match read.history.span {
        Some((first, last)) if first < at && last >= at.plus(horizon - QUIET_DAYS) => Ok(()),
        _ => Err(Failure::usage(format!(
            "the data must reach from before {} to {}: choose another --at",
            day_text(at),
            day_text(at.plus(horizon - 1))
        ))),
    }
}

/// Figures of nobody say nothing, and must open no gate.
pub fn check_anybody(customers: usize, at: Day) -> Result<(), Failure> {
    if customers > 0 {
        return Ok(());
    }
    Err(Failure::usage(format!("nobody had bought anything before {}: choose a later --at", day_text(at))))
}

/// Figures by name, without those of the silence alone.
pub fn figures_json(figures: &Figures) -> Map<String, Value> {
    let named = Figures::NAMES.iter().zip(figures.values()).filter(|(name, _)| !name.starts_with("idle"));
    named.map(|(name, value)| ((*name).to_owned(), value.into())).collect()
}

/// The figures with their intervals, on standard error.
fn table(evaluation: &Evaluation) {
    eprintln!("{} customers, {:.1} % churned", evaluation.rows, evaluation.base_rate * 100.0);
    let figures = Figures::NAMES.iter().zip(evaluation.figures.values()).zip(evaluation.intervals);
    for ((name, value), [low, high]) in figures {
        eprintln!("{name:<16}{value:>8.4}  {low:.4} to {high:.4}");
    }
    let lift: Vec<String> = evaluation.lift.iter().map(|lift| format!("{lift:.2}")).collect();
    eprintln!("lift by tenth   {}", lift.join(" "));
}

fn report(model: &Model, at: Day, evaluation: &Evaluation, read: &ReadHistory) -> Value {
    let mut report = json!({
        "model": model.version,
        "at": day_text(at),
        "horizon_days": model.horizon_days(),
        "trained_until": day_text(model.trained_until),
        "customers": evaluation.rows,
        "base_rate": evaluation.base_rate,
        "unusable_records": read.unusable.all(),
    });
    let intervals = Figures::NAMES.iter().zip(evaluation.intervals);
    let intervals: Map<String, Value> = intervals.map(|(name, ends)| ((*name).to_owned(), json!(ends))).collect();
    if let Some(report) = report.as_object_mut() {
        report.extend(figures_json(&evaluation.figures));
        report.insert("lift".into(), json!(evaluation.lift));
        report.insert("intervals".into(), Value::Object(intervals));
        let Figures { idle_auc, idle_auc_active, .. } = evaluation.figures;
        report.insert("idle".into(), json!({"auc": idle_auc, "auc_active": idle_auc_active}));
    }
    report
}
