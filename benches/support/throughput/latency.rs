//! Event to visible output at a steady pace: an alert resolved by a purchase, as a reader of committed records sees it.
//!
//! Delay counts from the instant at which an event was due to be sent, so a slow sender hides nothing. The output's own
//! `time` is that of its event, and the times of the events that are sent at a pace tell when each was due.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use serde::Serialize;
use serde_json::Value;

use crate::support::broker::Broker;
use crate::support::episodes::{Log, PACED_FROM};
use crate::support::feed::Feed;
use crate::support::figures::{Lines, Step, median};
use crate::support::live_rival;
use crate::support::options::Options;
use crate::support::process::{Look, Watch};
use crate::support::rival::Rival;
use crate::support::service::{Served, follow};
use crate::support::topics::{PARTITIONS, Topics, reader};

/// Events a second.
pub(crate) const RATE: u64 = 10_000;
/// How long the reader goes on behind the last event.
const TAIL: Duration = Duration::from_secs(2);

/// Seconds that do not count, and seconds that do.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) warmup: u64,
    pub(crate) seconds: u64,
}

/// One paced run.
#[derive(Serialize)]
pub(crate) struct Delays {
    pub(crate) step: Step,
    pub(crate) round: u32,
    pub(crate) outputs: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) worst_ms: f64,
    pub(crate) client_us: f64,
    pub(crate) broker_us: Option<f64>,
    pub(crate) peak_mib: f64,
    pub(crate) others_cores: f64,
}

impl Delays {
    /// CPU between two looks, spread over the events that were due between them.
    pub(crate) fn used(self, from: Look, to: Look) -> Self {
        let events = to.since(from) * RATE as f64;
        Self {
            client_us: (to.client - from.client) * 1e6 / events,
            broker_us: to.broker_since(from).map(|seconds| seconds * 1e6 / events),
            others_cores: to.others_since(from),
            ..self
        }
    }
}

/// Measures and prints.
pub(crate) fn run(options: &Options, broker: &Broker, topics: &Topics, folder: &Path) {
    let mut lines = Lines::create(folder, "latency");
    let rival = Rival::build(options, broker, topics);
    let pace = if options.quick { Pace { warmup: 5, seconds: 10 } } else { Pace { warmup: 15, seconds: 60 } };
    let mut all = Vec::new();
    for round in 1..=options.rounds() {
        let mut note = |delays: Delays| {
            println!(
                "  round {round}: {:<8} p50 {:.0} p99 {:.0} p99.9 {:.0} worst {:.0} ms of {}, {:.1} µs, {:.0} MiB, others {:.2} cores",
                delays.step.name(),
                delays.p50_ms,
                delays.p99_ms,
                delays.p999_ms,
                delays.worst_ms,
                delays.outputs,
                delays.client_us,
                delays.peak_mib,
                delays.others_cores,
            );
            lines.add(&delays);
            all.push(delays);
        };
        note(service(options, (broker, topics), pace, round));
        if let Some(rival) = &rival {
            note(live_rival::run((broker, topics), rival, pace, round));
        }
    }
    table(&all);
}

fn service(options: &Options, (broker, topics): (&Broker, &Topics), pace: Pace, round: u32) -> Delays {
    let events = format!("bench-{}.live-{round}.events", std::process::id());
    topics.create(&events, "delete");
    let log = Log::new((pace.warmup + pace.seconds) * RATE);
    let feed = Feed::new(&broker.address, &events, 50, 128 << 10);
    let history = log.history(|key, value| feed.send(key, value));
    feed.finish();
    let served = Served::new(options, (broker, topics), &events, 1, &format!("live-{round}"));
    served.create();
    let mut running = served.start();
    follow(&mut running, &served.commits(), broker, history);
    let watch = Watch { client: running.process(), broker: broker.process };
    let alerts = served.alerts();
    let (stop, begin) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(1));
    let (delays, looks) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(&broker.address, &alerts, begin, pace, &stop));
        let looks = send(&log, &Feed::new(&broker.address, &events, 5, 64 << 10), begin, pace, watch);
        std::thread::sleep(TAIL);
        stop.store(true, Ordering::Relaxed);
        (reader.join().unwrap(), looks)
    });
    running.alive();
    let delays = Delays { round, peak_mib: watch.client.peak_mib(), ..percentiles(Step::Service, delays) };
    running.terminate();
    served.clear();
    topics.delete(&events);
    delays.used(looks.0, looks.1)
}

