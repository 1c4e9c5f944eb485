//! `backtest`: the warnings there would have been in a past period, against the best idle-days rule.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::judged::{Judged, check_least_silence};
use crate::cli::model_args::BacktestArgs;
use crate::cli::output::{check_folder, say_json, write_whole};
use crate::cli::past::history;
use crate::cli::play::Play;
use crate::cli::progress::during;
use crate::cli::wish::{Reached, asked_json, missed_here};
use crate::config::settings::Settings;
use crate::engine::alerting::policy::Policy;
use crate::engine::money::Money;
use crate::engine::scoring::model::Model;
use crate::processor::batch::{OutRecord, OutTopic};
use crate::processor::setup::{ClockMode, Setup};
use crate::training::backtest::{
    Period, Record, Survey, Warning, Warnings, idle_count, idle_model, idle_precision, idle_rule, lead_gain, peaks,
    record, survey, warned_ahead,
};
use crate::training::chart::{Frame, Legend, Line, lines};
use crate::training::history::History;
use crate::training::rows::RowRules;
use crate::training::thresholds::{Wanted, warned_at};
use crate::training::train::QUIET_DAYS;
use crate::training::treatments::Treatments;
use crate::wire::alert_line::opened_alert;
use crate::wire::calendar::{day, day_text};
use crate::wire::money::money_text;

/// Runs the command.
pub fn run(args: &BacktestArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let judged = Judged::read(args.model.as_deref(), &settings, None)?;
    let model = &judged.model;
    let period = Period { from: day(args.from), to: day(args.to) };
    let horizon = model.horizon_days();
    check_least_silence(&settings, horizon)?;
    if let Some(path) = &args.chart {
        check_folder(path)?;
    }
    if period.to.since(period.from) <= horizon {
        return Err(Failure::usage(format!(
            "a silence needs {horizon} days to end: --to must lie more than that after --from"
        )));
    }
    if args.input.files.iter().any(|file| file.as_os_str() == "-") {
        return Err(Failure::usage("a backtest reads the history several times, so `-` can't be read: name a file"));
    }
    let read = history(&args.input, &settings, Some(period.to))?;
    match read.history.span {
        Some((first, last)) if first < period.from && period.to.since(last) <= QUIET_DAYS + 1 => {}
        span => {
            let reach = span.map_or("hold no event".into(), |(first, last)| {
                format!("reach from {} to {}", day_text(first), day_text(last))
            });
            return Err(Failure::usage(format!("the data before --to {reach}: choose --from and --to inside")));
        }
    }
    let treatments = Treatments::default();
    let lateness_days = settings.policy.lateness_days;
    let rules = RowRules { constants: model.constants, lateness_days, treatments: &treatments, seed: 0 };
    let least = settings.policy.min_silence_days;
    let mut survey = during("looking at silences", || survey(&read.history, model, &rules, period, least));
    if survey.evaluated.is_empty() {
        return Err(Failure::usage("no silence starts in the period: choose --from and --to further apart"));
    }
    let chosen = choose(args, model, &settings, &survey)?;
    read.unusable.tell();
    judged.warn_of_currency();
    judged.warn_of_hindsight(period.from, period.to);
    let stage = Stage { args, settings: &settings, history: &read.history };
    let ours = stage.warnings("playing the model", model, chosen.threshold)?;
    let theirs = stage.warnings("playing the rule", &idle_model(model, chosen.idle_days), 0.5)?;
    let records = [&ours, &theirs].map(|warnings| record(&survey.evaluated, warnings, horizon));
    let report = report(args, model, &settings, &mut survey, &chosen, [&ours, &theirs], &records);
    if !args.json {
        table(&records, &chosen, &settings, survey.evaluated_days);
    }
    say_missed(args, &chosen, &records, survey.evaluated_days);
    if let Some(path) = &args.chart {
        let name = format!("{} days idle", chosen.idle_days);
        let points = [&ours, &theirs].map(|warnings| warned_ahead(&survey.evaluated, warnings, horizon));
        let [our_points, their_points] = &points;
        let frame = Frame {
            title: "How early churned silences were warned of",
            x: "at least so many days before the horizon",
            y: "share of churned silences",
            ends: [(0.0, f64::from(horizon)), (0.0, 1.0)],
            legend: Legend::LowerLeft,
        };
        let drawn = [Line { name: "model", points: our_points }, Line { name: &name, points: their_points }];
        write_whole(path, lines(&frame, &drawn).as_bytes())?;
    }
    say_json(&report, args.json);
    Ok(())
}

