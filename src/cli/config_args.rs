//! Arguments of `config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check it and print every fault.
    Check(CheckArgs),
    /// Print what is in force, defaults and environment included.
    Print(ConfigArgs),
    /// Print the JSON Schema of the file.
    Schema,
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// A file of records of an input: shows what the configuration makes of each.
    #[arg(long, value_name = "FILE")]
    pub sample: Option<PathBuf>,
    /// Input topic in whose shape they are; absent: the first that holds our own events.
    #[arg(long, value_name = "TOPIC", requires = "sample")]
    pub topic: Option<String>,
    /// Each record as JSON.
    #[arg(long, requires = "sample")]
    pub json: bool,
}

/// Which configuration.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
}