/// Sends at the pace; looks when what counts begins, and at its end.
fn send(log: &Log, feed: &Feed, begin: Instant, pace: Pace, watch: Watch) -> (Look, Look) {
    let (mut key, mut value, mut from) = (String::new(), String::new(), None);
    for i in 0..(pace.warmup + pace.seconds) * RATE {
        let due = begin + Duration::from_millis(i * 1_000 / RATE);
        while Instant::now() < due {
            feed.poll(Duration::ZERO);
            std::thread::sleep(Duration::from_micros(500));
        }
        if i == pace.warmup * RATE {
            from = Some(watch.look());
        }
        log.paced(i, i * 1_000 / RATE, &mut key, &mut value);
        feed.send(&key, &value);
    }
    (from.unwrap(), watch.look())
}

/// Delays in milliseconds of every resolution by a purchase whose event was due in the seconds that count.
fn read(brokers: &str, topic: &str, begin: Instant, pace: Pace, stop: &AtomicBool) -> Vec<f64> {
    let consumer = reader(brokers);
    let mut ends = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let (_, end) = consumer.fetch_watermarks(topic, partition, Duration::from_secs(10)).unwrap();
        ends.add_partition_offset(topic, partition, Offset::Offset(end)).unwrap();
    }
    consumer.assign(&ends).unwrap();
    let counted = pace.warmup * 1_000..(pace.warmup + pace.seconds) * 1_000;
    let mut delays = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let message = match consumer.poll(Duration::from_millis(20)) {
            Some(Ok(message)) => message,
            Some(Err(KafkaError::PartitionEOF(_))) | None => continue,
            Some(Err(fault)) => panic!("reading {topic}: {fault}"),
        };
        let seen = Instant::now();
        let alert: Value = serde_json::from_slice(message.payload().unwrap_or_default()).unwrap();
        if alert["type"] != "churnwatch.alert.resolved" || alert["data"]["cause"] != "purchase" {
            continue;
        }
        let time: jiff::Timestamp = alert["time"].as_str().unwrap().parse().unwrap();
        let due = (time.as_millisecond() - PACED_FROM.0) as u64;
        if counted.contains(&due) {
            delays.push((seen - begin).as_secs_f64() * 1e3 - due as f64);
        }
    }
    delays
}

fn percentiles(step: Step, mut delays: Vec<f64>) -> Delays {
    assert!(!delays.is_empty(), "no resolution was seen");
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| delays[((delays.len() as f64 * share) as usize).min(delays.len() - 1)];
    Delays {
        step,
        round: 0,
        outputs: delays.len() as u64,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        worst_ms: at(1.0),
        client_us: f64::NAN,
        broker_us: None,
        peak_mib: f64::NAN,
        others_cores: f64::NAN,
    }
}

fn table(all: &[Delays]) {
    println!("\nevent to visible output at {RATE} events a second, medians\n");
    println!("| | n | outputs | p50 ms | p99 ms | p99.9 ms | worst ms | client CPU, µs an event | broker | peak MiB |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for step in [Step::Service, Step::Rival] {
        let of: Vec<&Delays> = all.iter().filter(|delays| delays.step == step).collect();
        let Some(any) = of.first() else { continue };
        let middle = |value: fn(&Delays) -> f64| median(of.iter().map(|delays| value(delays)));
        println!(
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {:.0} |",
            step.name(),
            of.len(),
            any.outputs,
            middle(|one| one.p50_ms),
            middle(|one| one.p99_ms),
            middle(|one| one.p999_ms),
            middle(|one| one.worst_ms),
            middle(|one| one.client_us),
            middle(|one| one.broker_us.unwrap_or(f64::NAN)),
            middle(|one| one.peak_mib),
        );
    }
}
