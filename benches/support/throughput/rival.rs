//! The Kafka Streams rival, built from its own folder and run by its own options, on the same input.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::broker::Broker;
use crate::support::figures::{Figures, Out};
use crate::support::options::Options;
use crate::support::process::{Process, Watch};
use crate::support::topics::Topics;

/// Its outputs, whose names are fixed.
pub(crate) const OUTPUTS: [&str; 2] = ["peer.alerts", "peer.dead-letters"];
/// Threads of its best configuration, for both workloads.
pub(crate) const THREADS: u32 = 2;

/// The rival, built.
pub(crate) struct Rival<'a> {
    broker: &'a Broker,
    topics: &'a Topics,
    build: PathBuf,
}

/// One application of the rival.
pub(crate) struct App<'a> {
    pub(crate) name: &'a str,
    pub(crate) input: &'a str,
    /// `rocksdb` or `memory`.
    pub(crate) store: &'a str,
    pub(crate) threads: u32,
}

impl<'a> Rival<'a> {
    /// `None`, said plainly, where it is not there or cannot be built.
    pub(crate) fn build(options: &Options, broker: &'a Broker, topics: &'a Topics) -> Option<Self> {
        let pom = options.rival.join("pom.xml");
        if options.no_rival || !pom.is_file() {
            println!("the rival is left out (--rival FOLDER names it)");
            return None;
        }
        let build = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench/rival");
        let built = Command::new("mvn")
            .args(["-q", "-B", "-f"])
            .arg(pom)
            .arg(format!("-Dbuild.dir={}", build.display()))
            .arg("package")
            .output();
        if !built.as_ref().is_ok_and(|output| output.status.success()) {
            println!("the rival could not be built, so it is left out: {built:?}");
            return None;
        }
        let rival = Self { broker, topics, build };
        rival.outputs();
        Some(rival)
    }

    fn outputs(&self) {
        for name in OUTPUTS {
            self.topics.delete(name);
            self.topics.create(name, "delete");
        }
    }

    fn java(&self, heap: &[&str]) -> Command {
        let mut command = Command::new("java");
        command.arg("-cp").arg(format!("{0}/peer.jar:{0}/lib/*", self.build.display())).args(heap).arg("peer.App");
        command
    }

    /// `serve`, as its `run.sh` starts it; local state is wiped first.
    pub(crate) fn serve(&self, app: &App<'_>) -> Command {
        let state = self.build.join("state");
        let _ = std::fs::remove_dir_all(&state);
        let mut command = self.java(&["-Xms1g", "-Xmx2g", "-XX:+UseParallelGC"]);
        let cache = if app.store == "rocksdb" { "on" } else { "off" };
        command.args([
            "serve".to_owned(),
            format!("bootstrap={}", self.broker.address),
            format!("input={}", app.input),
            format!("store={}", app.store),
            format!("cache={cache}"),
            format!("threads={}", app.threads),
            format!("app={}", app.name),
            format!("state={}", state.display()),
            format!("broker={}", self.broker.process.map_or(0, |process| process.0)),
        ]);
        // Its log says nothing that its figures do not.
        command.stderr(Stdio::null());
        command
    }

    /// `live`: its paced feed, which times its alerts.
    pub(crate) fn live(&self, input: &str, arguments: &[String]) -> Value {
        let bootstrap = format!("bootstrap={}", self.broker.address);
        let mut command = self.java(&["-Xmx512m"]);
        command.args(["live".to_owned(), bootstrap, "workload=w1".to_owned(), format!("input={input}")]);
        let output = command.args(arguments).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the rival's feed ended with {}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Until it has caught up; gives its report, and the cores that others used meanwhile.
    pub(crate) fn catch_up(&self, app: &App<'_>) -> (Value, f64) {
        let watch = Watch { client: Process(0), broker: self.broker.process };
        let before = watch.look();
        let output = self.serve(app).arg("until=caught-up").output().unwrap();
        let after = watch.look();
        let text = String::from_utf8(output.stdout).unwrap();
        let report = text.lines().find(|line| line.starts_with('{'));
        assert!(output.status.success() && report.is_some(), "the rival ended with {}", output.status);
        let report: Value = serde_json::from_str(report.unwrap_or_default()).unwrap();
        let own = report["cpu_s"].as_f64().unwrap_or(f64::NAN);
        (report, after.others_since(before) - own / after.since(before))
    }

    /// Runs it over the whole input, once.
    pub(crate) fn measure(&self, app: &App<'_>) -> Figures {
        let (report, others_cores) = self.catch_up(app);
        let number = |name: &str| report[name].as_f64().unwrap_or(f64::NAN);
        let out = |topic: &str| {
            let count = |what: &str| number(&format!("{topic}_{what}")) as u64;
            Out { records: count("records"), bytes: count("bytes") }
        };
        let events = number("events") as u64;
        Figures {
            events,
            wall_s: number("wall_s"),
            events_per_s: number("events_per_s"),
            second_half_events_per_s: number("second_half_events_per_s"),
            client_us: number("cpu_s_per_million"),
            second_half_client_us: number("second_half_cpu_s_per_million"),
            broker_us: self.broker.process.map(|_| number("broker_cpu_s_per_million")),
            others_cores,
            peak_mib: number("peak_rss_mib"),
            out: BTreeMap::from([("changelog".into(), out("changelog")), ("alerts".into(), out("peer.alerts"))]),
        }
    }

    /// Deletes what an application left on the broker.
    pub(crate) fn clear(&self, app: &App<'_>) {
        self.topics.delete(&format!("{}-", app.name));
        self.topics.delete_group(app.name);
        self.outputs();
    }
}

impl Drop for Rival<'_> {
    fn drop(&mut self) {
        for name in OUTPUTS {
            self.topics.delete(name);
        }
        let _ = std::fs::remove_dir_all(self.build.join("state"));
    }
}
