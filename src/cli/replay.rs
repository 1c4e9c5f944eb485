//! `replay`: the service's processor over files, without Kafka.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::args::{ReplayArgs, ReplayClock};
use crate::cli::cast::{Cast, cast};
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::input_args::Source;
use crate::cli::judged::check_least_silence;
use crate::cli::output::{check_folder, create, say};
use crate::cli::play::Play;
use crate::cli::progress::during;
use crate::config::settings::Settings;
use crate::engine::alerting::policy::Policy;
use crate::engine::event::Reason;
use crate::engine::promotion::Schedule;
use crate::processor::batch::{OutRecord, OutTopic};
use crate::processor::recorded::Recorded;
use crate::processor::setup::Setup;
use crate::processor::stats::{Stats, TRANSITIONS};
use crate::processor::topology::Processor;
use crate::service::kafka::models::read;
use crate::service::kafka::restore::restore;
use crate::service::kafka::topics::check;
use crate::service::pulse::Pulse;
use crate::wire::calendar::day;

/// Where the outputs go; `None`: nowhere.
struct Sinks {
    /// Standard output is free for the summary, which then is JSON for another program.
    says_summary: bool,
    /// The records have timestamps of their own, which those of files have not.
    timestamps: bool,
    alerts: Option<Box<dyn Write>>,
    risk: Option<Box<dyn Write>>,
    outcomes: Option<Box<dyn Write>>,
    dead_letters: Option<Box<dyn Write>>,
}

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let recorded = args.clock == ReplayClock::Recorded;
    if recorded && (args.input.source == Source::Files || args.until.is_some()) {
        return Err(Failure::usage("--clock recorded goes with --source kafka, and without --until"));
    }
    args.input.check()?;
    let settings = settings(args.input.config.as_deref())?;
    let until = args.until.map(day).or(settings.until);
    let settings = settings.until(until);
    let models = cast(&args.model, &settings, with_promotions(args))?;
    check_least_silence(&settings, models.first.horizon_days())?;
    args.profiles.as_deref().map(check_folder).transpose()?;
    let mut sinks = Sinks::open(args)?;
    let mut put = |record: &OutRecord<'_>| sinks.put(record);
    let play = Play::new("replaying", &mut put);
    let (processors, skipped) = match args.input.source {
        Source::Files => play.as_published(&args.input, &settings, models, args.partitions)?,
        Source::Kafka => (topics(play, args, &settings, &models)?, 0),
    };
    sinks.flush()?;
    let mut stats = Stats::default();
    for processor in &processors {
        stats.add(processor.stats());
    }
    if let Some(path) = &args.profiles {
        let mut out = create(Some(path))?;
        for processor in &processors {
            for profile in processor.profiles_json(until.map(|until| until.plus(-1))) {
                writeln!(out, "{profile}").map_err(Failure::of)?;
            }
        }
        out.flush().map_err(Failure::of)?;
    }
    let customers = processors.iter().map(Processor::customers).sum();
    let summary = summary(&stats, customers, skipped);
    match (args.json, sinks.says_summary) {
        (true, true) => say(&summary),
        (true, false) => eprintln!("{summary}"),
        (false, _) => eprintln!("{summary:#}"),
    }
    Ok(())
}

/// Whether the promoted models are played too.
fn with_promotions(args: &ReplayArgs) -> bool {
    args.input.source == Source::Kafka && (args.model.is_empty() || args.clock == ReplayClock::Recorded)
}

/// Plays the input topics, partition by partition.
fn topics(
    mut play: Play<'_>,
    args: &ReplayArgs,
    settings: &Settings,
    models: &Cast,
) -> Result<Vec<Processor>, Failure> {
    let partitions = check(settings)?;
    let setup = settings.setup(partitions);
    let promoted = if with_promotions(args) {
        Arc::new(read(settings, &Pulse::free())?.schedule())
    } else {
        Arc::new(models.schedule.clone())
    };
    let (mut processors, mut progress) = (Vec::new(), play.over_topics(settings, partitions)?);
    for number in 0..partitions {
        let (mut processor, mut closes) = match args.clock {
            ReplayClock::Event => {
                let mut processor = Processor::new(Arc::new(setup.clone()), number, models.first.clone());
                processor.offer(promoted.clone());
                (processor, None)
            }
            ReplayClock::Recorded => {
                let (processor, closes) = once_more(settings, &setup, number, models, &promoted)?;
                (processor, Some(closes))
            }
        };
        play.partition(settings, &mut processor, &mut closes, &mut progress)?;
        if closes.as_ref().and_then(Recorded::read_to).is_some() {
            return Err(Failure::Failed(format!(
                "the inputs of partition {number} no longer reach to every close that the changelog remembers: records were deleted, so the history can't be repeated"
            )));
        }
        processors.push(processor);
    }
    Ok(processors)
}

