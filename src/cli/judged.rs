//! Models set to a past: their own horizon counts there, unless a flag or the configuration says another.

use std::path::Path;

use crate::cli::common::read_artifact;
use crate::cli::exit::Failure;
use crate::config::settings::Settings;
use crate::engine::day::Day;
use crate::engine::scoring::model::Model;
use crate::wire::artifact::Artifact;
use crate::wire::calendar::{day, day_text};

/// A model for a past, with what must be said of it once nothing else stands in the way.
pub struct Judged {
    /// The model.
    pub model: Model,
    /// Its currency is not the configuration's.
    pub foreign: Option<String>,
    /// The first day that it was trained on; `None` where the artifact does not say it.
    trained_from: Option<Day>,
}

impl Judged {
    /// Reads the model named, else the configured one. `horizon_days`, the command's flag, wins over the configuration.
    pub fn read(path: Option<&Path>, settings: &Settings, horizon_days: Option<u32>) -> Result<Self, Failure> {
        let artifact = read_artifact(path, settings)?;
        match horizon_days {
            Some(days) if i64::from(days) != i64::from(artifact.horizon_days) => {
                return Err(Failure::usage(format!(
                    "the model's horizon is {} days, --horizon-days says {days}: name a model of that horizon by --model, or leave --horizon-days out",
                    artifact.horizon_days
                )));
            }
            None if settings.horizon_stated => settings.fit().check_horizon(&artifact).map_err(Failure::usage)?,
            Some(_) | None => {}
        }
        Self::of(&artifact, settings)
    }

    /// A model that was found to fit already.
    pub fn of(artifact: &Artifact, settings: &Settings) -> Result<Self, Failure> {
        let model = artifact.model().map_err(Failure::usage)?;
        let trained_from = artifact.training.from.parse().ok().map(day);
        Ok(Self { foreign: foreign(artifact, &model.version, settings), trained_from, model })
    }

    /// Says so where the model may have seen the days from `from` up to but not on `until` that it is judged by. Whose
    /// events it saw can't be told: the same ones may come from a file and from a topic.
    pub fn warn_of_hindsight(&self, from: Day, until: Day) {
        let model = &self.model;
        if model.trained_until > from && self.trained_from.is_none_or(|begun| begun < until) {
            eprintln!(
                "churnwatch: {} was trained on events up to {}, past {}: if they were these customers', the figures flatter it",
                model.version,
                day_text(model.trained_until.plus(-1)),
                day_text(from)
            );
        }
    }

    /// Says so where the model was made in another currency.
    pub fn warn_of_currency(&self) {
        if let Some(sentence) = &self.foreign {
            eprintln!("churnwatch: {sentence}");
        }
    }
}

/// What must be said of a model that was trained on amounts in another currency than the configuration's.
pub fn foreign(artifact: &Artifact, version: &str, settings: &Settings) -> Option<String> {
    let fit = settings.fit();
    (!fit.has_currency_of(artifact)).then(|| {
        format!(
            "{version} was trained on amounts in {}, money.currency is {}: its tiers and what it makes of spending are off by the rate between the two",
            artifact.currency, fit.currency
        )
    })
}

/// A horizon must leave a close to warn at behind the least silence.
pub fn check_least_silence(settings: &Settings, horizon_days: i32) -> Result<(), Failure> {
    let least = settings.policy.min_silence_days;
    if least + 1 < horizon_days {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "alerts.min_silence_days ({least}) leaves no close to warn at within a horizon of {horizon_days} days: make it smaller than {}",
        horizon_days - 1
    )))
}
