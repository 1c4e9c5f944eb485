//! From arguments to a command to an exit code.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ColorChoice, FromArgMatches, ValueEnum};

use crate::cli::args::{Cli, Command, LogFormat};
use crate::cli::examples;
use crate::cli::exit::Failure;
use crate::cli::progress::BesideBars;
use crate::cli::values::nearest;
use crate::cli::{
    backtest, compare, completions, config, dead_letters, demo, doctor, evaluate, export, forecast, forget, generate,
    import, inspect, machine, man, optimize, promote, publish, rebuild, rekey, replay, report, schema, serve, topics,
    train, webhooks,
};
use crate::service::telemetry::logs;

/// The whole process; gives its exit code.
pub fn main() -> u8 {
    if !machine::fits() {
        return 1;
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(fault) => {
            let asked = matches!(fault.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let _ = fault.print();
            return if asked { 0 } else { 64 };
        }
    };
    let level = cli.log_level.as_deref().unwrap_or_else(|| usual_level(&cli.command));
    if let Err(failure) = check_level(level) {
        return failure.report();
    }
    if let Err(sentence) = logs::start(level, cli.log_format == LogFormat::Json, || BesideBars) {
        return Failure::usage(sentence).report();
    }
    match command(&cli) {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    colours(&arguments).write_global();
    let mut command = examples::command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|fault| fault.format(&mut command))
}

/// What `--color` asks for. Looked up before all else: help and faults, which come instead of what was parsed, have
/// colours too.
fn colours(arguments: &[OsString]) -> anstream::ColorChoice {
    let texts: Vec<&str> = arguments.iter().filter_map(|text| text.to_str()).take_while(|text| *text != "--").collect();
    let behind = texts.windows(2).filter_map(|pair| (pair.first() == Some(&"--color")).then(|| pair.get(1)).flatten());
    let joined = texts.iter().filter_map(|text| text.strip_prefix("--color="));
    let asked = behind.copied().chain(joined).find_map(|text| ColorChoice::from_str(text, false).ok());
    match asked.unwrap_or_default() {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}

/// A word alone must be a level: taken for the name of a part of the program, it would hide everything else, errors too.
fn check_level(level: &str) -> Result<(), Failure> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let words = level.split(',').map(str::trim).filter(|word| word.chars().all(char::is_alphanumeric));
    let unknown = words.filter(|word| !word.is_empty()).find(|word| !LEVELS.contains(&word.to_lowercase().as_str()));
    unknown.map_or(Ok(()), |word| {
        let levels = LEVELS.join(", ");
        Err(Failure::usage(format!("--log-level: \"{word}\" is none of {levels}{}", nearest(word, &LEVELS))))
    })
}

/// How much is logged where nobody said. The doctor's findings say what its clients complain of.
const fn usual_level(command: &Command) -> &'static str {
    match command {
        Command::Doctor(_) => "off",
        _ => "info",
    }
}

fn command(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Rekey(args) => rekey::run(args),
        Command::Publish(args) => publish::run(args),
        Command::Topics(command) => topics::run(command),
        Command::Doctor(args) => doctor::run(args),
        Command::Rebuild(args) => rebuild::run(args),
        Command::DeadLetters(command) => dead_letters::run(command),
        Command::Webhooks(args) => webhooks::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Forget(args) => forget::run(args),
        Command::Forecast(args) => forecast::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Train(args) => train::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Backtest(args) => backtest::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Report(args) => report::run(args),
        Command::Optimize(args) => optimize::run(args),
        Command::Export(command) => export::run(command),
        Command::Import(args) => import::run(args),
        Command::Promote(args) => promote::run(args),
        Command::Config(args) => config::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
