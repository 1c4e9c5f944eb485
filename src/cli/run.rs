//! From arguments to a command to an exit code.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::args::{Cli, Command};
use crate::cli::exit::Failure;
use crate::cli::{config, evaluate, generate, replay, train};

/// The whole process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(fault) => {
            let asked = matches!(fault.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let _ = fault.print();
            return if asked { ExitCode::SUCCESS } else { ExitCode::from(64) };
        }
    };
    match command(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn command(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Generate(args) => generate::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Train(args) => train::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Config(args) => config::run(args),
    }
}
