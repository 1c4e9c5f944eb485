//! A real broker for the time of the benchmark; its data goes with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::options::Options;
use crate::support::process::Process;

/// Laid over the settings of the tests, whose log cleaner never rests: these are Kafka's own defaults.
const DEFAULTS: [&str; 3] =
    ["log.roll.ms=604800000", "log.cleaner.min.cleanable.ratio=0.5", "log.cleaner.backoff.ms=15000"];

/// A broker that is used, and stopped in the end if it was started here.
pub(crate) struct Broker {
    pub(crate) address: String,
    /// Its process, where it is on this machine and known.
    pub(crate) process: Option<Process>,
    folder: Option<PathBuf>,
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"))
}

impl Broker {
    /// The one that is given, or one of its own.
    pub(crate) fn of(options: &Options) -> Self {
        if let Some(address) = &options.brokers {
            let process = options.broker_pid.map(Process);
            return Self { address: address.clone(), process, folder: None };
        }
        let pid = std::process::id();
        let folder = options.data.clone().unwrap_or_else(std::env::temp_dir).join(format!("churnwatch-bench-{pid}"));
        // Below the range that the system hands out by itself.
        let port = 24_000 + pid % 6_000;
        let output = script()
            .args(["start", "--port", &port.to_string(), "--parent", &pid.to_string(), "--dir"])
            .arg(&folder)
            .args(DEFAULTS.iter().flat_map(|set| ["--set", set]))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "the broker did not start: Java 17 and Maven, or --brokers, are needed");
        let address = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let pid = std::fs::read_to_string(folder.join("node-1/pid")).unwrap();
        Self { address, process: Some(Process(pid.trim().parse().unwrap())), folder: Some(folder) }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = script().args(["stop", "--dir"]).arg(folder).status();
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
