//! `export profiles`, `alerts` and `outcomes`: tables for analysts, from files or from what the service wrote.

use std::io::IsTerminal;
use std::sync::Arc;

use crate::cli::cast::cast;
use crate::cli::common::{now, settings};
use crate::cli::exit::Failure;
use crate::cli::export_args::{ExportTableArgs, TableForm};
use crate::cli::input_args::Source;
use crate::cli::judged::check_least_silence;
use crate::cli::output::check_folder;
use crate::cli::past::Unusable;
use crate::cli::play::Play;
use crate::cli::progress::{Bar, during};
use crate::cli::sheet::Sheet;
use crate::config::settings::Settings;
use crate::engine::event::Reason;
use crate::processor::batch::{OutRecord, OutTopic};
use crate::processor::topology::Processor;
use crate::service::kafka::history::each_value;
use crate::service::kafka::models::read;
use crate::service::kafka::restore::restore;
use crate::service::kafka::topics::check;
use crate::service::pulse::Pulse;
use crate::wire::calendar::day;
use crate::wire::money::exponent;
use crate::wire::tables::columns::Table;

/// Runs the command.
pub fn run(table: Table, args: &ExportTableArgs) -> Result<(), Failure> {
    check_args(table, args)?;
    let settings = settings(args.input.config.as_deref())?;
    check_folder(&args.output)?;
    let form = form(args)?;
    let places = exponent(settings.rules.currency);
    let open = || Sheet::begin(table, &args.output, form, places);
    let sheet = match (args.input.source, table) {
        (Source::Files, _) => played(table, args, settings, open)?,
        (Source::Kafka, Table::Profiles) => restored(args, &settings, open)?,
        (Source::Kafka, Table::Alerts) => written(&settings, &settings.file.topics.alerts, open)?,
        (Source::Kafka, Table::Outcomes) => written(&settings, &settings.file.topics.outcomes, open)?,
    };
    sheet.finish()
}

/// What a source cannot give is not asked of it.
fn check_args(table: Table, args: &ExportTableArgs) -> Result<(), Failure> {
    args.input.check()?;
    if args.input.source == Source::Files {
        return Ok(());
    }
    if args.at.is_some() {
        return Err(Failure::usage("--at goes with files: what the service wrote is taken as it stands"));
    }
    if table != Table::Profiles && !args.model.is_empty() {
        return Err(Failure::usage(
            "--model goes with files: what the service wrote was said by the models of its time",
        ));
    }
    if args.model.iter().any(|model| model.day.is_some()) {
        return Err(Failure::usage("--model M@DATE goes with files: in Kafka every day's model was promoted"));
    }
    Ok(())
}

fn form(args: &ExportTableArgs) -> Result<TableForm, Failure> {
    let by_suffix = || {
        let is_parquet = args.output.extension().is_some_and(|suffix| suffix == "parquet");
        if is_parquet { TableForm::Parquet } else { TableForm::Csv }
    };
    let form = args.format.unwrap_or_else(by_suffix);
    if form == TableForm::Parquet && args.output.as_os_str() == "-" && std::io::stdout().is_terminal() {
        return Err(Failure::usage("Parquet is not for a terminal: name a file by --output, or say --format csv"));
    }
    Ok(form)
}

/// What a replay of the files says; profiles are those at its end.
fn played(
    table: Table,
    args: &ExportTableArgs,
    settings: Settings,
    open: impl FnOnce() -> Result<Sheet, Failure>,
) -> Result<Sheet, Failure> {
    let until = args.at.map(day).or(settings.until);
    let settings = settings.until(until);
    let models = cast(&args.model, &settings, false)?;
    check_least_silence(&settings, models.first.horizon_days())?;
    let mut sheet = open()?;
    let mut see = |record: &OutRecord<'_>| match (table, record.topic, record.value) {
        (Table::Alerts, OutTopic::Alerts, Some(value)) | (Table::Outcomes, OutTopic::Outcomes, Some(value)) => {
            sheet.read(value)
        }
        _ => Ok(()),
    };
    let (processors, _) = Play::new("replaying", &mut see).as_published(&args.input, &settings, models, 1)?;
    for processor in &processors {
        if table == Table::Profiles {
            processor.profile_rows(until.map(|until| until.plus(-1))).try_for_each(|row| sheet.put(&row))?;
        }
        let mut letters = processor.stats().dead_letters;
        // What comes after --at was not asked for.
        if let Some(later) = letters.get_mut(Reason::InTheFuture as usize).filter(|_| args.at.is_some()) {
            *later = 0;
        }
        Unusable::of(letters).tell();
    }
    Ok(sheet)
}

/// The profiles of the changelog, judged by the models in force.
fn restored(
    args: &ExportTableArgs,
    settings: &Settings,
    open: impl FnOnce() -> Result<Sheet, Failure>,
) -> Result<Sheet, Failure> {
    let models = cast(&args.model, settings, true)?;
    let partitions = check(settings)?;
    let setup = Arc::new(settings.setup(partitions));
    let fresh = |number| Processor::new(setup.clone(), number, models.first.clone());
    let mut processors: Vec<Processor> = (0..partitions).map(fresh).collect();
    during("reading the changelog", || restore(settings, &mut processors, &|_, _| {}, &Pulse::free()))?;
    // Asked after the changelog was read, so every promotion that it speaks of is among them.
    let promoted = Arc::new(read(settings, &Pulse::free())?.schedule());
    let mut sheet = open()?;
    let day = settings.until.map(|until| until.plus(-1));
    for processor in &mut processors {
        processor.offer(promoted.clone());
        for doubt in processor.restored(now()) {
            eprintln!("churnwatch: partition {}: {doubt}", processor.partition());
        }
        processor.profile_rows(day).try_for_each(|row| sheet.put(&row))?;
    }
    Ok(sheet)
}

/// What stands in a topic, to its end.
fn written(
    settings: &Settings,
    topic: &String,
    open: impl FnOnce() -> Result<Sheet, Failure>,
) -> Result<Sheet, Failure> {
    let partitions = check(settings)?;
    let mut sheet = open()?;
    let progress = Bar::count("reading", 0);
    let take = |value: &[u8]| sheet.read(value).map_err(|fault| fault.sentences().join("; "));
    each_value(settings, topic, partitions, &|left| progress.left(left), take)?;
    Ok(sheet)
}
