//! `topics create|check`.

use crate::cli::args::TopicsCommand;
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::cli::progress::during;
use crate::service::kafka::topics::{check, create};

/// Runs the command.
pub fn run(command: &TopicsCommand) -> Result<(), Failure> {
    match command {
        TopicsCommand::Create { config, partitions, replication_factor, dry_run } => {
            let settings = settings(config.as_deref())?;
            let make = || create(&settings, *partitions, *replication_factor, *dry_run);
            let made = during("making the topics", make)?;
            for name in &made {
                say(name);
            }
            if made.is_empty()
                && let Ok(partitions) = check(&settings)
            {
                eprintln!("0 topics made: all are there, with {partitions} partitions, which stay as they are");
            } else {
                eprintln!("{} topics {}", made.len(), if *dry_run { "would be made" } else { "made" });
            }
        }
        TopicsCommand::Check(args) => {
            let partitions = check(&settings(args.config.as_deref())?)?;
            say(format!("the topics fit together: {partitions} partitions"));
        }
    }
    Ok(())
}
