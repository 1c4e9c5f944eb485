//! `doctor`: what is wrong, and what to do about it.

use anstream::{AutoStream, ColorChoice};
use serde_json::to_value;

use crate::cli::args::DoctorArgs;
use crate::cli::common::{read_artifact, settings};
use crate::cli::doctor_page::page;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::cli::progress::during;
use crate::service::doctor::examine::examine;
use crate::wire::shapes::doctor::Severity;

/// Runs the command.
pub fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let configured = read_artifact(None, &settings).map_err(|failure| failure.sentences().join("; "));
    let report = during("examining", || examine(settings, configured))?;
    if args.json {
        say(to_value(report.shape()).map_err(Failure::of)?);
    } else {
        let coloured = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
        say(page(&report, coloured));
    }
    match report.count(Severity::Error) {
        0 => Ok(()),
        1 => Err(Failure::of("the doctor found 1 error")),
        many => Err(Failure::of(format!("the doctor found {many} errors"))),
    }
}
