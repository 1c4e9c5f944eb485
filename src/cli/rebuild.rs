//! `rebuild`: an empty changelog, so that the next start reads the inputs again from their beginning.

use crate::cli::args::RebuildArgs;
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::progress::during;
use crate::service::kafka::rebuild::empty;
use crate::service::kafka::topics::check;

/// Runs the command.
pub fn run(args: &RebuildArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let partitions = check(&settings)?;
    let topic = &settings.file.topics.profiles;
    let loss = format!(
        "every profile, open warning and outcome under way is forgotten: {topic} ({partitions} partitions) is made anew, after which the inputs are read again from their beginning and what opens from alerts.publish_from on is published again (with the wall clock and without that setting only what opens from today on: set it if warnings that are open now are to be ended); stop every replica first"
    );
    if !args.consent.given(&loss)? {
        return Ok(());
    }
    during("making the changelog anew", || empty(&settings, partitions))?;
    eprintln!("{topic} is empty; start the service again");
    Ok(())
}
