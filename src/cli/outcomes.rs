//! Outcomes from files or from the topic, as a study.

use std::io::{BufRead, BufReader};

use crate::cli::exit::Failure;
use crate::cli::input_args::Source;
use crate::cli::progress::Bar;
use crate::cli::study_args::OutcomeArgs;
use crate::config::settings::Settings;
use crate::effect_study::collect::Collector;
use crate::effect_study::episode::Study;
use crate::service::kafka::history::each_value;
use crate::service::kafka::topics::check;
use crate::wire::calendar::day;
use crate::wire::files::open_lines;
use crate::wire::meter::Meter;
use crate::wire::outcome_facts::facts;

/// Reads everything that there is; what can't be used is counted, and told on standard error.
pub fn study(input: &OutcomeArgs, settings: &Settings) -> Result<Study, Failure> {
    match (input.source, input.outcomes.is_empty()) {
        (Source::Files, true) => {
            return Err(Failure::usage("name files of --outcomes, `-` for standard input, or say --source kafka"));
        }
        (Source::Kafka, false) => return Err(Failure::usage("with --source kafka no files are named")),
        (Source::Files, false) | (Source::Kafka, true) => {}
    }
    if let (Some(from), Some(at)) = (input.from, input.at)
        && from >= at
    {
        return Err(Failure::usage("--from must lie before --at"));
    }
    let mut collector = Collector::new(input.from.map(day), input.at.map(day), input.currency.clone());
    let mut first_fault = None;
    let mut take = |line: &[u8]| {
        if line.trim_ascii().is_empty() {
            return;
        }
        let read = facts(line);
        if let Err(fault) = &read {
            first_fault.get_or_insert_with(|| fault.clone());
        }
        collector.take(read);
    };
    match input.source {
        Source::Files => {
            let (progress, meter) = (Bar::files("reading outcomes", &input.outcomes), Meter::default());
            for path in &input.outcomes {
                let unreadable =
                    |fault: &dyn std::fmt::Display| Failure::usage(format!("cannot read {}: {fault}", path.display()));
                let file = open_lines(path, &meter).map_err(|fault| unreadable(&fault))?;
                for line in BufReader::new(file).split(b'\n') {
                    take(&line.map_err(|fault| unreadable(&fault))?);
                    progress.step(|| meter.bytes());
                }
            }
        }
        Source::Kafka => {
            let take = |value: &[u8]| {
                take(value);
                Ok(())
            };
            let progress = Bar::count("reading outcomes", 0);
            let left = |left| progress.left(left);
            each_value(settings, &settings.file.topics.outcomes, check(settings)?, &left, take)?;
        }
    }
    let study = collector.study().map_err(|why| {
        let fault = first_fault.as_ref().map(|fault| format!("; the first line that could not be used: {fault}"));
        Failure::usage(format!("{why}{}", fault.unwrap_or_default()))
    })?;
    if let Some(fault) = first_fault {
        eprintln!("{} lines could not be used; the first: {fault}", study.left_out.unreadable);
    }
    Ok(study)
}

/// Refuses outcomes in another currency than the configuration's, where amounts of both would meet.
pub fn same_currency(study: &Study, settings: &Settings) -> Result<(), Failure> {
    let configured = settings.rules.currency.code();
    if study.currency == configured {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the outcomes are in {}, the configuration in {configured}: name the configuration that they were made with",
        study.currency
    )))
}
