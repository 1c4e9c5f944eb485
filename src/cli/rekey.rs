//! `rekey`: the command line of the step that keys events by their customer.

use crate::cli::common::settings;
use crate::cli::config_args::ConfigArgs;
use crate::cli::exit::Failure;
use crate::service::rekey::run::run as rekey;

/// Runs the command.
pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    if settings.file.rekey.topics.is_empty() {
        return Err(Failure::usage("rekey.topics: name the topics whose records are not keyed by their customer"));
    }
    Ok(rekey(settings)?)
}
