//! The service as its user runs it: a configuration file, the program, HTTP on the loopback.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use churnwatch::config::load::load;

use crate::support::broker::Broker;
use crate::support::figures::{Figures, Out};
use crate::support::options::Options;
use crate::support::process::{Look, Process, Watch};
use crate::support::topics::{Commits, PARTITIONS, Topics};

/// How often committed offsets are asked for, as the rival's own meter does.
pub(crate) const LOOK: Duration = Duration::from_millis(25);
/// How often readiness is asked for.
const ASK: Duration = Duration::from_millis(2);
/// `commit_interval_ms`: the first records were read so long before their commit.
const COMMIT: Duration = Duration::from_millis(100);
/// A service that commits nothing for so long hangs.
const PATIENCE: Duration = Duration::from_mins(15);

/// A configuration with output topics and a group of its own.
pub(crate) struct Served<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) topics: &'a Topics,
    pub(crate) workers: u32,
    /// The input.
    pub(crate) events: String,
    /// Group, and what the names of all output topics begin with.
    pub(crate) tag: String,
    program: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl<'a> Served<'a> {
    pub(crate) fn new(
        options: &Options,
        (broker, topics): (&'a Broker, &'a Topics),
        events: &str,
        workers: u32,
        tag: &str,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let tag = format!("bench-{}.{tag}", std::process::id());
        let model = options.model.as_ref().map(|path| path.canonicalize().unwrap());
        let model = model.map(|path| format!("[model]\npath = '{}'\n", path.display())).unwrap_or_default();
        // The workloads are in euros: another base currency would add a conversion to every purchase.
        let text = format!(
            "[kafka]\nbrokers = \"{}\"\ngroup_id = \"{tag}\"\ncommit_interval_ms = {}\n\
             [topics]\nevents = [\"{events}\"]\nalerts = \"{tag}.alerts\"\nrisk = \"{tag}.risk\"\noutcomes = \"{tag}.outcomes\"\n\
             profiles = \"{tag}.profiles\"\ndead_letters = \"{tag}.dead-letters\"\nmodels = \"{tag}.models\"\n\
             [time]\nclock = \"event\"\n[money]\ncurrency = \"EUR\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n\
             [service]\nworkers = {workers}\n{model}",
            broker.address,
            COMMIT.as_millis(),
        );
        std::fs::write(folder.path().join("churnwatch.toml"), text).unwrap();
        let (events, program) = (events.into(), options.program.clone());
        Self { broker, topics, workers, events, tag, program, folder, port }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("churnwatch.toml")
    }

    /// Makes the output topics as the program makes them.
    pub(crate) fn create(&self) {
        let mut command = Command::new(&self.program);
        command.args(["topics", "create", "--partitions", &PARTITIONS.to_string(), "--config"]).arg(self.config());
        let output = command.output().unwrap();
        assert!(output.status.success(), "topics create: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn start(&self) -> Running {
        let mut command = Command::new(&self.program);
        // Warnings would say once a run that the default model knows another currency.
        command.args(["serve", "--log-level", "error", "--config"]).arg(self.config()).stdout(Stdio::null());
        let agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build().into();
        Running { child: command.spawn().unwrap(), agent, port: self.port }
    }

    pub(crate) fn commits(&self) -> Commits {
        Commits::new(&self.broker.address, &self.tag, &self.events)
    }

    pub(crate) fn changelog(&self) -> String {
        format!("{}.profiles", self.tag)
    }

    pub(crate) fn alerts(&self) -> String {
        format!("{}.alerts", self.tag)
    }

    /// What the service wrote.
    fn written(&self) -> BTreeMap<String, Out> {
        let topics = load(Some(&self.config())).unwrap().file.topics;
        let dead = self.topics.weigh(&topics.dead_letters).0;
        assert_eq!(dead, 0, "{dead} events of the workload became dead letters");
        let all = [
            ("changelog", topics.profiles),
            ("alerts", topics.alerts),
            ("risk", topics.risk),
            ("outcomes", topics.outcomes),
        ];
        let weigh = |(name, topic): (&str, String)| {
            let (records, bytes) = self.topics.weigh(&topic);
            (name.to_owned(), Out { records, bytes })
        };
        all.into_iter().map(weigh).collect()
    }

    /// Deletes what a run left on the broker, the input excepted.
    pub(crate) fn clear(&self) {
        self.topics.delete(&self.tag);
        self.topics.delete_group(&self.tag);
    }
}

/// A running `serve`.
pub(crate) struct Running {
    child: Child,
    agent: ureq::Agent,
    port: u16,
}

impl Running {
    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }

    fn page(&self, path: &str) -> Option<String> {
        let mut response = self.agent.get(format!("http://127.0.0.1:{}{path}", self.port)).call().ok()?;
        response.body_mut().read_to_string().ok()
    }

    pub(crate) fn ready(&self) -> bool {
        self.page("/readyz").is_some()
    }

    /// One metric, summed over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.page("/metrics").unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    /// Stops the benchmark where the service has ended by itself.
    pub(crate) fn alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "the service ended with {ended:?}");
    }

    /// SIGTERM, and waits.
    pub(crate) fn terminate(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "SIGTERM ended with {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the first record: a ready service reads at once, and one of several workers may begin before all are ready.
fn first(running: &mut Running, commits: &Commits, watch: Watch) -> Look {
    let mut asked = Instant::now();
    loop {
        if running.ready() {
            return watch.look();
        }
        if asked.elapsed() >= LOOK {
            asked = Instant::now();
            if commits.events().is_some_and(|events| events > 0) {
                return watch.look().earlier(COMMIT);
            }
        }
        running.alive();
        std::thread::sleep(ASK);
    }
}

/// Runs the service over the whole input, once.
pub(crate) fn measure(served: &Served<'_>, events: u64) -> Figures {
    served.create();
    let commits = served.commits();
    let mut running = served.start();
    let figures = follow(&mut running, &commits, served.broker, events);
    println!(
        "    {:.0} days closed, {:.0} alerts, {:.0} transactions, {:.0} of them done again",
        running.metric("churnwatch_closes_total") / f64::from(PARTITIONS),
        running.metric("churnwatch_alerts_total"),
        running.metric("churnwatch_commits_total"),
        running.metric("churnwatch_rolled_back_batches_total"),
    );
    running.terminate();
    Figures { out: served.written(), ..figures }
}

/// Watches a service that has just been started until it has committed everything.
pub(crate) fn follow(running: &mut Running, commits: &Commits, broker: &Broker, events: u64) -> Figures {
    let watch = Watch { client: running.process(), broker: broker.process };
    let first = first(running, commits, watch);
    let (mut half, mut before, mut moved) = (None, 0, Instant::now());
    loop {
        let committed = commits.events().unwrap_or(before);
        if committed > before {
            (before, moved) = (committed, Instant::now());
        }
        if half.is_none() && committed >= events / 2 {
            half = Some((watch.look(), committed.min(events - 1)));
        }
        if committed >= events {
            break;
        }
        running.alive();
        assert!(moved.elapsed() < PATIENCE, "the service has committed nothing since {committed} of {events} events");
        std::thread::sleep(LOOK);
    }
    let end = watch.look();
    Figures { peak_mib: watch.client.peak_mib(), ..Figures::of(events, first, half.unwrap_or((first, 0)), end) }
}
