//! A bare consumer with the settings of the service, in a process of its own: what nothing that reads can undercut.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use churnwatch::config::load::load;
use churnwatch::config::settings::Settings;
use churnwatch::engine::day::Millis;
use churnwatch::service::kafka::client::consumer;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};

use crate::support::figures::Figures;
use crate::support::options::{Options, Probe};
use crate::support::process::{Look, Process, Watch};
use crate::support::service::Served;
use crate::support::topics::{PARTITIONS, whole};

/// Events after which a worker says how far it is.
const STRIDE: u64 = 256;

/// Runs one in a fresh process.
pub(crate) fn spawn(options: &Options, served: &Served<'_>, probe: Probe) -> Figures {
    let name = if probe == Probe::Poll { "poll" } else { "parse" };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--probe", name, "--workers", &served.workers.to_string(), "--config"]).arg(served.config());
    if let Some(broker) = served.broker.process {
        command.args(["--broker-pid", &broker.0.to_string()]);
    }
    if options.quick {
        command.arg("--quick");
    }
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the consumer ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the workers have in common.
struct Shared {
    settings: Settings,
    probe: Probe,
    watch: Watch,
    /// Of all partitions.
    events: u64,
    read: AtomicU64,
    first: OnceLock<Look>,
    half: OnceLock<(Look, u64)>,
}

/// This process is such a consumer: it reads the topic once and prints its figures.
pub(crate) fn run(options: &Options, probe: Probe) {
    let settings = load(options.config.as_deref()).unwrap();
    let watch = Watch { client: Process::this(), broker: options.broker_pid.map(Process) };
    let workers = options.workers.first().copied().unwrap_or(1) as usize;
    let topic = settings.file.topics.events.first().unwrap().clone();
    let consumers: Vec<BaseConsumer> =
        (0..workers).map(|worker| consumer(&settings, worker).create().unwrap()).collect();
    let ends = |partition| consumers[0].fetch_watermarks(&topic, partition, Duration::from_secs(10)).unwrap();
    let events = (0..PARTITIONS).map(ends).map(|(low, high)| (high - low) as u64).sum();
    let shared = Shared {
        settings,
        probe,
        watch,
        events,
        read: AtomicU64::new(0),
        first: OnceLock::new(),
        half: OnceLock::new(),
    };
    std::thread::scope(|scope| {
        for (worker, consumer) in consumers.iter().enumerate() {
            let (shared, topic) = (&shared, &topic);
            scope.spawn(move || shared.follow(consumer, topic, worker, workers));
        }
    });
    let end = watch.look();
    let figures = Figures::of(events, *shared.first.get().unwrap(), *shared.half.get().unwrap(), end);
    let figures = Figures { peak_mib: watch.client.peak_mib(), ..figures };
    println!("{}", serde_json::to_string(&figures).unwrap());
}

impl Shared {
    fn follow(&self, consumer: &BaseConsumer, topic: &str, worker: usize, workers: usize) {
        let mut assignment = TopicPartitionList::new();
        for element in whole(topic).elements().iter().filter(|one| one.partition() as usize % workers == worker) {
            assignment.add_partition_offset(topic, element.partition(), element.offset()).unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let (mut left, mut read, mut scratch) = (assignment.count(), 0_u64, Scratch::default());
        let wall = Millis(jiff::Timestamp::now().as_millisecond());
        while left > 0 {
            match consumer.poll(Duration::from_secs(30)) {
                Some(Ok(message)) => {
                    if read == 0 {
                        self.first.get_or_init(|| self.watch.look());
                    }
                    read += 1;
                    match self.probe {
                        Probe::Poll => assert!(black_box(message.payload()).is_some()),
                        Probe::Parse => self.parse(&message, wall, &mut scratch),
                    }
                    if read.is_multiple_of(STRIDE) {
                        let all = self.read.fetch_add(STRIDE, Ordering::Relaxed) + STRIDE;
                        if all >= self.events / 2 && self.half.get().is_none() {
                            self.half.get_or_init(|| (self.watch.look(), all));
                        }
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
                other => panic!("reading {topic}: {other:?}"),
            }
        }
    }

    fn parse(&self, message: &BorrowedMessage<'_>, wall: Millis, scratch: &mut Scratch) {
        let timestamp = message.timestamp().to_millis().map_or(wall, Millis);
        let record = RawRecord::new(message.key(), message.payload(), timestamp);
        let parsed = parse(&self.settings.rules, &record, wall, scratch);
        assert!(black_box(parsed).is_ok(), "an event of the workload is not usable");
    }
}
