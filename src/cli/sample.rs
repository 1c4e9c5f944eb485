//! `config check --sample`: what the configuration makes of a file's records, one by one.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::common::{file_topic, now, open};
use crate::cli::config_args::CheckArgs;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::config::settings::Settings;
use crate::wire::event::RawRecord;
use crate::wire::inputs::reader::{Read, Reader};
use crate::wire::inputs::told::ToldEvent;
use crate::wire::letter_advice::why;
use crate::wire::reject::Reject;

/// Shows each record's events, or why it would be a dead letter; fails where any would.
pub fn show(file: &Path, args: &CheckArgs, settings: &Settings) -> Result<(), Failure> {
    let topic = file_topic(args.topic.as_deref(), settings)?;
    let format = settings.shapes.of(topic).in_files();
    let mut stream = open(&[file.to_path_buf()], &[], topic, settings)?;
    let (mut reader, wall) = (Reader::default(), now());
    let (mut records, mut events, mut refused, mut unused) = (0_u64, 0, 0_u64, 0_u64);
    while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
        records += 1;
        // No key stands in a file; the customer whom the record names is the right one.
        let raw = RawRecord::new(Some(&record.key), Some(&record.value), wall);
        let read = reader.read(format, &settings.rules, &raw, wall, |_, _| None);
        let texts: Vec<&[u8]> = match format.is_ours() {
            true if read.refused.is_none() => vec![&record.value],
            true => Vec::new(),
            false => reader.told().iter().map(|ToldEvent { text, .. }| &text[..]).collect(),
        };
        events += texts.len();
        refused += u64::from(read.refused.is_some());
        unused += u64::from(read.events == 0 && read.refused.is_none());
        if args.json {
            say(as_json(records, &texts, read));
        } else {
            as_text(records, &texts, read);
        }
    }
    eprintln!("churnwatch: {records} records of {topic}: {events} events, {unused} of no concern, {refused} refused");
    match refused {
        0 => Ok(()),
        1 => Err(Failure::Failed("a record would be a dead letter".into())),
        _ => Err(Failure::Failed(format!("{refused} records would be dead letters"))),
    }
}

fn as_json(number: u64, texts: &[&[u8]], read: Read) -> Value {
    let events: Vec<Value> = texts.iter().filter_map(|text| serde_json::from_slice(text).ok()).collect();
    let field = read.refused.map(|reject| reject.field).filter(|field| !field.is_empty());
    json!({ "record": number, "events": events, "reason": read.refused.map(|reject| reject.reason.words()), "field": field })
}

fn as_text(number: u64, texts: &[&[u8]], read: Read) {
    for text in texts {
        say(format_args!("{number}: {}", String::from_utf8_lossy(text)));
    }
    match read.refused {
        Some(Reject { reason, field: "" }) => say(format_args!("{number}: {}: {}", reason.words(), why(reason))),
        Some(Reject { reason, field }) => say(format_args!("{number}: {} ({field}): {}", reason.words(), why(reason))),
        None if texts.is_empty() => say(format_args!("{number}: tells nothing of ours")),
        None => {}
    }
}
