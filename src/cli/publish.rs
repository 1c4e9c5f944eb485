//! `publish`: files into the input topic.

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::common::{now, open, settings};
use crate::cli::exit::Failure;
use crate::cli::input_args::FileArgs;
use crate::service::kafka::publish::Publisher;
use crate::service::kafka::topics::check;
use crate::wire::merge::time_of;

/// Runs the command.
pub fn run(args: &FileArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let partitions = check(&settings)?;
    let mut stream = open(&args.files, &args.columns, &settings)?;
    let publisher = Publisher::new(&settings, partitions)?;
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} events, {per_sec}") {
        bar.set_style(style);
    }
    while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
        // Nothing is stamped later than now, and an event of the past keeps its own time.
        let timestamp = time_of(record, &settings.rules).map_or_else(now, |time| time.min(now()));
        publisher.send(&record.key, &record.value, timestamp)?;
        bar.inc(1);
    }
    publisher.finish()?;
    let events = bar.position();
    bar.finish_and_clear();
    eprintln!("{events} events published; {} rows of other types left out", stream.skipped());
    Ok(())
}
