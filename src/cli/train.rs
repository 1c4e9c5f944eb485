//! `train`: history in, model artifact out.

use crate::cli::args::{FeatureSet, TrainArgs};
use crate::cli::common::{history, settings};
use crate::cli::exit::Failure;
use crate::cli::output::write_whole;
use crate::training::train::{TrainSettings, train};
use crate::wire::artifact::{Artifact, TrainingRecord};
use crate::wire::calendar::{day, day_text};
use crate::wire::money::minor_per_major;

/// Runs the command.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let at = day(args.at);
    let read = history(&args.input, &settings, Some(at))?;
    let horizon_days = args.horizon_days.unwrap_or(settings.file.churn.horizon_days);
    if !(7..=730).contains(&horizon_days) {
        return Err(Failure::usage("--horizon-days must lie between 7 and 730"));
    }
    let train_settings = TrainSettings {
        at,
        horizon_days: horizon_days as i32,
        rich: args.features == FeatureSet::Rich,
        lateness_days: settings.policy.lateness_days,
        minor_per_major: minor_per_major(settings.rules.currency) as f64,
        min_silence_days: settings.policy.min_silence_days,
        seed: args.seed,
    };
    let stem = args.output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = args.name.clone().or(stem).unwrap_or_else(|| "model".into());
    let trained = train(&read.history, &train_settings, &name).map_err(Failure::of)?;
    let (silence, forward) = (&trained.silence, &trained.forward);
    let record = TrainingRecord {
        from: read.history.span.map(|(first, _)| day_text(first)).unwrap_or_default(),
        until: day_text(at),
        customers: read.history.customers.len() as u64,
        events: read.history.events,
        data_digest: read.digest,
        rows: [silence.rows, forward.rows],
        alpha: [silence.alpha, forward.alpha],
        validation_log_loss: [silence.validation_log_loss, forward.validation_log_loss]
            .map(|loss| Some(loss).filter(|loss| loss.is_finite())),
        seed: args.seed,
    };
    let artifact = Artifact::new(name, settings.rules.currency.code().to_owned(), &trained.model, record);
    write_whole(&args.output, &artifact.write())?;
    let [watch, high, critical] = trained.model.thresholds;
    eprintln!(
        "{}: {} events of {} customers, {} unusable records left out; {} silence rows, {} forward rows; watch from {watch:.3}, high from {high:.3}, critical from {critical:.3}",
        args.output.display(),
        artifact.training.events,
        artifact.training.customers,
        read.unusable,
        silence.rows,
        forward.rows,
    );
    Ok(())
}
