//! `train`: history in, model artifact and model card out.

use std::path::Path;

use serde_json::json;

use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::judged::check_least_silence;
use crate::cli::model_args::{FeatureSet, LabelArg, TrainArgs};
use crate::cli::output::{check_folder, create, say, write_whole};
use crate::cli::past::{ReadHistory, history};
use crate::cli::past_outcomes::outcomes;
use crate::cli::progress::during;
use crate::cli::wish::{bands_json, missed_by_bands};
use crate::config::settings::Settings;
use crate::engine::day::Day;
use crate::engine::rfm::features::FEATURE_TABLE;
use crate::engine::scoring::model::Model;
use crate::training::card::card;
use crate::training::evaluate::{base_rate, figures};
use crate::training::history::History;
use crate::training::recipe::{Label, TrainSettings};
use crate::training::rows::RowRules;
use crate::training::thresholds::{WANTED_PRECISION, Wanted};
use crate::training::train::{TrainFault, Trained, train};
use crate::training::treatments::Treatments;
use crate::training::{forward, silence};
use crate::wire::artifact::Artifact;
use crate::wire::artifact_records::{TrainingRecord, ValidationRecord};
use crate::wire::calendar::{day, day_text};
use crate::wire::money::minor_per_major;

/// Runs the command.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let at = day(args.at);
    let train_settings = train_settings(args, &settings, at)?;
    for path in [Some(&args.output), args.card.as_ref(), args.rows.as_ref()].into_iter().flatten() {
        check_folder(path)?;
    }
    let read = history(&args.input, &settings, Some(at))?;
    let outcomes = outcomes(&args.input, &args.outcomes, &settings, at)?;
    outcomes.check(&read.history)?;
    let treatments = &outcomes.treatments;
    if treatments.unrepresented() > 0 {
        eprintln!(
            "churnwatch: {} warnings were acted upon while nobody was held out: their silences are left out and nobody stands for them, so the model sees too few of those who were warned about",
            treatments.unrepresented()
        );
    }
    let stem = args.output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = args.name.clone().or(stem).unwrap_or_else(|| "model".into());
    let trained = during("fitting", || train(&read.history, treatments, &train_settings, &name)).map_err(failure)?;
    read.unusable.tell();
    outcomes.tell(&read.history);
    let artifact = artifact(&name, &settings, &trained, record(args, &read, treatments, &trained, at));
    if let Some(path) = &args.card {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let card = card(&artifact, &stem, [&trained.silence, &trained.forward], &trained.edges, read.unusable.all());
        for (name, svg) in &card.diagrams {
            write_whole(&path.with_file_name(name), svg.as_bytes())?;
        }
        write_whole(path, card.text.as_bytes())?;
    }
    if let Some(path) = &args.rows {
        let write = || write_rows(path, &read.history, treatments, &train_settings, &trained.model);
        during("writing rows", write)?;
    }
    // Last, so that there is no model where anything else could not be written.
    write_whole(&args.output, &artifact.write())?;
    let asked = asked(args);
    if let Some(sentence) = asked.and_then(|asked| missed_by_bands(asked, &trained.edges)) {
        eprintln!("churnwatch: {sentence}");
    }
    if args.json {
        say(json!({
            "model": artifact.model().map_err(Failure::of)?.version,
            "output": args.output,
            "unusable_records": read.unusable.all(),
            "thresholds": artifact.thresholds,
            "bands": bands_json(asked, &trained.edges),
            "validation": artifact.validation,
            "training": artifact.training,
        }));
        return Ok(());
    }
    let [watch, high, critical] = trained.model.thresholds;
    eprintln!(
        "{}: {} events of {} customers, {} unusable records left out; {} silence rows, {} forward rows; watch from {watch:.3}, high from {high:.3}, critical from {critical:.3}",
        args.output.display(),
        artifact.training.events,
        artifact.training.customers,
        read.unusable.all(),
        trained.silence.rows,
        trained.forward.rows,
    );
    Ok(())
}

/// What another flag would mend is usage; a history that teaches nothing is a failure.
fn failure(fault: TrainFault) -> Failure {
    match fault {
        TrainFault::Empty | TrainFault::Beyond { .. } | TrainFault::TooShort { .. } | TrainFault::NoHoldout { .. } => {
            Failure::usage(fault)
        }
        TrainFault::Head { .. } => Failure::of(fault),
    }
}

