//! The arguments of the commands that measure and steer actions.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::cli::input_args::Source;
use crate::cli::values::{date, number};
use crate::wire::texts::Language;

/// Where outcomes come from.
#[derive(Debug, Args)]
pub struct OutcomeArgs {
    /// Files of outcomes, as `replay --outcomes` writes them: JSON Lines, plain, .gz or .zst; `-` is standard input.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub outcomes: Vec<PathBuf>,
    /// Where the outcomes are; with kafka the outcomes topic of the configuration.
    #[arg(long, default_value = "files")]
    pub source: Source,
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// The first day whose openings count; the first there is if absent.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub from: Option<Date>,
    /// Only what was known before this date.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub at: Option<Date>,
    /// Only outcomes in this currency; outcomes of several are refused if absent.
    #[arg(long, value_name = "CUR")]
    pub currency: Option<String>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What is read.
    #[command(flatten)]
    pub input: OutcomeArgs,
    /// Length of the periods of the table, and of the goal on margin.
    #[arg(long, default_value = "week")]
    pub period: PeriodArg,
    /// Language of text and page.
    #[arg(long, default_value = "en")]
    pub language: Language,
    /// The report as JSON, on one line.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// The report as CSV, a figure a row.
    #[arg(long)]
    pub csv: bool,
    /// Also write it as one self-contained page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeriodArg {
    /// Weeks of the looks.
    Week,
    /// Calendar months.
    Month,
}

impl ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::En => "English",
            Self::Zh => "Chinese",
        };
        Some(PossibleValue::new(self.code()).help(help))
    }
}

/// Arguments of `optimize`.
#[derive(Debug, Args)]
pub struct OptimizeArgs {
    /// What is read.
    #[command(flatten)]
    pub input: OutcomeArgs,
    /// The playbook; the configuration's if absent.
    #[arg(long, value_name = "FILE")]
    pub playbook: Option<PathBuf>,
    /// What actions are judged by. If absent: margin less the cost cap for rules whose actions' cost caps differ, else return.
    #[arg(long)]
    pub reward: Option<RewardArg>,
    /// Everything drawn follows from it.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = number::<u64>)]
    pub seed: u64,
    /// Where the playbook with the new weights goes; standard output if absent.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What was decided as JSON, on one line, on standard output; the playbook then goes to --output alone.
    #[arg(long)]
    pub json: bool,
}

/// What actions are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RewardArg {
    /// Whether the customer came back.
    Return,
    /// Margin less the action's cost cap.
    Margin,
}
