//! The arguments of every command, as typed.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::civil::Date;

use crate::cli::ask::ServiceArgs;
use crate::cli::config_args::{ConfigArgs, ConfigCommand};
use crate::cli::consent::ConsentArgs;
use crate::cli::export_args::ExportCommand;
use crate::cli::input_args::{FileArgs, HistoryArgs};
use crate::cli::letter_args::DeadLettersCommand;
use crate::cli::model_args::{BacktestArgs, CompareArgs, EvaluateArgs, ImportArgs, TrainArgs};
use crate::cli::model_at::{ModelAt, model_at};
use crate::cli::study_args::{OptimizeArgs, ReportArgs};
use crate::cli::values::{date, number};
use crate::cli::webhook_args::WebhooksArgs;
use crate::config::contracts::Contract;

/// Options of every command stand behind its own.
const GLOBAL: usize = 500;

/// Tells a shop, while there is still time, which customers are slipping away.
#[derive(Debug, Parser)]
#[command(name = "churnwatch", version, propagate_version = true)]
pub struct Cli {
    /// How much is logged on standard error: off, error, warn, info, debug or trace [default: info; of doctor: off].
    #[arg(long, global = true, env = "CHURNWATCH_LOG", value_name = "LEVEL", display_order = GLOBAL)]
    pub log_level: Option<String>,
    /// How log lines look.
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT", display_order = GLOBAL)]
    pub log_format: LogFormat,
    /// Whether there are colours; auto goes by the terminal, `NO_COLOR`, `CLICOLOR_FORCE` and `TERM`.
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN", display_order = GLOBAL)]
    pub color: ColorChoice,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See it work: an embedded broker, the real service, a generated shop or your file.
    Demo(DemoArgs),
    /// Run the service on Kafka.
    Serve(ConfigArgs),
    /// Key events by their customer that are not: from the topics of `rekey` into the input.
    Rekey(ConfigArgs),
    /// Put files into the input topic.
    Publish(FileArgs),
    /// Make or check the topics.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Say what is wrong with configuration, Kafka and the running service, and what to do about it; nothing is changed.
    ///
    /// The exit code is 0 without an error, whatever warnings and notes there are; 1 with one; 64 where the configuration
    /// itself is refused.
    Doctor(DoctorArgs),
    /// Empty the changelog and read the inputs again from their beginning; stop the service first.
    Rebuild(RebuildArgs),
    /// See what could not be used and why, and put it back once that is mended.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Post alerts to addresses: receivers of webhooks, rooms of people, CRMs.
    Webhooks(WebhooksArgs),
    /// Ask the running service about a customer.
    Inspect(InspectArgs),
    /// Ask the running service which warnings the coming days will bring.
    Forecast(ForecastArgs),
    /// Erase a customer, and give a receipt.
    Forget(ForgetArgs),
    /// Write the events of a synthetic shop.
    Generate(GenerateArgs),
    /// Run the service's processor over files, without Kafka.
    Replay(ReplayArgs),
    /// Make a model from history.
    Train(TrainArgs),
    /// Score every customer at a date and compare with what then happened.
    Evaluate(EvaluateArgs),
    /// See what the warnings of a past period would have been worth, against the best idle-days rule.
    Backtest(BacktestArgs),
    /// Set a new model against the one in force; exit code 2 where it may not take its place.
    Compare(CompareArgs),
    /// Say whether acting on warnings helped, from the outcomes of both arms.
    Report(ReportArgs),
    /// Give actions that work more weight in the playbook, and say whom to serve first where that wins.
    Optimize(OptimizeArgs),
    /// Take a model, the rows that it scores, and tables for analysts to other programs.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Put heads fitted by scikit-learn into a model.
    Import(ImportArgs),
    /// Let another model decide from a day on, or the previous one again.
    Promote(PromoteArgs),
    /// Check, print or describe the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a contract as JSON Schema: what goes in, what comes out, what files hold.
    Schema(SchemaArgs),
    /// Print the script by which a shell completes commands and options.
    Completions(CompletionsArgs),
    /// Write the manual pages, one a command.
    Man(ManArgs),
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell.
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder they go into; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub output: PathBuf,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Whose schema.
    #[arg(value_name = "CONTRACT")]
    pub of: Contract,
}

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Number of customers.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = number::<u32>)]
    pub customers: u32,
    /// Days that the shop is open.
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = number::<u32>)]
    pub days: u32,
    /// Everything follows from it.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = number::<u64>)]
    pub seed: u64,
    /// The day after the last; today if absent.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub end: Option<Date>,
    /// Alerts, as `replay --alerts` writes them: on the day after each opened the shop's sales people do what it recommends.
    #[arg(long)]
    pub alerts: Option<PathBuf>,
    /// Give the customers habits in everything: times, weekdays, looking before buying, returns, reasons for leaving.
    #[arg(long)]
    pub habits: bool,
    /// How events are written.
    #[arg(long, default_value = "jsonl")]
    pub format: EventFormat,
    /// Where to; standard output if absent. `.gz` and `.zst` are compressed.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// Also write when each customer really left, as CSV.
    #[arg(long)]
    pub truth: Option<PathBuf>,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    /// One JSON object a line.
    Jsonl,
    /// Rows of `customer_id,timestamp,amount,type`: purchases and refunds alone.
    Csv,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// What is replayed.
    #[command(flatten)]
    pub input: HistoryArgs,
    /// What closes days: the events, or what the changelog says of the live history (with --source kafka).
    #[arg(long, default_value = "event")]
    pub clock: ReplayClock,
    /// Model artifact; may be given again as M@DATE, which decides from that date on. If absent the default model, with
    /// --source kafka the promoted ones too.
    #[arg(long, value_name = "M[@DATE]", value_parser = model_at)]
    pub model: Vec<ModelAt>,
    /// Events from this date on are refused, and days close through the one before.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub until: Option<Date>,
    /// Number of partitions, as the topic would have; with --source kafka the topic's own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub partitions: u32,
    /// Where alerts go; standard output if no output is named.
    #[arg(long)]
    pub alerts: Option<PathBuf>,
    /// Where the profiles at the end go.
    #[arg(long)]
    pub profiles: Option<PathBuf>,
    /// Where risk records go.
    #[arg(long)]
    pub risk: Option<PathBuf>,
    /// Where outcomes go.
    #[arg(long)]
    pub outcomes: Option<PathBuf>,
    /// Where dead letters go.
    #[arg(long)]
    pub dead_letters: Option<PathBuf>,
    /// The summary on one line, on standard output; on standard error where standard output holds an output.
    #[arg(long)]
    pub json: bool,
}

