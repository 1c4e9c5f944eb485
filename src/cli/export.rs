//! `export`: a model, the rows that it scores, and tables for analysts.

use std::io::Write;

use crate::cli::common::{artifact, settings};
use crate::cli::exit::Failure;
use crate::cli::export_args::{ExportCommand, ExportModelArgs, ExportRowsArgs, ModelForm};
use crate::cli::export_tables;
use crate::cli::judged::Judged;
use crate::cli::output::{check_folder, create};
use crate::cli::past::history;
use crate::cli::progress::during;
use crate::engine::rfm::features::FEATURE_TABLE;
use crate::training::evaluate::rows_at;
use crate::training::treatments::Treatments;
use crate::wire::calendar::{day, day_text};
use crate::wire::exported_onnx::onnx;
use crate::wire::exported_sql::sql;
use crate::wire::tables::columns::Table;

/// Runs the command.
pub fn run(command: &ExportCommand) -> Result<(), Failure> {
    match command {
        ExportCommand::Model(args) => model(args),
        ExportCommand::Rows(args) => rows(args),
        ExportCommand::Profiles(args) => export_tables::run(Table::Profiles, args),
        ExportCommand::Alerts(args) => export_tables::run(Table::Alerts, args),
        ExportCommand::Outcomes(args) => export_tables::run(Table::Outcomes, args),
    }
}

fn model(args: &ExportModelArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let is_name = |part: &str| part.chars().all(|letter| letter.is_alphanumeric() || "_$\"".contains(letter));
    if args.table.is_empty() || !args.table.split('.').all(is_name) {
        return Err(Failure::usage(format!("--table: \"{}\" is no name of a table", args.table)));
    }
    let model = artifact(args.model.as_deref(), &settings)?.model().map_err(Failure::usage)?;
    let bytes = match args.format {
        ModelForm::Onnx => onnx(&model),
        ModelForm::Sql => sql(&model, &args.table).into_bytes(),
    };
    let mut out = create(Some(&args.output))?;
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(Failure::of)
}

fn rows(args: &ExportRowsArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let judged = Judged::read(args.model.as_deref(), &settings, None)?;
    check_folder(&args.output)?;
    let (model, at) = (&judged.model, day(args.at));
    let read = history(&args.input, &settings, Some(at))?;
    let (treatments, lateness) = (Treatments::default(), settings.policy.lateness_days);
    let rows = during("scoring", || rows_at(&read.history, model, &treatments, at, lateness));
    let mut out = csv::Writer::from_writer(create(Some(&args.output))?);
    let names = FEATURE_TABLE.iter().map(|(name, ..)| *name);
    let head = ["customer_id", "day", "silence_days"].into_iter().chain(names);
    out.write_record(head.chain(["silence_score", "forward_score"])).map_err(Failure::of)?;
    for row in &rows {
        let customer = read.history.customers.get(row.customer as usize).map_or("", |known| &*known.customer);
        let silence = (row.silence_days < model.horizon_days()).then(|| model.silence.score(&row.features));
        let scores = [silence, Some(model.forward.score(&row.features))];
        let start = [customer.to_owned(), day_text(row.day), row.silence_days.to_string()];
        let features = row.features.iter().map(ToString::to_string);
        let scores = scores.into_iter().map(|score| score.map_or_else(String::new, |score| score.to_string()));
        out.write_record(start.into_iter().chain(features).chain(scores)).map_err(Failure::of)?;
    }
    out.flush().map_err(Failure::of)?;
    read.unusable.tell();
    judged.warn_of_currency();
    eprintln!("{} customers at the opening of {}", rows.len(), day_text(at));
    Ok(())
}
