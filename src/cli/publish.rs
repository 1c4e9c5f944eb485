//! `publish`: files into the input topic.

use crate::cli::common::{file_topic, now, open, settings};
use crate::cli::exit::Failure;
use crate::cli::input_args::FileArgs;
use crate::cli::progress::Bar;
use crate::service::kafka::publish::Publisher;
use crate::service::kafka::topics::check;
use crate::wire::merge::time_of;

/// Runs the command.
pub fn run(args: &FileArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let partitions = check(&settings)?;
    let topic = file_topic(args.topic.as_deref(), &settings)?;
    if settings.shapes.of(topic).framing().is_some() {
        return Err(Failure::usage(format!(
            "--topic: records of {topic} are framed for the schema registry, and this command writes JSON: name an input without encoding"
        )));
    }
    let mut stream = open(&args.files, &args.columns, topic, &settings)?;
    let publisher = Publisher::new(&settings, topic, partitions)?;
    let (progress, mut events) = (Bar::files("publishing", &args.files), 0_u64);
    while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
        // Nothing is stamped later than now, and an event of the past keeps its own time.
        let timestamp = time_of(record, &settings.rules).map_or_else(now, |time| time.min(now()));
        publisher.send(&record.key, &record.value, timestamp)?;
        events += 1;
        progress.step(|| stream.bytes());
    }
    publisher.finish()?;
    drop(progress);
    eprintln!("{events} events published; {} rows of other types left out", stream.skipped());
    Ok(())
}