fn train_settings(args: &TrainArgs, settings: &Settings, at: Day) -> Result<TrainSettings, Failure> {
    let horizon_days = args.horizon_days.unwrap_or(settings.file.churn.horizon_days);
    if !(7..=730).contains(&horizon_days) {
        return Err(Failure::usage("--horizon-days must lie between 7 and 730"));
    }
    check_least_silence(settings, horizon_days as i32)?;
    Ok(TrainSettings {
        at,
        horizon_days: horizon_days as i32,
        rich: args.features == FeatureSet::Rich,
        lateness_days: settings.policy.lateness_days,
        minor_per_major: minor_per_major(settings.rules.currency) as f64,
        min_silence_days: settings.policy.min_silence_days,
        label: match args.label {
            LabelArg::Both => Label::Both,
            LabelArg::Silence => Label::Silence,
            LabelArg::Forward => Label::Forward,
        },
        wanted: asked(args).unwrap_or(WANTED_PRECISION.map(Wanted::Precision)),
        seed: args.seed,
    })
}

/// What was asked of the three bands; `None`: nothing, and they are the usual ones.
fn asked(args: &TrainArgs) -> Option<[Wanted; 3]> {
    let capacity = args.capacity.map(|capacity| capacity.map(Wanted::PerDay));
    capacity.or(args.precision.map(|precision| precision.map(Wanted::Precision)))
}

/// The rows that the heads were fitted with, as CSV: head, customer, day, days of silence, label, features.
fn write_rows(
    path: &Path,
    history: &History,
    treatments: &Treatments,
    settings: &TrainSettings,
    model: &Model,
) -> Result<(), Failure> {
    let TrainSettings { lateness_days, seed, .. } = *settings;
    let rules = RowRules { constants: model.constants, lateness_days, treatments, seed };
    let first = history.span.map_or(settings.at, |(first, _)| first);
    let heads = [
        ("silence", silence::training_rows(history, settings, &rules)),
        ("forward", forward::training_rows(history, first, settings, &rules)),
    ];
    let mut out = csv::Writer::from_writer(create(Some(path))?);
    let fixed = ["head", "customer_id", "day", "silence_days", "churned"];
    out.write_record(fixed.into_iter().chain(FEATURE_TABLE.map(|(name, ..)| name))).map_err(Failure::of)?;
    for (head, rows) in heads {
        for row in rows {
            let customer = history.customers.get(row.customer as usize).map_or("overdue", |known| &known.customer);
            let (day, silence, churned) = (day_text(row.day), row.silence_days, u8::from(row.churned));
            let fixed = [head, customer, &day, &silence.to_string(), &churned.to_string()].map(str::to_owned);
            let features = row.features.iter().map(ToString::to_string);
            out.write_record(fixed.into_iter().chain(features)).map_err(Failure::of)?;
        }
    }
    out.flush().map_err(Failure::of)
}

fn record(args: &TrainArgs, read: &ReadHistory, treatments: &Treatments, trained: &Trained, at: Day) -> TrainingRecord {
    let (silence, forward) = (&trained.silence, &trained.forward);
    TrainingRecord {
        from: read.history.span.map(|(first, _)| day_text(first)).unwrap_or_default(),
        until: day_text(at),
        customers: read.history.customers.len() as u64,
        events: read.history.events,
        data_digest: read.digest.clone(),
        rows: [silence.rows, forward.rows],
        alpha: [silence.alpha, forward.alpha],
        season: [silence.season, forward.season],
        customers_share: read.history.share(),
        warnings: treatments.counts(),
        seed: args.seed,
    }
}

fn artifact(name: &str, settings: &Settings, trained: &Trained, record: TrainingRecord) -> Artifact {
    let validation = [&trained.silence, &trained.forward].map(|head| {
        let figures = figures(&head.validation, trained.model.horizon_days());
        (!head.validation.is_empty()).then(|| ValidationRecord {
            at: day_text(head.validated_on),
            rows: head.validation.len() as u64,
            base_rate: base_rate(&head.validation),
            auc: figures.auc,
            auc_active: figures.auc_active,
            log_loss: figures.log_loss,
            brier: figures.brier,
            ece: figures.ece,
        })
    });
    Artifact::new(name.into(), settings.rules.currency.code().to_owned(), &trained.model, validation, record)
}
