//! Outcomes as commands read them, from files or their topic: who was warned about, and whether the history knows them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use crate::cli::exit::Failure;
use crate::cli::input_args::{HistoryArgs, Source};
use crate::config::settings::Settings;
use crate::engine::day::Day;
use crate::service::kafka::history::each_value;
use crate::service::kafka::topics::check;
use crate::training::treatments::{Opening, Treatments};
use crate::wire::outcome_lines::{OpeningLine, opening};

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
