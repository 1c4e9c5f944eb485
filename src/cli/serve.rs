//! `serve`: the service on Kafka.

use crate::cli::args::ConfigArgs;
use crate::cli::common::{artifact, settings};
use crate::cli::exit::Failure;
use crate::service::run;

/// Runs the command.
pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let artifact = artifact(None, &settings)?;
    Ok(run::run(settings, &artifact)?)
}
