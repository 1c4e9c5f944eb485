//! `replay`: the service's processor over files, without Kafka.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::args::ReplayArgs;
use crate::cli::common::{artifact, now, open, settings};
use crate::cli::exit::Failure;
use crate::cli::output::{create, say};
use crate::engine::day::Millis;
use crate::engine::event::Reason;
use crate::processor::batch::{Batch, OutRecord, OutTopic};
use crate::processor::setup::{Progress, Time};
use crate::processor::stats::{Stats, TRANSITIONS};
use crate::processor::topology::Processor;
use crate::wire::calendar::day;
use crate::wire::event::RawRecord;
use crate::wire::partitioner::partition;

/// Records between two commits.
const BATCH_RECORDS: u64 = 2_000;

/// Where the outputs go; `None`: nowhere.
struct Sinks {
    alerts: Option<Box<dyn Write>>,
    risk: Option<Box<dyn Write>>,
    outcomes: Option<Box<dyn Write>>,
    dead_letters: Option<Box<dyn Write>>,
}

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    if args.partitions == 0 {
        return Err(Failure::usage("--partitions must be at least 1"));
    }
    let until = args.until.map(day);
    let settings = settings(args.input.config.as_deref())?.until(until);
    let model = Arc::new(artifact(args.model.as_deref(), &settings)?.model().map_err(Failure::usage)?);
    let mut setup = settings.setup(args.partitions);
    // Files are one input, whatever the service reads.
    setup.input_topics.truncate(1);
    let setup = Arc::new(setup);
    let wall = now();
    let mut sinks = Sinks::open(args)?;
    let mut partitions: Vec<Lane> = (0..args.partitions)
        .map(|number| Lane { processor: Processor::new(setup.clone(), number, model.clone()), next: 0, pending: 0 })
        .collect();
    let mut batch = Batch::new();
    let mut stream = open(&args.input, &settings)?;
    while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
        let number = partition(&record.key, args.partitions);
        let raw = RawRecord { key: Some(&record.key), value: Some(&record.value), timestamp: wall };
        if let Some(lane) = partitions.get_mut(number as usize) {
            lane.take(&raw, wall, &mut batch, &mut sinks)?;
        }
    }
    let mut stats = Stats::default();
    for lane in &mut partitions {
        lane.close(wall, true, &mut batch, &mut sinks)?;
        lane.commit(&mut batch, &mut sinks)?;
        stats.add(lane.processor.stats());
    }
    sinks.flush()?;
    if let Some(path) = &args.profiles {
        let mut out = create(Some(path))?;
        for lane in &partitions {
            for profile in lane.processor.profiles_json(until.map(|until| until.plus(-1))) {
                writeln!(out, "{profile}").map_err(Failure::of)?;
            }
        }
        out.flush().map_err(Failure::of)?;
    }
    let customers = partitions.iter().map(|lane| lane.processor.customers()).sum();
    report(&stats, customers, stream.skipped(), args.json);
    Ok(())
}

/// One partition with its place in its own log.
struct Lane {
    processor: Processor,
    next: i64,
    pending: u64,
}

impl Lane {
    fn take(
        &mut self,
        record: &RawRecord<'_>,
        wall: Millis,
        batch: &mut Batch,
        sinks: &mut Sinks,
    ) -> Result<(), Failure> {
        self.processor.process(0, self.next, record, wall, batch);
        self.next += 1;
        self.pending += 1;
        self.close(wall, false, batch, sinks)?;
        if self.pending >= BATCH_RECORDS || !batch.is_empty() {
            self.commit(batch, sinks)?;
        }
        Ok(())
    }

    fn close(&mut self, wall: Millis, at_end: bool, batch: &mut Batch, sinks: &mut Sinks) -> Result<(), Failure> {
        let time = Time { wall, at_end: &[at_end], source_alive: true };
        while (at_end || self.processor.closing()) && self.processor.advance(&time, batch) == Progress::More {
            self.commit(batch, sinks)?;
        }
        Ok(())
    }

    /// There is no changelog to write, so a commit only lets go of what could be rolled back.
    fn commit(&mut self, batch: &mut Batch, sinks: &mut Sinks) -> Result<(), Failure> {
        for record in batch.iter() {
            sinks.put(&record)?;
        }
        batch.clear();
        self.processor.committed();
        self.pending = 0;
        Ok(())
    }
}

impl Sinks {
    fn open(args: &ReplayArgs) -> Result<Self, Failure> {
        let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(|path| create(Some(path))).transpose();
        let any = [&args.alerts, &args.risk, &args.outcomes, &args.dead_letters, &args.profiles];
        let nothing_named = any.iter().all(|path| path.is_none()) && !args.json;
        let stdout = Path::new("-");
        Ok(Self {
            alerts: if nothing_named { Some(create(Some(stdout))?) } else { open(&args.alerts)? },
            risk: open(&args.risk)?,
            outcomes: open(&args.outcomes)?,
            dead_letters: open(&args.dead_letters)?,
        })
    }

    fn put(&mut self, record: &OutRecord<'_>) -> Result<(), Failure> {
        let sink = match record.topic {
            OutTopic::Profiles => &mut None,
            OutTopic::Alerts => &mut self.alerts,
            OutTopic::Risk => &mut self.risk,
            OutTopic::Outcomes => &mut self.outcomes,
            OutTopic::DeadLetters => &mut self.dead_letters,
        };
        let Some(sink) = sink else { return Ok(()) };
        let written = match (record.topic, record.value) {
            (OutTopic::DeadLetters, _) => writeln!(sink, "{}", dead_letter_json(record)),
            (_, Some(value)) => sink.write_all(value).and_then(|()| sink.write_all(b"\n")),
            (_, None) => {
                let customer = String::from_utf8_lossy(record.key.unwrap_or_default());
                writeln!(sink, "{}", json!({"customer_id": customer, "erased": true}))
            }
        };
        written.map_err(Failure::of)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let Self { alerts, risk, outcomes, dead_letters } = self;
        for sink in [alerts, risk, outcomes, dead_letters].into_iter().flatten() {
            sink.flush().map_err(Failure::of)?;
        }
        Ok(())
    }
}

/// A dead letter as a line: headers, key and value as text.
pub fn dead_letter_json(record: &OutRecord<'_>) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = record.headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(text(value))));
    let mut line: serde_json::Map<String, Value> = headers.collect();
    line.insert("key".into(), record.key.map(text).into());
    line.insert("value".into(), record.value.map(text).into());
    Value::Object(line)
}

/// The summary, on standard error for people or on standard output as JSON.
fn report(stats: &Stats, customers: usize, skipped: u64, as_json: bool) {
    let transitions: serde_json::Map<String, Value> =
        TRANSITIONS.iter().enumerate().map(|(at, name)| ((*name).to_owned(), stats.transition(at).into())).collect();
    let held_out: u64 = stats.held_out.iter().sum();
    let reasons = Reason::ALL.iter().zip(stats.dead_letters).filter(|(_, count)| *count > 0);
    let dead: serde_json::Map<String, Value> =
        reasons.map(|(reason, count)| (reason.words().to_owned(), count.into())).collect();
    let summary = json!({
        "records": stats.records,
        "customers": customers,
        "rows_of_other_types": skipped,
        "duplicates": stats.duplicates,
        "dead_letters": dead,
        "days_closed": stats.closes,
        "alerts": transitions,
        "held_out_transitions": held_out,
        "won_back": stats.won_back,
        "outcomes_matured": stats.matured,
    });
    if as_json {
        say(&summary);
    } else {
        eprintln!("{}", serde_json::to_string_pretty(&summary).unwrap_or_default());
    }
}
