//! Outcomes as commands read them, from files or their topic: who was warned about, and whether the history knows them.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use crate::cli::exit::Failure;
use crate::cli::input_args::{HistoryArgs, Source};
use crate::cli::progress::Bar;
use crate::config::settings::Settings;
use crate::engine::day::Day;
use crate::service::kafka::history::each_value;
use crate::service::kafka::topics::check;
use crate::training::history::History;
use crate::training::treatments::{Opening, Treatments};
use crate::wire::calendar::day_text;
use crate::wire::files::decompressed;
use crate::wire::meter::Meter;
use crate::wire::outcome_lines::{OpeningLine, opening};

/// Outcomes read.
pub struct Outcomes {
    /// Who was warned about before the midnight that opens `until`.
    pub treatments: Treatments,
    /// Files were named.
    named: bool,
    until: Day,
    /// Openings from that midnight on.
    later: u64,
}

impl Outcomes {
    /// Outcomes of other customers than the history's are refused: they are another shop's.
    pub fn check(&self, history: &History) -> Result<(), Failure> {
        let (known, all) = self.known(history);
        if all > 0 && known == 0 {
            return Err(Failure::usage(format!(
                "none of the {all} warnings in the outcomes is of a customer of this history: give the outcomes that belong to it, or none"
            )));
        }
        Ok(())
    }

    /// Says what the outcomes leave out, where files were named: otherwise the topic may well be empty.
    pub fn tell(&self, history: &History) {
        let (known, all) = self.known(history);
        let until = day_text(self.until);
        if self.named && all == 0 {
            let later = if self.later > 0 { format!(", {} from then on", self.later) } else { String::new() };
            eprintln!("churnwatch: the outcomes hold no warning before {until}{later}: nothing is weighted by them");
        } else if known < all {
            eprintln!(
                "churnwatch: {} of the {all} warnings in the outcomes are of customers whom this history does not know",
                all - known
            );
        }
    }

    /// Warnings of customers that the history knows, and all.
    fn known(&self, history: &History) -> (usize, usize) {
        self.treatments.customers().fold((0, 0), |(known, all), (customer, count)| {
            (known + if history.knows(customer) { count } else { 0 }, all + count)
        })
    }
}

/// Reads the openings before the midnight that opens `until`: from files of outcomes, or from the outcomes topic where
/// the events come from Kafka too.
pub fn outcomes(input: &HistoryArgs, files: &[PathBuf], settings: &Settings, until: Day) -> Result<Outcomes, Failure> {
    let mut outcomes = Outcomes { treatments: Treatments::default(), named: !files.is_empty(), until, later: 0 };
    let mut take = |line: &[u8]| -> Result<(), String> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if let Some(line) = opening(line).map_err(|fault| fault.to_string())? {
            let OpeningLine { customer, opened, arm, propensity } = line;
            if opened < until {
                outcomes.treatments.add(&customer, Opening { day: opened, arm, propensity });
            } else {
                outcomes.later += 1;
            }
        }
        Ok(())
    };
    let (progress, meter) = (Bar::files("reading outcomes", files), Meter::default());
    for path in files {
        let unreadable =
            |fault: &dyn std::fmt::Display| Failure::usage(format!("cannot read {}: {fault}", path.display()));
        let (_, file) = decompressed(path, &meter).map_err(Failure::usage)?;
        for line in BufReader::new(file).split(b'\n') {
            take(&line.map_err(|fault| unreadable(&fault))?).map_err(|fault| unreadable(&fault))?;
            progress.step(|| meter.bytes());
        }
    }
    if input.source == Source::Kafka && files.is_empty() {
        let progress = Bar::count("reading outcomes", 0);
        let left = |left| progress.left(left);
        each_value(settings, &settings.file.topics.outcomes, check(settings)?, &left, take)?;
    }
    Ok(outcomes)
}
