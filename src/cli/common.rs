//! What several commands need: settings, models, histories, the time now.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::exit::Failure;
use crate::cli::input_args::{HistoryArgs, Source};
use crate::config::load::load;
use crate::config::settings::Settings;
use crate::engine::day::{Day, Millis};
use crate::engine::event::Body;
use crate::service::kafka::history::{PartitionHistory, each_value};
use crate::service::kafka::topics::check;
use crate::training::history::History;
use crate::training::treatments::{Opening, Treatments};
use crate::wire::artifact::Artifact;
use crate::wire::event::{RawRecord, Scratch, parse};
use crate::wire::file_record::{Columns, FileOptions};
use crate::wire::merge::EventStream;
use crate::wire::outcome_lines::{OpeningLine, opening};

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

/// The model to score with. Its horizon must be the configuration's.
pub fn artifact(path: Option<&Path>, settings: &Settings) -> Result<Artifact, Failure> {
    let path = path.or(settings.file.model.path.as_deref());
    let artifact = match path {
        None => {
            Artifact::read(DEFAULT_MODEL).map_err(|fault| Failure::usage(format!("the built-in model: {fault}")))?
        }
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|fault| {
                Failure::usage(format!(
                    "cannot read the model {}: {fault}; make one with `churnwatch train`",
                    path.display()
                ))
            })?;
            Artifact::read(&bytes).map_err(|fault| Failure::usage(format!("{}: {fault}", path.display())))?
        }
    };
    settings.fit().check_horizon(&artifact).map_err(Failure::usage)?;
    Ok(artifact)
}

/// How the input files are read.
pub fn file_options(named: &[String], settings: &Settings) -> Result<FileOptions, Failure> {
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
    Ok(FileOptions { columns, currency: settings.rules.currency.code().to_owned() })
}

/// The files' events as one stream.
pub fn open(files: &[PathBuf], columns: &[String], settings: &Settings) -> Result<EventStream, Failure> {
    let options = file_options(columns, settings)?;
    EventStream::open(files, &options, &settings.rules).map_err(Failure::usage)
}

/// A history read from files, with what was left out.
pub struct ReadHistory {
    /// The events.
    pub history: History,
    /// SHA-256 of the usable events' bytes, in order.
    pub digest: String,
    /// Records that could not be used.
    pub unusable: u64,
}

/// Reads the events before the midnight that opens `until` (all, if absent) into a history.
pub fn history(input: &HistoryArgs, settings: &Settings, until: Option<Day>) -> Result<ReadHistory, Failure> {
    input.check()?;
    let mut taking = Taking {
        settings,
        until,
        wall: now(),
        scratch: Scratch::default(),
        digest: Sha256::new(),
        history: History::new(settings.policy.lateness_days),
        usable: 0,
        unusable: 0,
    };
    match input.source {
        Source::Files => {
            let mut stream = open(&input.files, &input.columns, settings)?;
            while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
                let (key, value, timestamp) = (Some(&record.key[..]), Some(&record.value[..]), taking.wall);
                taking.take(&RawRecord { key, value, timestamp });
            }
        }
        Source::Kafka => {
            for partition in 0..check(settings)? {
                let mut past = PartitionHistory::open(settings, partition)?;
                while let Some(record) = past.next(None)? {
                    taking.take(&record.record(taking.wall));
                }
            }
        }
    }
    let Taking { mut history, digest, usable, unusable, .. } = taking;
    if usable == 0 && unusable > 0 {
        return Err(Failure::usage(format!(
            "none of the {unusable} records could be used: `churnwatch replay --dead-letters -` says why of each"
        )));
    }
    history.sort();
    Ok(ReadHistory { history, digest: hex::encode(digest.finalize()), unusable })
}

/// Who was warned about before the midnight that opens `until`: from files of outcomes, or from the outcomes topic where the events come from Kafka too.
pub fn treatments(
    input: &HistoryArgs,
    files: &[PathBuf],
    settings: &Settings,
    until: Day,
) -> Result<Treatments, Failure> {
    let mut treatments = Treatments::default();
    let mut take = |line: &[u8]| -> Result<(), String> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if let Some(line) = opening(line).map_err(|fault| fault.to_string())? {
            let OpeningLine { customer, opened, arm, propensity } = line;
            if opened < until {
                treatments.add(&customer, Opening { day: opened, arm, propensity });
            }
        }
        Ok(())
    };
    for path in files {
        let unreadable =
            |fault: &dyn std::fmt::Display| Failure::usage(format!("cannot read {}: {fault}", path.display()));
        let file = File::open(path).map_err(|fault| unreadable(&fault))?;
        for line in BufReader::new(file).split(b'\n') {
            take(&line.map_err(|fault| unreadable(&fault))?).map_err(|fault| unreadable(&fault))?;
        }
    }
    if input.source == Source::Kafka && files.is_empty() {
        each_value(settings, &settings.file.topics.outcomes, check(settings)?, take)?;
    }
    Ok(treatments)
}

/// A history in the making.
struct Taking<'a> {
    settings: &'a Settings,
    until: Option<Day>,
    wall: Millis,
    scratch: Scratch,
    digest: Sha256,
    history: History,
    usable: u64,
    unusable: u64,
}

impl Taking<'_> {
    fn take(&mut self, record: &RawRecord<'_>) {
        let Ok(parsed) = parse(&self.settings.rules, record, self.wall, &mut self.scratch) else {
            self.unusable += 1;
            return;
        };
        if self.until.is_some_and(|until| parsed.event.day >= until) {
            self.usable += 1;
            if matches!(parsed.event.body, Body::Forget) {
                self.history.forget(parsed.event.customer);
            }
        } else if self.history.add(&parsed.event) {
            self.usable += 1;
            self.digest.update(record.value.unwrap_or_default());
            self.digest.update(b"\n");
        } else {
            self.unusable += 1;
        }
    }
}