/// The threshold and the rule that are compared, and what they were chosen on.
struct Chosen {
    threshold: f64,
    idle_days: i32,
    basis: &'static str,
    asked: Option<Wanted>,
    there: Reached,
    idle_there: Reached,
}

fn choose(args: &BacktestArgs, model: &Model, settings: &Settings, survey: &Survey) -> Result<Chosen, Failure> {
    let (silences, days, basis) = if args.r#match {
        (&survey.evaluated, survey.evaluated_days, "the silences evaluated")
    } else {
        (&survey.earlier, survey.earlier_days, "silences that had ended before --from")
    };
    if silences.is_empty() {
        return Err(Failure::usage(format!("there are no {basis} to choose a threshold on: choose a later --from")));
    }
    let peaks = peaks(silences);
    let asked = args.precision.map(Wanted::Precision).or(args.capacity.map(Wanted::PerDay));
    let threshold = match asked {
        Some(wanted) => wanted.threshold(&peaks, days).ok_or_else(|| {
            Failure::usage(format!(
                "no threshold gives what is wanted on {basis}: ask for a lower precision, or for more warnings a day"
            ))
        })?,
        None => settings.policy.thresholds.unwrap_or(model.thresholds).first().copied().unwrap_or(0.5),
    };
    let (precision, per_day) = warned_at(&peaks, days, threshold);
    let wanted = asked.unwrap_or(Wanted::Precision(precision));
    let ks = settings.policy.min_silence_days + 1..=model.horizon_days();
    let idle_days = idle_rule(silences, days, wanted, ks);
    let idle_there = Reached {
        precision: idle_precision(silences, idle_days),
        per_day: idle_count(silences, idle_days) as f64 / f64::from(days),
    };
    Ok(Chosen { threshold, idle_days, basis, asked, there: Reached { precision, per_day }, idle_there })
}

/// What a record came to, by the days on which the silences started.
fn reached(record: &Record, days: i32) -> Reached {
    let [precision, ..] = record.figures;
    Reached { precision, per_day: record.alerts as f64 / f64::from(days) }
}

/// Says where the model, or the best rule there is, came to something else than was asked for.
fn say_missed(args: &BacktestArgs, chosen: &Chosen, [ours, theirs]: &[Record; 2], days: i32) {
    let Some(wanted) = chosen.asked else { return };
    let rule = format!("the rule of {} days idle", chosen.idle_days);
    for (who, record) in [("the model", ours), (&rule, theirs)] {
        if let Some(sentence) = missed_here(who, wanted, reached(record, days), args.r#match) {
            eprintln!("churnwatch: {sentence}");
        }
    }
}

/// What every run of the processor shares.
struct Stage<'a> {
    args: &'a BacktestArgs,
    settings: &'a Settings,
    history: &'a History,
}

impl Stage<'_> {
    /// The warnings of a model that opens at `threshold`, through the service's own processor. Both arms count.
    fn warnings(&self, what: &'static str, model: &Model, threshold: f64) -> Result<Warnings, Failure> {
        let settings = self.settings.clone().until(Some(day(self.args.to)));
        let above = |part: f64| threshold + (1.0 - threshold) * part;
        let setup = settings.setup(1);
        let policy = Policy {
            thresholds: Some([threshold, above(0.4), above(0.8)]),
            holdout_share: 0.0,
            publish_from: None,
            ..(*setup.policy).clone()
        };
        let setup = Setup { policy: Arc::new(policy), clock: ClockMode::Event, ..setup };
        let positions: HashMap<&str, u32> =
            self.history.customers.iter().map(|customer| &*customer.customer).zip(0..).collect();
        let mut warnings = Warnings::default();
        let mut see = |record: &OutRecord<'_>| {
            let (OutTopic::Alerts, Some(value)) = (record.topic, record.value) else { return Ok(()) };
            let Some(alert) = opened_alert(value, settings.rules.currency) else { return Ok(()) };
            if let Some(customer) = positions.get(&*alert.customer) {
                let (opened, silence_days, value_at_risk) = (alert.opened, alert.silence_days, alert.value_at_risk);
                warnings.add(*customer, Warning { opened, silence_days, value_at_risk });
            }
            Ok(())
        };
        Play::new(what, &mut see).all(&self.args.input, &settings, setup, &Arc::new(model.clone()))?;
        Ok(warnings)
    }
}

