//! Real brokers that end with the test's process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::did_not_run;

/// Bootstrap address of a real broker; `None`, said plainly, where none can be had. In CI that is a failure.
pub(crate) fn broker() -> Option<String> {
    static BROKER: OnceLock<Option<String>> = OnceLock::new();
    BROKER
        .get_or_init(|| {
            let given = std::env::var("CHURNWATCH_TEST_BROKERS").ok();
            given.or_else(|| Some(Nodes::start("one", 1, 20_000 + std::process::id() % 10_000, None)?.brokers))
        })
        .clone()
}

/// Bootstrap addresses of three real brokers that replicate everything.
pub(crate) fn three_nodes() -> Option<String> {
    Some(Nodes::start("three", 3, 31_000 + std::process::id() % 700, None)?.brokers)
}

/// A cluster of its own.
pub(crate) struct Nodes {
    /// Bootstrap addresses.
    pub(crate) brokers: String,
    folder: PathBuf,
}

impl Nodes {
    /// Starts it; `name` is unique in a process. Its ports are the first free ones from `port` on, which lies below the range
    /// that the system hands out by itself; where `advertise` is given, clients are told those from there on, and the nodes'
    /// are those from `port` on.
    pub(crate) fn start(name: &str, nodes: u32, port: u32, advertise: Option<u32>) -> Option<Self> {
        let there = |program: &str| {
            Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        };
        if !there("java") || !(there("mvn") || std::env::var_os("KAFKA_HOME").is_some()) {
            assert!(std::env::var_os("CI").is_none(), "CI needs Java 17 and Maven for the Kafka suite");
            did_not_run("the Kafka suite needs Java 17 and Maven, KAFKA_HOME or CHURNWATCH_TEST_BROKERS");
            return None;
        }
        let pid = std::process::id();
        let folder = folder(name);
        let mut command = script("start", &folder);
        command.args(["--nodes", &nodes.to_string(), "--port", &port.to_string(), "--parent", &pid.to_string()]);
        match advertise {
            Some(advertise) => command.args(["--advertise", &advertise.to_string()]),
            None => command.arg("--free"),
        };
        let output = command.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "the broker did not start");
        Some(Self { brokers: String::from_utf8(output.stdout).unwrap().trim().to_owned(), folder })
    }

    /// Its folder; that of node N is `node-N` in it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops a node, or all; `hard` without a word.
    pub(crate) fn stop(&self, node: Option<i32>, hard: bool) {
        self.run("stop", node, if hard { &["--hard"] } else { &[] });
    }

    /// Starts a node, or all, again.
    pub(crate) fn up(&self, node: Option<i32>) {
        self.run("up", node, &[]);
    }

    /// Runs a tool of Kafka's against it.
    pub(crate) fn tool(&self, name: &str, arguments: &[&str]) {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"));
        let done = command.args(["tool", name, "--bootstrap-server", &self.brokers]).args(arguments).output().unwrap();
        let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("");
        assert!(done.status.success(), "{name} {arguments:?}: {said}");
    }

    /// All nodes stand still, with their connections, until this is dropped.
    pub(crate) fn frozen(&self) -> Frozen<'_> {
        self.signal("STOP");
        Frozen(self)
    }

    fn signal(&self, signal: &str) {
        let pids = format!("kill -{signal} $(cat {}/node-*/pid)", self.folder.display());
        assert!(Command::new("sh").arg("-c").arg(pids).status().unwrap().success());
    }

    fn run(&self, what: &str, node: Option<i32>, more: &[&str]) {
        let node = node.map(|node| ["--node".to_owned(), node.to_string()]);
        let status = script(what, &self.folder).args(node.iter().flatten()).args(more).status();
        assert!(status.unwrap().success(), "kafka.sh {what}");
    }
}

/// Nodes that stand still.
pub(crate) struct Frozen<'a>(&'a Nodes);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.signal("CONT");
    }
}

/// The folder of the cluster of that name, started or not.
pub(crate) fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("churnwatch-kafka-{}-{name}", std::process::id()))
}

fn script(what: &str, folder: &Path) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"));
    command.arg(what).arg("--dir").arg(folder);
    command
}