/// What closes days in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReplayClock {
    /// The frontier of the events.
    Event,
    /// The closes as they were.
    Recorded,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Customers of the generated shop.
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = number::<u32>)]
    pub customers: u32,
    /// Days that the generated shop is open.
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = number::<u32>)]
    pub days: u32,
    /// Seed of the generated shop.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = number::<u64>)]
    pub seed: u64,
    /// Play this file instead of a generated shop.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Columns of a CSV or Parquet file that are named otherwise, as
    /// `customer_id=COLUMN,timestamp=COLUMN,amount=COLUMN,type=COLUMN`.
    #[arg(long, value_delimiter = ',', requires = "data")]
    pub columns: Vec<String>,
    /// End after the summary instead of staying live until Ctrl-C.
    #[arg(long)]
    pub exit: bool,
    /// Only the summary, as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do with the topics.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Make those that are missing.
    Create {
        /// Configuration file.
        #[arg(long)]
        config: Option<PathBuf>,
        /// Partitions of each topic; as many as the inputs have, or 12, if absent.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        partitions: Option<u32>,
        /// Copies of each partition; the broker's default if absent.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=100))]
        replication_factor: Option<i32>,
        /// Only say which would be made; the brokers check it.
        #[arg(long)]
        dry_run: bool,
    },
    /// Check that they are there and fit together.
    Check(ConfigArgs),
}

/// Arguments of `promote`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["model", "previous"]))]
pub struct PromoteArgs {
    /// Model artifact.
    #[arg(value_name = "M")]
    pub model: Option<PathBuf>,
    /// The model that was promoted before the newest one.
    #[arg(long)]
    pub previous: bool,
    /// The first day that it decides; tomorrow if absent.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub effective_day: Option<Date>,
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// What was done as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rebuild`.
#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// Configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Whether it is to be done.
    #[command(flatten)]
    pub consent: ConsentArgs,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// The report as JSON (`churnwatch schema doctor`).
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Customer id.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub customer: String,
    /// Where to ask.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The profile as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// Customer id.
    pub customer: String,
    /// Configuration file.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Seconds to wait for the service to carry it out.
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = number::<u32>)]
    pub wait_seconds: u32,
    /// Whether it is to be done.
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// The receipt as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `forecast`.
#[derive(Debug, Args)]
pub struct ForecastArgs {
    /// How many days ahead, 1 to 365.
    #[arg(long, default_value_t = 14, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// Where to ask.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The forecast as JSON.
    #[arg(long)]
    pub json: bool,
}