fn report(
    args: &BacktestArgs,
    model: &Model,
    settings: &Settings,
    survey: &mut Survey,
    chosen: &Chosen,
    [ours, theirs]: [&Warnings; 2],
    [our_record, their_record]: &[Record; 2],
) -> Value {
    let horizon = model.horizon_days();
    let (gain, interval, pairs) = lead_gain(&survey.evaluated, ours, theirs, horizon);
    let (weeks, [by_score, by_silence, everybody]) = survey.weekly.figures();
    let mut report = json!({
        "model": model.version,
        "from": args.from.to_string(),
        "to": args.to.to_string(),
        "horizon_days": horizon,
        "threshold": chosen.threshold,
        "chosen_on": chosen.basis,
        "asked": asked_json(chosen.asked),
        "precision_there": chosen.there.precision,
        "alerts_per_day_there": chosen.there.per_day,
        "silences": survey.evaluated.len(),
        "churned": survey.evaluated.iter().filter(|silence| silence.churned).count(),
        "currency": settings.rules.currency.code(),
        "lead_gain_days": {"mean": gain, "interval": interval, "pairs": pairs},
        "weekly_top_tenth": {"weeks": weeks, "precision": by_score, "precision_by_silence": by_silence, "base_rate": everybody},
    });
    let days = survey.evaluated_days;
    let mut idle = record_json(their_record, settings, days);
    idle.insert("idle_days".into(), chosen.idle_days.into());
    idle.insert("precision_there".into(), chosen.idle_there.precision.into());
    idle.insert("alerts_per_day_there".into(), chosen.idle_there.per_day.into());
    if let Some(report) = report.as_object_mut() {
        report.extend(record_json(our_record, settings, days));
        report.insert("idle".into(), Value::Object(idle));
    }
    report
}

fn record_json(record: &Record, settings: &Settings, days: i32) -> Map<String, Value> {
    let named = || Record::NAMES.iter().map(|name| (*name).to_owned());
    let mut told: Map<String, Value> = named().zip(record.figures.map(Value::from)).collect();
    let intervals: Map<String, Value> = named().zip(record.intervals.map(|ends| json!(ends))).collect();
    told.insert("alerts".into(), record.alerts.into());
    told.insert("alerts_per_day".into(), reached(record, days).per_day.into());
    told.insert("lead_days_median".into(), record.lead_days_median.into());
    told.insert("value_warned".into(), money_text(record.value_warned, settings.rules.currency).into());
    told.insert("opened_within_2_days".into(), record.within_two_days.into());
    told.insert("intervals".into(), Value::Object(intervals));
    told
}

/// The two records side by side, on standard error.
fn table(records: &[Record; 2], chosen: &Chosen, settings: &Settings, days: i32) {
    let [ours, theirs] = records;
    let rule = format!("{} days idle", chosen.idle_days);
    eprintln!("{:<24}{:>12}{:>16}", "", "model", rule);
    let line = |name: &str, ours: String, theirs: String| eprintln!("{name:<24}{ours:>12}{theirs:>16}");
    line("alerts", ours.alerts.to_string(), theirs.alerts.to_string());
    let per_day = |record: &Record| format!("{:.1}", reached(record, days).per_day);
    line("alerts_per_day", per_day(ours), per_day(theirs));
    match chosen.asked {
        Some(Wanted::PerDay(count)) => line("  asked for", format!("{count:.1}"), format!("{count:.1}")),
        Some(Wanted::Precision(share)) => line("precision asked for", format!("{share:.3}"), format!("{share:.3}")),
        None => {}
    }
    for ((name, ours), theirs) in Record::NAMES.iter().zip(ours.figures).zip(theirs.figures) {
        let places = if name.contains("lead") { 1 } else { 3 };
        line(name, format!("{ours:.places$}"), format!("{theirs:.places$}"));
    }
    line("lead_days_median", format!("{:.1}", ours.lead_days_median), format!("{:.1}", theirs.lead_days_median));
    line("opened_within_2_days", format!("{:.3}", ours.within_two_days), format!("{:.3}", theirs.within_two_days));
    let money = |money: Money| money_text(money, settings.rules.currency);
    line("value_warned", money(ours.value_warned), money(theirs.value_warned));
}
