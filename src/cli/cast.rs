//! The models of a replay: who decides first, and who from which day on.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use crate::cli::common::artifact;
use crate::cli::exit::Failure;
use crate::cli::judged::Judged;
use crate::cli::model_at::ModelAt;
use crate::config::settings::Settings;
use crate::engine::promotion::{Promotion, Schedule};
use crate::engine::scoring::model::Model;
use crate::wire::calendar::day;

/// The model that decides first, and the others by their days.
pub struct Cast {
    /// The undated one, else the configured.
    pub first: Arc<Model>,
    /// The dated ones.
    pub schedule: Schedule,
}

/// Reads every model that was named. `as_served`: beside them stand promoted ones, so all must fit the configuration.
pub fn cast(named: &[ModelAt], settings: &Settings, as_served: bool) -> Result<Cast, Failure> {
    let undated: Vec<&Path> = named.iter().filter(|one| one.day.is_none()).map(|one| one.path.as_path()).collect();
    undated.iter().try_for_each(|path| check_date(path))?;
    if undated.len() > 1 {
        return Err(Failure::usage(
            "--model: only one model can be there from the beginning, give the others as M@DATE",
        ));
    }
    let first = model(undated.first().copied(), settings, as_served)?;
    let mut dated: Vec<(Date, &Path)> = named.iter().filter_map(|one| Some((one.day?, one.path.as_path()))).collect();
    dated.sort_by_key(|(day, _)| *day);
    let mut promotions = Vec::with_capacity(dated.len());
    for (offset, (date, path)) in (0..).zip(dated) {
        let model = model(Some(path), settings, as_served)?;
        if model.horizon_days() != first.horizon_days() {
            return Err(Failure::usage(format!(
                "--model: {} has a horizon of {} days, {} one of {}: models that follow each other must answer one question",
                path.display(),
                model.horizon_days(),
                first.version,
                first.horizon_days()
            )));
        }
        promotions.push(Promotion { offset, effective: day(date), model });
    }
    let end = promotions.len() as i64;
    Ok(Cast { first, schedule: Schedule::new(promotions, end) })
}

/// What stands behind the last `@` and is no date belongs to the path; where there is no such file, it was to be a date.
fn check_date(path: &Path) -> Result<(), Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    match name.rsplit_once('@') {
        Some((_, behind)) if !path.exists() => Err(Failure::usage(format!(
            "--model {}: \"{behind}\" is no date of the form YYYY-MM-DD, and there is no file of that whole name",
            path.display()
        ))),
        Some(_) | None => Ok(()),
    }
}

fn model(path: Option<&Path>, settings: &Settings, as_served: bool) -> Result<Arc<Model>, Failure> {
    let judged =
        if as_served { Judged::of(&artifact(path, settings)?, settings)? } else { Judged::read(path, settings, None)? };
    judged.warn_of_currency();
    Ok(Arc::new(judged.model))
}
