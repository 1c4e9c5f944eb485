//! `promote`: a model into the models' topic, from a day on.

use serde_json::json;

use crate::cli::args::PromoteArgs;
use crate::cli::common::{artifact, now, settings};
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::config::settings::Settings;
use crate::engine::day::Day;
use crate::service::kafka::models::{PromotedModel, promote, read};
use crate::service::kafka::topics::check;
use crate::service::pulse::Pulse;
use crate::wire::artifact::Artifact;
use crate::wire::calendar::{day, day_text};

/// Runs the command.
pub fn run(args: &PromoteArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let named = args.model.as_deref().map(|path| artifact(Some(path), &settings)).transpose()?;
    if let Some(named) = &named {
        settings.fit().check(named).map_err(Failure::usage)?;
    }
    check(&settings)?;
    let promoted = read(&settings, &Pulse::free())?;
    for (offset, fault) in &promoted.refused {
        eprintln!("{} holds at offset {offset} what can't be used: {fault}", settings.file.topics.models);
    }
    let wanted = match named {
        Some(named) => named,
        None => previous(promoted.promotions.as_slice(), &settings)?,
    };
    let version = wanted.model().map_err(Failure::usage)?.version;
    let asked = args.effective_day.map(day);
    let newest = promoted.promotions.last().map(|one| &one.promotion).filter(|one| one.model.version == version);
    if let Some(newest) = newest.filter(|newest| asked.is_none_or(|asked| asked == newest.effective)) {
        report(args, &version, newest.effective, false);
        return Ok(());
    }
    let tomorrow = || settings.rules.day(now()).plus(1);
    let effective = asked.unwrap_or_else(tomorrow);
    if !args.dry_run {
        promote(&settings, &version, &wanted, effective)?;
    }
    report(args, &version, effective, true);
    Ok(())
}

/// The newest promoted model that is not the newest of all; the configured one where only one was ever promoted.
fn previous(promoted: &[PromotedModel], settings: &Settings) -> Result<Artifact, Failure> {
    let version = |one: &PromotedModel| one.promotion.model.version.clone();
    let Some(newest) = promoted.last().map(version) else {
        return Err(Failure::Failed("no model was promoted yet, so there is no previous one".into()));
    };
    if let Some(other) = promoted.iter().rev().find(|one| version(one) != newest) {
        return Ok(other.artifact.clone());
    }
    let configured = artifact(None, settings)?;
    settings.fit().check(&configured).map_err(Failure::usage)?;
    if configured.model().map_err(Failure::usage)?.version == newest {
        return Err(Failure::Failed(format!("no model but {newest} was ever in force, so there is no previous one")));
    }
    Ok(configured)
}

/// Says what was done; `new`: it was not the newest promotion already.
fn report(args: &PromoteArgs, version: &str, effective: Day, new: bool) {
    let (day, published) = (day_text(effective), new && !args.dry_run);
    if args.json {
        say(json!({"version": version, "effective_day": day, "published": published, "dry_run": args.dry_run}));
    } else if new && args.dry_run {
        eprintln!("{version} would decide from {day} on, in every partition as that day opens; nothing was published");
    } else if published {
        eprintln!("{version} is promoted: it decides from {day} on, in every partition as that day opens");
    } else {
        eprintln!("{version} is the newest promotion already, from {day} on: nothing was published");
    }
}
