//! `demo`: an embedded broker, the real service and a shop (or a file), in one process.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::message::Message;
use serde_json::Value;

use crate::cli::args::DemoArgs;
use crate::cli::common::{artifact, file_options, now, own_topic, settings};
use crate::cli::demo_table::{Summary, heading, line, misfit};
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::cli::progress::Bar;
use crate::cli::usable::look;
use crate::config::file::Clock;
use crate::config::playbook::example;
use crate::config::settings::Settings;
use crate::engine::day::{Day, Millis};
use crate::processor::stats::TRANSITIONS;
use crate::service::http::api::Api;
use crate::service::http::door::bind;
use crate::service::http::open::{Doors, open};
use crate::service::kafka::client::asking;
use crate::service::kafka::context::{Listening, Reader};
use crate::service::kafka::embedded::Embedded;
use crate::service::kafka::publish::Publisher;
use crate::service::run::Service;
use crate::shop::event_json::{customer_id, customer_number, write_json};
use crate::shop::generator::{Shop, ShopSettings};
use crate::wire::alert_line::warning;
use crate::wire::merge::{EventStream, time_of};

/// Partitions of the embedded topics.
const PARTITIONS: u32 = 4;
/// Openings that are printed one by one; from there each time that twice as many have opened.
const SHOWN: u64 = 10;
/// Open warnings that are printed at the end.
const WORTH_MOST: usize = 5;
/// Most records that the service may be behind: the embedded broker keeps 5 MiB a partition and drops the rest silently.
const MAX_BEHIND: u64 = 8_000;
/// Days that a generated shop may be ahead of the service: its sales people answer a warning within days.
const DAYS_BEHIND: u64 = 3;
/// Records that it may be ahead in any case, so that a small shop does not wait after every sale.
const MIN_BEHIND: u64 = 300;
/// Commits are this often, in milliseconds: the play goes on with each, and to the embedded broker they cost little.
const COMMIT_INTERVAL_MS: u64 = 10;
/// Longest time without progress.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the command.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    let mut settings = settings(None)?;
    if let Some(path) = &args.data {
        look(path, &args.columns, &settings)?;
    }
    if settings.file.playbook.path.is_none() {
        settings.policy.playbook = example(settings.rules.currency, &settings.policy.segments).unwrap_or_default();
    }
    settings.file.time.clock = Clock::Event;
    settings.file.kafka.commit_interval_ms = settings.file.kafka.commit_interval_ms.min(COMMIT_INTERVAL_MS);
    settings.listen.set_port(0);
    let artifact = artifact(None, &settings)?;
    let broker = Embedded::start(&settings, PARTITIONS)?;
    settings.file.kafka.brokers = broker.bootstrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Failure::of)?;
    let (listener, address) = runtime.block_on(bind(settings.listen, "http.listen")).map_err(Failure::usage)?;
    let service = Service::start(Api::new()?, settings.clone(), &artifact, PARTITIONS)?;
    runtime.spawn(open(listener, &settings, service.api.clone(), Doors::All));
    let played = play(args, &settings, &service, address);
    if played.is_ok() && !args.exit {
        say("\nlive until Ctrl-C");
        runtime.block_on(async { tokio::signal::ctrl_c().await }).map_err(Failure::of)?;
    }
    // What ended a worker says more than that the play could not go on.
    service.drain()?;
    played
}

