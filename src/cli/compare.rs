//! `compare`: a challenger against the champion, on the same customers; exit code 2 where it may not be promoted.

use std::io::{Write, stdout};

use serde_json::{Map, Value, json};

use crate::cli::common::settings;
use crate::cli::evaluate::{check_anybody, check_reach, figures_json};
use crate::cli::exit::Failure;
use crate::cli::judged::Judged;
use crate::cli::model_args::CompareArgs;
use crate::cli::past::history;
use crate::cli::past_outcomes::outcomes;
use crate::cli::progress::during;
use crate::config::settings::Settings;
use crate::engine::alerting::value::Tier;
use crate::service::kafka::models::read;
use crate::service::kafka::topics::check;
use crate::service::pulse::Pulse;
use crate::training::compare::{Comparison, HeadComparison, WarningDifference, compare};
use crate::training::evaluate::Figures;
use crate::training::history::History;
use crate::wire::calendar::{day, day_text};

/// Runs the command.
pub fn run(args: &CompareArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let judged = [champion(args, &settings)?, Judged::read(Some(&args.challenger), &settings, None)?];
    let [of_champion, of_challenger] = &judged;
    let (champion, challenger) = (&of_champion.model, &of_challenger.model);
    let (at, horizon) = (day(args.at), champion.horizon_days());
    if challenger.horizon_days() != horizon {
        return Err(Failure::usage(format!(
            "the champion's horizon is {horizon} days, the challenger's {}: models of two questions can't be compared, train them with one --horizon-days",
            challenger.horizon_days()
        )));
    }
    let read = history(&args.input, &settings, Some(at.plus(horizon)))?;
    check_reach(&read, at, horizon)?;
    let outcomes = outcomes(&args.input, &args.outcomes, &settings, at.plus(horizon))?;
    outcomes.check(&read.history)?;
    let models = [champion, challenger];
    let (treatments, lateness) = (&outcomes.treatments, settings.policy.lateness_days);
    let mut compared = during("comparing", || compare(&read.history, treatments, models, at, lateness));
    check_anybody(compared.forward.rows, at)?;
    // `promote` would refuse it.
    compared.objections.extend(of_challenger.foreign.clone());
    read.unusable.tell();
    outcomes.tell(&read.history);
    of_champion.warn_of_currency();
    of_champion.warn_of_hindsight(at, at.plus(horizon));
    let tiers = Tier::ALL.iter().zip(&compared.warnings);
    let warnings: Map<String, Value> =
        tiers.map(|(tier, difference)| (tier.name().to_owned(), warnings_json(difference, &read.history))).collect();
    let report = json!({
        "champion": champion.version,
        "challenger": challenger.version,
        "at": day_text(at),
        "horizon_days": horizon,
        "unusable_records": read.unusable.all(),
        "forward": head_json(&compared.forward),
        "silence": head_json(&compared.silence),
        "warnings": warnings,
        "may_be_promoted": compared.objections.is_empty(),
        "objections": compared.objections,
    });
    // A reader that has gone must not turn a no into a yes, so this is not `say`.
    let _ = if args.json {
        writeln!(stdout(), "{report}")
    } else {
        table(&compared);
        writeln!(stdout(), "{report:#}")
    };
    if !compared.objections.is_empty() {
        let objections = compared.objections.join("; ");
        return Err(Failure::Refused(format!("{} may not be promoted: {objections}", challenger.version)));
    }
    if !args.json {
        eprintln!(
            "{} may be promoted: nothing speaks against it on {} customers",
            challenger.version, compared.forward.rows
        );
    }
    Ok(())
}

/// The model named, else the newest promotion where there are brokers, else the configured one.
fn champion(args: &CompareArgs, settings: &Settings) -> Result<Judged, Failure> {
    if args.champion.is_none() && !settings.file.kafka.brokers.is_empty() {
        // Says within seconds that no broker answers, where reading would wait for one.
        check(settings)?;
        let promoted = read(settings, &Pulse::free())?.promotions;
        if let Some(newest) = promoted.into_iter().next_back() {
            return Judged::of(&newest.artifact, settings);
        }
    }
    Judged::read(args.champion.as_deref(), settings, None)
}

fn head_json(head: &HeadComparison) -> Value {
    let named = || Figures::NAMES.iter().map(|name| (*name).to_owned());
    let difference: Map<String, Value> = named()
        .zip(head.difference.iter().zip(head.intervals))
        .filter(|(name, _)| !name.starts_with("idle"))
        .map(|(name, (value, interval))| (name, json!({"value": value, "interval": interval})))
        .collect();
    json!({
        "customers": head.rows,
        "base_rate": head.base_rate,
        "champion": figures_json(&head.champion),
        "challenger": figures_json(&head.challenger),
        "difference": difference,
    })
}

fn warnings_json(difference: &WarningDifference, history: &History) -> Value {
    let names = |positions: &[u32]| -> Vec<String> {
        let known = positions.iter().filter_map(|at| history.customers.get(*at as usize));
        known.map(|customer| customer.customer.to_string()).collect()
    };
    json!({
        "both": difference.both,
        "only_champion": difference.only_champion,
        "only_challenger": difference.only_challenger,
        "examples_dropped": names(&difference.dropped),
        "examples_added": names(&difference.added),
    })
}

/// The figures side by side, on standard error.
fn table(compared: &Comparison) {
    eprintln!("{:<24}{:>10}{:>12}{:>12}  95 % interval", "", "champion", "challenger", "difference");
    for (name, head) in [("forward", &compared.forward), ("silence", &compared.silence)] {
        let values = head.champion.values().into_iter().zip(head.challenger.values());
        let lines = Figures::NAMES.iter().zip(values).zip(head.difference.iter().zip(head.intervals));
        for ((figure, (ours, theirs)), (difference, [low, high])) in
            lines.filter(|((name, _), _)| !name.starts_with("idle"))
        {
            let figure = format!("{name} {figure}");
            eprintln!("{figure:<24}{ours:>10.4}{theirs:>12.4}{difference:>+12.4}  {low:+.4} to {high:+.4}");
        }
    }
    for (tier, difference) in Tier::ALL.iter().zip(&compared.warnings) {
        eprintln!(
            "tier {:<6} warned by both {}, by the champion alone {}, by the challenger alone {}",
            tier.name(),
            difference.both,
            difference.only_champion,
            difference.only_challenger
        );
    }
}
