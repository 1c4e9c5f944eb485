//! `completions`: what a shell needs to complete commands and options by the Tab key.

use clap_complete::generate;

use crate::cli::args::CompletionsArgs;
use crate::cli::examples::command;
use crate::cli::exit::Failure;
use crate::cli::output::say;

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut command(), "churnwatch", &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}