/// Plays the shop or the file to its end, and tells how it went.
fn play(args: &DemoArgs, settings: &Settings, service: &Service, address: SocketAddr) -> Result<(), Failure> {
    let started = Instant::now();
    while !service.api.status.ready() {
        if service.trouble() || started.elapsed() > PATIENCE {
            return Err(Failure::Failed("the service did not become ready".into()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stage = Stage::new(settings, service, args.json)?;
    stage.tell(&heading(settings.rules.currency));
    let customers = match &args.data {
        Some(path) => stage.play_file(path, &args.columns, settings)?,
        None => stage.play_shop(args, settings)?,
    };
    stage.settle()?;
    let summary = stage.summary(customers);
    if args.json {
        say(summary.json());
        return Ok(());
    }
    say(summary);
    let worth_most = stage.worth_most();
    if !worth_most.is_empty() {
        say(format!("\nopen warnings worth most\n{}", heading(settings.rules.currency)));
        for (_, line) in &worth_most {
            say(line);
        }
    }
    if let Some(sentence) = misfit(&service.api.models.json()) {
        say(sentence);
    }
    let somebody = worth_most.first().map_or("ID", |(customer, _)| customer);
    say(format!(
        "\nlook at  http://{address}/\n         http://{address}/customers/{somebody}\n         http://{address}/metrics"
    ));
    Ok(())
}

/// The play: who writes, who listens, and what was heard.
struct Stage<'a> {
    publisher: Publisher,
    listener: Reader,
    service: &'a Service,
    started: Instant,
    sent: u64,
    alerts: BTreeMap<String, u64>,
    opened: BTreeMap<(String, String), u64>,
    first_warning: Option<Duration>,
    /// Open warnings by customer: what is at risk, and the line of the last word on it.
    open: HashMap<String, (f64, String)>,
    /// Only the summary is wanted.
    quiet: bool,
    /// Episodes that opened since the shop was last told: customer, episode and recommended action.
    calls: Vec<(u32, u128, Option<String>)>,
}

impl<'a> Stage<'a> {
    fn new(settings: &Settings, service: &'a Service, quiet: bool) -> Result<Self, Failure> {
        let publisher = Publisher::new(settings, own_topic(settings)?, PARTITIONS)?;
        let mut config = asking(settings, "read_uncommitted");
        config.set("group.id", "demo-screen").set("auto.offset.reset", "earliest").set("fetch.wait.max.ms", "10");
        let listener: Reader = config.create_with_context(Listening::default()).map_err(Failure::of)?;
        let mut assignment = rdkafka::TopicPartitionList::new();
        for partition in 0..PARTITIONS as i32 {
            let topic = &settings.file.topics.alerts;
            assignment.add_partition_offset(topic, partition, rdkafka::Offset::Beginning).map_err(Failure::of)?;
        }
        listener.assign(&assignment).map_err(Failure::of)?;
        Ok(Self {
            publisher,
            listener,
            service,
            started: Instant::now(),
            sent: 0,
            alerts: BTreeMap::new(),
            opened: BTreeMap::new(),
            first_warning: None,
            open: HashMap::new(),
            quiet,
            calls: Vec::new(),
        })
    }

    fn tell(&self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }

    /// Plays a generated shop, which answers warnings as they open; gives the number of customers.
    fn play_shop(&mut self, args: &DemoArgs, settings: &Settings) -> Result<u64, Failure> {
        let end = Day(now().0.div_euclid(86_400_000) as i32);
        let mut shop = Shop::new(ShopSettings { customers: args.customers, days: args.days, seed: args.seed, end });
        let mut value = Vec::new();
        let progress = self.quiet.then(|| Bar::count("playing days", args.days.into()));
        for day in 0.. {
            if let Some(progress) = &progress {
                progress.done(day);
            }
            for (customer, episode, action) in std::mem::take(&mut self.calls) {
                shop.respond(customer, episode, action.as_deref());
            }
            let Some(events) = shop.next_day() else { break };
            let behind = (DAYS_BEHIND * events.len() as u64).clamp(MIN_BEHIND, MAX_BEHIND);
            for event in events {
                value.clear();
                write_json(event, settings.rules.currency.code(), &mut value);
                self.send(customer_id(event.customer).as_bytes(), &value, event.time)?;
            }
            self.listen(Duration::ZERO);
            self.wait(behind)?;
        }
        Ok(u64::from(args.customers))
    }

    fn play_file(&mut self, path: &Path, columns: &[String], settings: &Settings) -> Result<u64, Failure> {
        let options = file_options(columns, own_topic(settings)?, settings)?;
        let mut stream = EventStream::open(&[path.to_path_buf()], &options, &settings.rules).map_err(Failure::usage)?;
        let mut customers = std::collections::HashSet::new();
        let progress = self.quiet.then(|| Bar::files("playing", &[path.to_path_buf()]));
        while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
            let time = time_of(record, &settings.rules).unwrap_or_else(now);
            if !customers.contains(record.key.as_slice()) {
                customers.insert(record.key.clone());
            }
            self.send(&record.key, &record.value, time)?;
            if let Some(progress) = &progress {
                progress.step(|| stream.bytes());
            }
        }
        Ok(customers.len() as u64)
    }

    fn send(&mut self, key: &[u8], value: &[u8], time: Millis) -> Result<(), Failure> {
        self.publisher.send(key, value, time)?;
        self.sent += 1;
        if self.sent.is_multiple_of(500) {
            self.listen(Duration::ZERO);
            self.wait(MAX_BEHIND)?;
        }
        Ok(())
    }

    /// Waits until the service is at most `behind` records behind.
    fn wait(&mut self, behind: u64) -> Result<(), Failure> {
        let (mut read, mut moved) = (self.service.api.metrics.records(), Instant::now());
        while self.sent > read + behind {
            if self.service.trouble() || moved.elapsed() > PATIENCE {
                return Err(Failure::Failed("the service stopped reading; the log says why".into()));
            }
            self.listen(Duration::from_millis(2));
            let now = self.service.api.metrics.records();
            if now > read {
                (read, moved) = (now, Instant::now());
            }
        }
        Ok(())
    }

    /// Everything is read, and every alert has been heard.
    fn settle(&mut self) -> Result<(), Failure> {
        self.publisher.finish()?;
        self.wait(0)?;
        let quiet = Instant::now();
        while self.alerts.values().sum::<u64>() < self.service.api.metrics.total("alerts_total")
            && quiet.elapsed() < PATIENCE
        {
            self.listen(Duration::from_millis(20));
        }
        Ok(())
    }

    fn listen(&mut self, wait: Duration) {
        while let Some(polled) = self.listener.poll(wait) {
            let Ok(message) = polled else { continue };
            let Some(value) = message.payload() else { continue };
            if let Ok(Some(warning)) = warning(value)
                && let Some(number) = customer_number(&warning.customer)
            {
                self.calls.push((number, warning.episode.as_u128(), warning.action.map(Into::into)));
            }
            if let Ok(alert) = serde_json::from_slice::<Value>(value) {
                self.hear(&alert);
            }
        }
    }

    fn hear(&mut self, alert: &Value) {
        let text = |pointer: &str| alert.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = text("/type").rsplit('.').next().unwrap_or_default().to_owned();
        let count = self.alerts.entry(kind.clone()).or_default();
        *count += 1;
        let count = *count;
        let line = line(alert);
        if matches!(kind.as_str(), "opened" | "escalated") {
            let value_at_risk = text("/data/value_at_risk").parse().unwrap_or_default();
            self.open.insert(text("/subject").to_owned(), (value_at_risk, line.clone()));
        } else {
            self.open.remove(text("/subject"));
        }
        if kind != "opened" {
            return;
        }
        *self.opened.entry((text("/data/band").to_owned(), text("/data/tier").to_owned())).or_default() += 1;
        self.first_warning.get_or_insert_with(|| self.started.elapsed());
        if count <= SHOWN || (count.is_multiple_of(SHOWN) && (count / SHOWN).is_power_of_two()) {
            self.tell(&line);
        }
        if count == SHOWN {
            self.tell("… and so on: the 20th, 40th, 80th from here");
        }
    }

    /// The open warnings that are worth most, whom a sales team would call first: customers and lines.
    fn worth_most(&self) -> Vec<(&str, &str)> {
        let mut open: Vec<(&String, &(f64, String))> = self.open.iter().collect();
        open.sort_by(|(one, (more, _)), (other, (less, _))| less.total_cmp(more).then_with(|| one.cmp(other)));
        open.into_iter().take(WORTH_MOST).map(|(customer, (_, line))| (customer.as_str(), line.as_str())).collect()
    }

    fn summary(&self, customers: u64) -> Summary {
        let metrics = &self.service.api.metrics;
        let count = |kind: &str| self.alerts.get(kind).copied().unwrap_or_default();
        Summary {
            customers,
            published: self.sent,
            seconds: self.started.elapsed().as_secs_f64(),
            first_warning_seconds: self.first_warning.map(|first| first.as_secs_f64()),
            records: metrics.records(),
            events: metrics.total("events_total"),
            duplicates: metrics.total("duplicate_events_total"),
            dead_letters: metrics.dead_letters(),
            days_closed: metrics.total("closes_total"),
            transitions: TRANSITIONS.map(count),
            held_out: metrics.total("held_out_transitions_total"),
            won_back: metrics.total("won_back_total"),
            opened: self.opened.clone(),
        }
    }
}
