//! A model with the day from which on it decides, as typed: `M` or `M@DATE`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use crate::cli::common::artifact;
use crate::cli::exit::Failure;
use crate::config::settings::Settings;
use crate::engine::promotion::{Promotion, Schedule};
use crate::engine::scoring::model::Model;
use crate::wire::artifact::Artifact;
use crate::wire::calendar::day;

/// A model artifact, and from when on; without a day it is there from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAt {
    path: PathBuf,
    day: Option<Date>,
}

/// Reads `M` or `M@DATE`. What stands behind the last `@` and is no date belongs to the path.
pub fn model_at(text: &str) -> Result<ModelAt, String> {
    let dated = text.rsplit_once('@').and_then(|(path, day)| Some((path, day.parse().ok()?)));
    match dated {
        Some(("", _)) => Err("name the artifact before @DATE".into()),
        Some((path, day)) => Ok(ModelAt { path: path.into(), day: Some(day) }),
        None => Ok(ModelAt { path: text.into(), day: None }),
    }
}

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

#[cfg(test)]
mod tests {
    use super::{ModelAt, model_at};

    #[test]
    fn only_a_date_behind_the_last_at_is_one() {
        let read = |text: &str| model_at(text).map(|ModelAt { path, day }| (path.display().to_string(), day));
        let date = jiff::civil::date(2026, 1, 2);
        assert_eq!(read("m.json"), Ok(("m.json".into(), None)));
        assert_eq!(read("m.json@2026-01-02"), Ok(("m.json".into(), Some(date))));
        assert_eq!(read("a@b/m.json"), Ok(("a@b/m.json".into(), None)));
        assert_eq!(read("a@b/m@2026-13-02"), Ok(("a@b/m@2026-13-02".into(), None)));
        assert_eq!(read("a@b@2026-01-02"), Ok(("a@b".into(), Some(date))));
        assert!(read("@2026-01-02").is_err());
    }
}
