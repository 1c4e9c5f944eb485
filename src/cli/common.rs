//! What several commands need: settings, models, input files, the time now.

use std::path::{Path, PathBuf};

use crate::cli::exit::Failure;
use crate::config::load::load;
use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::wire::artifact::Artifact;
use crate::wire::file_record::{Columns, FileOptions};
use crate::wire::merge::EventStream;

/// The model that ships with this release (models/README.md says how it was made).
const DEFAULT_MODEL: &[u8] = include_bytes!("../../models/default.json");

/// Now.
pub fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}

/// The settings of a command.
pub fn settings(config: Option<&Path>) -> Result<Settings, Failure> {
    Ok(load(config)?)
}

/// The model to serve with. Its horizon must be the configuration's.
pub fn artifact(path: Option<&Path>, settings: &Settings) -> Result<Artifact, Failure> {
    let artifact = read_artifact(path, settings)?;
    settings.fit().check_horizon(&artifact).map_err(Failure::usage)?;
    Ok(artifact)
}

/// The model named, else the configured one, else the one built in.
pub fn read_artifact(path: Option<&Path>, settings: &Settings) -> Result<Artifact, Failure> {
    let Some(path) = path.or(settings.file.model.path.as_deref()) else {
        return Artifact::read(DEFAULT_MODEL).map_err(|fault| Failure::usage(format!("the built-in model: {fault}")));
    };
    let bytes = std::fs::read(path).map_err(|fault| {
        Failure::usage(format!("cannot read the model {}: {fault}; make one with `churnwatch train`", path.display()))
    })?;
    Artifact::read(&bytes).map_err(|fault| Failure::usage(format!("{}: {fault}", path.display())))
}

/// The input topic in whose shape files are: the one named, otherwise the first that holds our own events,
/// or the first.
pub fn file_topic<'a>(named: Option<&'a str>, settings: &'a Settings) -> Result<&'a str, Failure> {
    let first = || settings.file.topics.events.first().map_or("", String::as_str);
    let Some(named) = named else { return Ok(settings.own_topic().unwrap_or_else(first)) };
    let mut inputs = settings.file.topics.events.iter().chain(&settings.file.rekey.topics);
    if inputs.any(|topic| topic == named) {
        return Ok(named);
    }
    let known = settings.file.topics.events.join(", ");
    Err(Failure::usage(format!("--topic: \"{named}\" is no input topic; the configuration names {known}")))
}

/// The input that our own events go into.
pub fn own_topic(settings: &Settings) -> Result<&str, Failure> {
    settings.own_topic().ok_or_else(|| {
        Failure::usage(
            "topics.events: every input has a format or an encoding, but this command writes an event of ours: name one without",
        )
    })
}

/// How the input files are read, whose records have the shape of `topic`.
pub fn file_options(named: &[String], topic: &str, settings: &Settings) -> Result<FileOptions, Failure> {
    let mut columns = Columns::default();
    for pair in named {
        let (name, column) =
            pair.split_once('=').ok_or_else(|| Failure::usage(format!("--columns: \"{pair}\" is not NAME=COLUMN")))?;
        let slot = match name {
            "customer_id" => &mut columns.customer,
            "timestamp" => &mut columns.timestamp,
            "amount" => &mut columns.amount,
            "type" => &mut columns.kind,
            _ => {
                return Err(Failure::usage(format!(
                    "--columns: \"{name}\" is none of customer_id, timestamp, amount, type"
                )));
            }
        };
        column.clone_into(slot);
    }
    let format = settings.shapes.of(topic).in_files().clone();
    Ok(FileOptions { columns, currency: settings.rules.currency.code().to_owned(), format })
}

/// The files' events as one stream.
pub fn open(files: &[PathBuf], columns: &[String], topic: &str, settings: &Settings) -> Result<EventStream, Failure> {
    let options = file_options(columns, topic, settings)?;
    EventStream::open(files, &options, &settings.rules).map_err(Failure::usage)
}
