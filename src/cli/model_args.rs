//! The arguments of the commands that make, judge and compare models.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use jiff::civil::Date;

use crate::cli::input_args::HistoryArgs;
use crate::cli::values::{date, number};

/// Arguments of `train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// What is read.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// Only events before this date are looked at.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub at: Date,
    /// Churn horizon H, days; the configuration's if absent.
    #[arg(long, value_name = "N", value_parser = number::<u32>)]
    pub horizon_days: Option<u32>,
    /// Which features the heads use.
    #[arg(long, default_value = "rich")]
    pub features: FeatureSet,
    /// Seed of the sampling.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = number::<u64>)]
    pub seed: u64,
    /// Which question the heads answer: each its own, or both the same one.
    #[arg(long, default_value = "both")]
    pub label: LabelArg,
    /// Outcomes, as `replay --outcomes` writes them: treated silences are left out, held-out ones stand for them. With
    /// --source kafka the outcomes topic if absent.
    #[arg(long)]
    pub outcomes: Vec<PathBuf>,
    /// Name of the model; the output's file name if absent.
    #[arg(long)]
    pub name: Option<String>,
    /// Where the artifact goes.
    #[arg(long)]
    pub output: PathBuf,
    /// Shares of warnings that shall come true at watch, high and critical, as `0.7,0.8,0.9`.
    #[arg(long, value_name = "WATCH,HIGH,CRITICAL", value_parser = three_shares, conflicts_with = "capacity")]
    pub precision: Option<[f64; 3]>,
    /// Warnings a day that shall reach watch, high and critical, as `50,20,5`.
    #[arg(long, value_name = "WATCH,HIGH,CRITICAL", value_parser = three_amounts)]
    pub capacity: Option<[f64; 3]>,
    /// Where the model card goes, in Markdown; its diagrams are written beside it.
    #[arg(long)]
    pub card: Option<PathBuf>,
    /// Also write the rows that the heads were fitted with, as CSV with the features by name: for fitting elsewhere.
    #[arg(long)]
    pub rows: Option<PathBuf>,
    /// Only JSON, on one line.
    #[arg(long)]
    pub json: bool,
}

/// Which question the heads answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LabelArg {
    /// The silence head whether the silence will exceed H, the forward head whether nothing is bought in H days.
    Both,
    /// Both heads whether the silence will exceed H.
    Silence,
    /// Both heads whether nothing is bought in H days.
    Forward,
}

/// Which features the heads use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FeatureSet {
    /// All that help.
    Rich,
    /// The fourteen of docs/accuracy.md.
    Compact,
}

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// What is read.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// Model artifact; the default model if absent.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// The midnight at which everybody is scored.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub at: Date,
    /// The churn horizon that the model must have. If absent the configuration's where it states one, else the model's
    /// own counts.
    #[arg(long, value_name = "N", value_parser = number::<u32>)]
    pub horizon_days: Option<u32>,
    /// Also write every customer's score, as JSON Lines.
    #[arg(long)]
    pub scores: Option<PathBuf>,
    /// Only JSON, on one line.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// What is read.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// The model in force; if absent the newest on the models' topic, or the configured one without brokers.
    #[arg(long)]
    pub champion: Option<PathBuf>,
    /// The model that may take its place.
    #[arg(long)]
    pub challenger: PathBuf,
    /// Outcomes, as `replay --outcomes` writes them: treated customers have no say, held-out ones speak for them. With
    /// --source kafka the outcomes topic if absent.
    #[arg(long)]
    pub outcomes: Vec<PathBuf>,
    /// The midnight at which everybody is scored by both.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub at: Date,
    /// Only JSON, on one line.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// What is read.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// Model artifact; the default model if absent.
    #[arg(long)]
    pub model: Option<PathBuf>,
    /// First day on which an evaluated silence may start.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub from: Date,
    /// The midnight before which its horizon has passed.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub to: Date,
    /// Share of warnings that shall come true: the watch threshold that gives it on the silences before --from.
    #[arg(long, group = "asked", value_parser = share)]
    pub precision: Option<f64>,
    /// Choose that threshold on the evaluated silences themselves, so that another rule can be compared at equal precision
    /// or with as many warnings.
    #[arg(long, requires = "asked")]
    pub r#match: bool,
    /// Warnings a day: the watch threshold that gave them before --from.
    #[arg(long, group = "asked", value_parser = amount)]
    pub capacity: Option<f64>,
    /// Also draw how early the warnings came, as SVG.
    #[arg(long)]
    pub chart: Option<PathBuf>,
    /// Only JSON, on one line.
    #[arg(long)]
    pub json: bool,
}

/// A share between 0 and 1, both excluded.
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share lies between 0 and 1, such as 0.8".into()),
    }
}

/// A number above 0.
fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(amount) if amount > 0.0 && amount.is_finite() => Ok(amount),
        _ => Err("a number above 0, such as 25".into()),
    }
}

/// A share each for watch, high and critical, rising.
fn three_shares(text: &str) -> Result<[f64; 3], String> {
    let shares = three(text, share)?;
    if shares.is_sorted() { Ok(shares) } else { Err("shares rise from watch to critical, such as 0.7,0.8,0.9".into()) }
}

/// A number each for watch, high and critical, falling.
fn three_amounts(text: &str) -> Result<[f64; 3], String> {
    let amounts = three(text, amount)?;
    let falling = amounts.iter().rev().is_sorted();
    if falling { Ok(amounts) } else { Err("numbers fall from watch to critical, such as 50,20,5".into()) }
}

fn three(text: &str, one: impl Fn(&str) -> Result<f64, String>) -> Result<[f64; 3], String> {
    let values: Vec<f64> = text.split(',').map(|part| one(part.trim())).collect::<Result<_, _>>()?;
    let count = values.len();
    values.try_into().map_err(|_| format!("{count} where three are needed, for watch, high and critical"))
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("heads").required(true).multiple(true).args(["silence", "forward"]))]
pub struct ImportArgs {
    /// The silence head, as `models/export_sklearn.py` writes it: JSON, or ONNX where the name ends in .onnx.
    #[arg(long)]
    pub silence: Option<PathBuf>,
    /// The forward head, likewise.
    #[arg(long)]
    pub forward: Option<PathBuf>,
    /// Model artifact that gives everything else.
    #[arg(long)]
    pub base: PathBuf,
    /// Name of the model; the output's file name if absent.
    #[arg(long)]
    pub name: Option<String>,
    /// Where the artifact goes.
    #[arg(long)]
    pub output: PathBuf,
}
