//! Arguments of `export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::cli::input_args::HistoryArgs;
use crate::cli::model_at::{ModelAt, model_at};
use crate::cli::values::date;

/// What is taken elsewhere.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// A model for other programs to score with: an ONNX graph, or SQL.
    Model(ExportModelArgs),
    /// The features and scores of every customer at a date, as CSV: what an exported model is fed with, and held to.
    Rows(ExportRowsArgs),
    /// A row a customer, as Parquet or CSV: what is known of it, its scores, what is at risk; with --source kafka from the
    /// changelog.
    Profiles(ExportTableArgs),
    /// A row a word on a warning as the CRM hears it, opened, escalated, ended; with --source kafka from the topic of alerts.
    Alerts(ExportTableArgs),
    /// A row a word on a warning of either arm, what came of it too, for measuring; with --source kafka from the topic of
    /// outcomes.
    Outcomes(ExportTableArgs),
}

/// What a table is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableForm {
    /// Parquet, compressed by zstd.
    Parquet,
    /// CSV with a header.
    Csv,
}

/// Arguments of `export profiles`, `export alerts` and `export outcomes`.
#[derive(Debug, Args)]
pub struct ExportTableArgs {
    /// Where from: files are played as `replay` plays them; with kafka it is what the service wrote.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// Model artifact; may be given again as M@DATE, which decides from that date on. If absent the default model, with
    /// --source kafka the promoted ones too.
    #[arg(long, value_name = "M[@DATE]", value_parser = model_at)]
    pub model: Vec<ModelAt>,
    /// Of files: the midnight that opens this date; only events before it count.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub at: Option<Date>,
    /// What it is written as; absent: what the suffix of --output says, else CSV.
    #[arg(long)]
    pub format: Option<TableForm>,
    /// Where it goes; `-` is standard output. CSV is compressed by .gz and .zst.
    #[arg(long)]
    pub output: PathBuf,
}

/// What a model is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelForm {
    /// An ONNX graph in 64-bit floats.
    Onnx,
    /// A SQL query.
    Sql,
}

/// Arguments of `export model`.
#[derive(Debug, Args)]
pub struct ExportModelArgs {
    /// Model artifact; absent: the configured one, else the one built in.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// What it is written as.
    #[arg(long, default_value = "onnx")]
    pub format: ModelForm,
    /// SQL: the table or view whose columns are the features.
    #[arg(long, default_value = "features")]
    pub table: String,
    /// Where it goes; `-` is standard output.
    #[arg(long)]
    pub output: PathBuf,
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// Arguments of `export rows`.
#[derive(Debug, Args)]
pub struct ExportRowsArgs {
    /// The events.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// Model artifact; absent: the configured one, else the one built in.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// The midnight that opens this date: only events before it count.
    #[arg(long)]
    pub at: Date,
    /// Where the rows go; `-` is standard output.
    #[arg(long, default_value = "-")]
    pub output: PathBuf,
}
