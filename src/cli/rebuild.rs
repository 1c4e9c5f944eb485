//! `rebuild`: an empty changelog, so that the next start reads the inputs again from their beginning.

use crate::cli::args::RebuildArgs;
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::service::kafka::topics::{check, empty};

/// Runs the command.
pub fn run(args: &RebuildArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let partitions = check(&settings)?;
    let topic = &settings.file.topics.profiles;
    if !args.yes {
        eprintln!(
            "this would delete every record of {topic} ({partitions} partitions), after which the inputs are read again from their beginning and alerts are published again; stop every replica first, then say --yes"
        );
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::of)?;
    runtime.block_on(empty(&settings, partitions))?;
    eprintln!("{topic} is empty; start the service again");
    Ok(())
}
