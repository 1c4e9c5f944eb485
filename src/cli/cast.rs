//! The models of a replay: who decides first, and who from which day on.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use crate::cli::common::artifact;
use crate::cli::exit::Failure;
use crate::cli::model_at::ModelAt;
use crate::config::settings::Settings;
use crate::engine::promotion::{Promotion, Schedule};
use crate::engine::scoring::model::Model;
use crate::wire::artifact::Artifact;
use crate::wire::calendar::day;

/// The model that decides first, and the others by their days.
pub struct Cast {
    /// The undated one, else the configured.
    pub first: Arc<Model>,
    /// The dated ones.
    pub schedule: Schedule,
}

/// Reads every model that was named.
pub fn cast(named: &[ModelAt], settings: &Settings) -> Result<Cast, Failure> {
    let undated: Vec<&Path> = named.iter().filter(|one| one.day.is_none()).map(|one| one.path.as_path()).collect();
    if undated.len() > 1 {
        return Err(Failure::usage(
            "--model: only one model can be there from the beginning, give the others as M@DATE",
        ));
    }
    let first = model(&artifact(undated.first().copied(), settings)?)?;
    let mut dated: Vec<(Date, &Path)> = named.iter().filter_map(|one| Some((one.day?, one.path.as_path()))).collect();
    dated.sort_by_key(|(day, _)| *day);
    let mut promotions = Vec::with_capacity(dated.len());
    for (offset, (date, path)) in (0..).zip(dated) {
        let artifact = artifact(Some(path), settings)?;
        promotions.push(Promotion { offset, effective: day(date), model: model(&artifact)? });
    }
    let end = promotions.len() as i64;
    Ok(Cast { first, schedule: Schedule::new(promotions, end) })
}

fn model(artifact: &Artifact) -> Result<Arc<Model>, Failure> {
    artifact.model().map(Arc::new).map_err(Failure::usage)
}
