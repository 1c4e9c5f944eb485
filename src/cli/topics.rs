//! `topics create|check`.

use crate::cli::args::TopicsCommand;
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::service::kafka::topics::{check, create};

/// Runs the command.
pub fn run(command: &TopicsCommand) -> Result<(), Failure> {
    match command {
        TopicsCommand::Create { config, partitions, replication_factor } => {
            let settings = settings(config.as_deref())?;
            let made = create(&settings, *partitions, *replication_factor)?;
            for name in &made {
                say(name);
            }
            eprintln!("{} topics made", made.len());
        }
        TopicsCommand::Check(args) => {
            let partitions = check(&settings(args.config.as_deref())?)?;
            say(format!("the topics fit together: {partitions} partitions"));
        }
    }
    Ok(())
}
