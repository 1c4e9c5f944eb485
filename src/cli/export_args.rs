//! Arguments of `export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::cli::input_args::HistoryArgs;

/// What is taken elsewhere.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// A model for other programs to score with: an ONNX graph, or SQL.
    Model(ExportModelArgs),
    /// The features and scores of every customer at a date, as CSV: what an exported model is fed with, and held to.
    Rows(ExportRowsArgs),
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
