//! Where a command's events come from, as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::exit::Failure;

/// Where the past is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// Files.
    Files,
    /// The input topics of the configuration.
    Kafka,
}

/// Files or input topics.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// JSON Lines or CSV, plain, .gz or .zst, or Parquet; `-` is standard input, either of the first two and plain.
    /// Several are merged by time.
    pub files: Vec<PathBuf>,
    /// Where the events are; with kafka no files are named.
    #[arg(long, default_value = "files")]
    pub source: Source,
    /// Columns of CSV and Parquet files that are named otherwise, as
    /// `customer_id=COLUMN,timestamp=COLUMN,amount=COLUMN,type=COLUMN`.
    #[arg(long, value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Input topic in whose shape the files' records are (`inputs` of the configuration); absent: our own events,
    /// or purchases and returns in columns.
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

impl HistoryArgs {
    /// Files are named exactly where files are read.
    pub fn check(&self) -> Result<(), Failure> {
        match (self.source, self.files.is_empty()) {
            (Source::Files, true) => {
                Err(Failure::usage("name at least one file, `-` for standard input, or say --source kafka"))
            }
            (Source::Kafka, false) => Err(Failure::usage("with --source kafka no files are named")),
            (Source::Kafka, true) if self.topic.is_some() => {
                Err(Failure::usage("--topic says how files are read; --source kafka reads every input topic"))
            }
            (Source::Files, false) | (Source::Kafka, true) => Ok(()),
        }
    }
}

/// Input files and how they are read.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// JSON Lines or CSV, plain, .gz or .zst, or Parquet; `-` is standard input, either of the first two and plain.
    /// Several are merged by time.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Columns of CSV and Parquet files that are named otherwise, as
    /// `customer_id=COLUMN,timestamp=COLUMN,amount=COLUMN,type=COLUMN`.
    #[arg(long, value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Input topic in whose shape the files' records are (`inputs` of the configuration); absent: our own events,
    /// or purchases and returns in columns.
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
}
