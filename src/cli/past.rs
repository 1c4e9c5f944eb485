//! The past as commands read it, from files or topics: the events as a history, with what could not be used.

use sha2::{Digest, Sha256};

use crate::cli::common::{file_topic, now, open};
use crate::cli::exit::Failure;
use crate::cli::input_args::{HistoryArgs, Source};
use crate::cli::progress::{Bar, TopicBar};
use crate::config::settings::Settings;
use crate::engine::day::{Day, Millis};
use crate::engine::event::{Body, Reason};
use crate::service::kafka::history::PartitionHistory;
use crate::service::kafka::topics::check;
use crate::training::history::History;
use crate::wire::event::RawRecord;
use crate::wire::inputs::format::Format;
use crate::wire::inputs::reader::Reader;

/// A history read from files, with what was left out.
pub struct ReadHistory {
    /// The events.
    pub history: History,
    /// SHA-256 of the usable events' bytes, in order.
    pub digest: String,
    /// Records that could not be used.
    pub unusable: Unusable,
}

/// Records that could not be used, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unusable {
    counts: [u64; Reason::ALL.len()],
}

impl Unusable {
    fn count(&mut self, reason: Reason) {
        if let Some(count) = self.counts.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// So many by reason, in the order of [`Reason::ALL`].
    pub const fn of(counts: [u64; Reason::ALL.len()]) -> Self {
        Self { counts }
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The reasons that there were, with their counts.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let reasons = Reason::ALL.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        reasons.map(|(reason, count)| (reason.words(), count))
    }

    /// Says in a line how many there were and why, where there were any.
    pub fn tell(&self) {
        let all = self.all();
        if all == 0 {
            return;
        }
        let records = if all == 1 { "record" } else { "records" };
        let reasons: Vec<String> = self.by_reason().map(|(reason, count)| format!("{reason} {count}")).collect();
        eprintln!(
            "churnwatch: {all} {records} could not be used and {} left out: {} (`churnwatch replay --dead-letters -` shows each)",
            if all == 1 { "is" } else { "are" },
            reasons.join(", ")
        );
    }
}

/// Reads the events before the midnight that opens `until` (all, if absent) into a history.
pub fn history(input: &HistoryArgs, settings: &Settings, until: Option<Day>) -> Result<ReadHistory, Failure> {
    input.check()?;
    let mut taking = Taking {
        settings,
        until,
        wall: now(),
        reader: Reader::default(),
        digest: Sha256::new(),
        history: History::new(settings.policy.lateness_days),
        usable: 0,
        unusable: Unusable::default(),
    };
    match input.source {
        Source::Files => {
            let topic = file_topic(input.topic.as_deref(), settings)?;
            let mut stream = open(&input.files, &input.columns, topic, settings)?;
            let progress = Bar::files("reading", &input.files);
            while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
                let (key, value, timestamp) = (Some(&record.key[..]), Some(&record.value[..]), taking.wall);
                taking.take(settings.shapes.of(topic).in_files(), &RawRecord::new(key, value, timestamp));
                progress.step(|| stream.bytes());
            }
        }
        Source::Kafka => {
            let partitions = check(settings)?;
            let mut progress = TopicBar::new("reading", settings, partitions)?;
            for partition in 0..partitions {
                let mut past = PartitionHistory::open(settings, partition)?;
                progress.begin(past.left());
                while let Some(record) = past.next(None)? {
                    // What partitions said to each other repeats what stands in the inputs.
                    let Some(topic) = settings.file.topics.events.get(record.topic) else { continue };
                    let format = settings.shapes.of(topic);
                    taking.take(format, &record.record(&record.headers(format), taking.wall));
                    progress.step(|| past.left());
                }
            }
        }
    }
    let Taking { mut history, digest, usable, unusable, .. } = taking;
    if usable == 0 && unusable.all() > 0 {
        return Err(Failure::Failed(format!(
            "none of the {} records could be used: `churnwatch replay --dead-letters -` says why of each",
            unusable.all()
        )));
    }
    history.sort();
    Ok(ReadHistory { history, digest: hex::encode(digest.finalize()), unusable })
}

/// A history in the making.
struct Taking<'a> {
    settings: &'a Settings,
    until: Option<Day>,
    wall: Millis,
    reader: Reader,
    digest: Sha256,
    history: History,
    usable: u64,
    unusable: Unusable,
}

impl Taking<'_> {
    fn take(&mut self, format: &Format, record: &RawRecord<'_>) {
        let Self { settings, until, wall, reader, digest, history, usable, unusable } = self;
        let read = reader.read(format, &settings.rules, record, *wall, |parsed, _| {
            if until.is_some_and(|until| parsed.event.day >= until) {
                *usable += 1;
                if matches!(parsed.event.body, Body::Forget) {
                    history.forget(parsed.event.customer);
                }
                return None;
            }
            if let (true, Body::Identity { alias }) = (settings.policy.merges, parsed.event.body) {
                history.merge(parsed.event.customer, alias);
            }
            if history.add(&parsed.event) {
                *usable += 1;
                digest.update(record.value.unwrap_or_default());
                digest.update(b"\n");
            } else {
                return Some(Reason::TooLate.into());
            }
            None
        });
        if let Some(reject) = read.refused {
            unusable.count(reject.reason);
        }
    }
}
