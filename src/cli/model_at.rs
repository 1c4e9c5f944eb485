//! A model with the day from which on it decides, as typed: `M` or `M@DATE`.

use std::path::PathBuf;

use jiff::civil::Date;

/// A model artifact, and from when on; without a day it is there from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelAt {
    /// The artifact.
    pub path: PathBuf,
    /// The first day that it decides.
    pub day: Option<Date>,
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
