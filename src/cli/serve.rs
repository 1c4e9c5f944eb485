//! `serve`: the service on Kafka.

use tracing::warn;

use crate::cli::common::{artifact, settings};
use crate::cli::config_args::ConfigArgs;
use crate::cli::exit::Failure;
use crate::cli::judged::foreign;
use crate::service::run;

/// Runs the command.
pub fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let artifact = artifact(None, &settings)?;
    // A promotion in another currency is refused; this one may be all there is to begin with.
    if let Some(sentence) = foreign(&artifact, &artifact.name, &settings) {
        warn!("{sentence}");
    }
    Ok(run::run(settings, &artifact)?)
}