/// A processor that lives a partition's history once more: with its closes, its models, its first day of publishing.
fn once_more(
    settings: &Settings,
    setup: &Setup,
    number: u32,
    named: &Cast,
    promoted: &Schedule,
) -> Result<(Processor, Recorded), Failure> {
    let mut live = Processor::new(Arc::new(setup.clone()), number, named.first.clone());
    let alone = std::slice::from_mut(&mut live);
    during("reading the changelog", || restore(settings, alone, &|_, _| {}, &Pulse::free()))?;
    let find = |version: &str| {
        let first = Some(&named.first).filter(|model| model.version == version);
        first.or_else(|| named.schedule.find(version)).or_else(|| promoted.find(version)).cloned()
    };
    let (first, schedule) = Recorded::models(&live, &named.first, find).map_err(|version| {
        Failure::Failed(format!(
            "partition {number} went by the model {version}, which is neither promoted nor configured any more: give its artifact with --model"
        ))
    })?;
    let policy = Policy { publish_from: live.publish_from(), ..(*setup.policy).clone() };
    let mut processor = Processor::new(Arc::new(Setup { policy: Arc::new(policy), ..setup.clone() }), number, first);
    processor.offer(Arc::new(schedule));
    Ok((processor, Recorded::of(&live)))
}

impl Sinks {
    fn open(args: &ReplayArgs) -> Result<Self, Failure> {
        let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(|path| create(Some(path))).transpose();
        let any = [&args.alerts, &args.risk, &args.outcomes, &args.dead_letters, &args.profiles];
        let nothing_named = any.iter().all(|path| path.is_none());
        let stdout = Path::new("-");
        let says_summary = args.json && !nothing_named && any.iter().all(|path| path.as_deref() != Some(stdout));
        Ok(Self {
            says_summary,
            timestamps: args.input.source == Source::Kafka,
            alerts: if nothing_named { Some(create(Some(stdout))?) } else { open(&args.alerts)? },
            risk: open(&args.risk)?,
            outcomes: open(&args.outcomes)?,
            dead_letters: open(&args.dead_letters)?,
        })
    }

    fn put(&mut self, record: &OutRecord<'_>) -> Result<(), Failure> {
        let sink = match record.topic {
            OutTopic::Profiles | OutTopic::Events => &mut None,
            OutTopic::Alerts => &mut self.alerts,
            OutTopic::Risk => &mut self.risk,
            OutTopic::Outcomes => &mut self.outcomes,
            OutTopic::DeadLetters => &mut self.dead_letters,
        };
        let Some(sink) = sink else { return Ok(()) };
        let written = match (record.topic, record.value) {
            (OutTopic::DeadLetters, _) => writeln!(sink, "{}", dead_letter_json(record, self.timestamps)),
            (_, Some(value)) => sink.write_all(value).and_then(|()| sink.write_all(b"\n")),
            (_, None) => {
                let customer = String::from_utf8_lossy(record.key.unwrap_or_default());
                writeln!(sink, "{}", json!({"customer_id": customer, "erased": true}))
            }
        };
        written.map_err(Failure::of)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let Self { alerts, risk, outcomes, dead_letters, .. } = self;
        for sink in [alerts, risk, outcomes, dead_letters].into_iter().flatten() {
            sink.flush().map_err(Failure::of)?;
        }
        Ok(())
    }
}

/// A dead letter as a line: headers, key and value as text.
fn dead_letter_json(record: &OutRecord<'_>, timestamps: bool) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = record.headers.iter().filter(|(name, _)| timestamps || name != "timestamp");
    let headers = headers.map(|(name, value)| (name.to_string(), Value::from(text(value))));
    let mut line: serde_json::Map<String, Value> = headers.collect();
    line.insert("key".into(), record.key.map(text).into());
    line.insert("value".into(), record.value.map(text).into());
    Value::Object(line)
}

/// What came of a replay, in numbers.
fn summary(stats: &Stats, customers: usize, skipped: u64) -> Value {
    let transitions: serde_json::Map<String, Value> =
        TRANSITIONS.iter().enumerate().map(|(at, name)| ((*name).to_owned(), stats.transition(at).into())).collect();
    let held_out: u64 = stats.held_out.iter().sum();
    let won_back: u64 = stats.won_back.iter().sum();
    let reasons = Reason::ALL.iter().zip(stats.dead_letters).filter(|(_, count)| *count > 0);
    let dead: serde_json::Map<String, Value> =
        reasons.map(|(reason, count)| (reason.words().to_owned(), count.into())).collect();
    let mut moves: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for ((from, to), count) in &stats.segment_moves {
        moves.entry(from).or_default().insert(to, *count);
    }
    json!({
        "records": stats.records,
        "customers": customers,
        "rows_of_other_types": skipped,
        "duplicates": stats.duplicates,
        "dead_letters": dead,
        "days_closed": stats.closes,
        "alerts": transitions,
        "held_out_transitions": held_out,
        "won_back": won_back,
        "outcomes_matured": stats.all_matured(),
        "segment_moves": moves,
    })
}
