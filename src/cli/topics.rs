//! `topics create|check`.

use crate::cli::args::TopicsCommand;
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::service::kafka::topics::{check, create};

/// Runs the command.
pub fn run(command: &TopicsCommand) -> Result<(), Failure> {
    match command {
        TopicsCommand::Create { config, partitions, replication_factor } => {
            let settings = settings(config.as_deref())?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::of)?;
            let made = runtime.block_on(create(&settings, *partitions, *replication_factor))?;
            for name in &made {
                println!("{name}");
            }
            eprintln!("{} topics made", made.len());
        }
        TopicsCommand::Check(args) => {
            let partitions = check(&settings(args.config.as_deref())?)?;
            println!("the topics fit together: {partitions} partitions");
        }
    }
    Ok(())
}
