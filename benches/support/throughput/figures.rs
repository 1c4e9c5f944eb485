//! What was measured of one run; one JSON line each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::support::process::Look;

/// What was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// A consumer with the settings of the service that looks at nothing.
    Poll,
    /// The same, and every event parsed.
    Parse,
    /// `churnwatch serve`.
    Service,
    /// Kafka Streams.
    Rival,
}

impl Step {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Poll => "bare poll",
            Self::Parse => "poll + parse",
            Self::Service => "service",
            Self::Rival => "rival",
        }
    }
}

/// One run from the first record to the last commit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) events: u64,
    pub(crate) wall_s: f64,
    pub(crate) events_per_s: f64,
    /// From the moment half of the events were committed.
    pub(crate) second_half_events_per_s: f64,
    /// CPU microseconds an event, of the whole process, its start included.
    pub(crate) client_us: f64,
    pub(crate) second_half_client_us: f64,
    pub(crate) broker_us: Option<f64>,
    /// Cores that neither client nor broker used: above a quarter the run says little.
    pub(crate) others_cores: f64,
    pub(crate) peak_mib: f64,
    /// What was written, by topic.
    pub(crate) out: BTreeMap<String, Out>,
}

/// Records in a topic and their bytes: of the service keys and values, of the rival what its producer sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Out {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Figures {
    /// From the looks at the first record, at half of the events (with their number then) and at the end.
    pub(crate) fn of(events: u64, first: Look, (half, halved): (Look, u64), end: Look) -> Self {
        let rest = (events - halved) as f64;
        let each = |seconds: f64| seconds * 1e6 / events as f64;
        Self {
            events,
            wall_s: end.since(first),
            events_per_s: events as f64 / end.since(first),
            second_half_events_per_s: rest / end.since(half),
            client_us: each(end.client),
            second_half_client_us: (end.client - half.client) * 1e6 / rest,
            broker_us: end.broker_since(first).map(each),
            others_cores: end.others_since(first),
            peak_mib: f64::NAN,
            out: BTreeMap::new(),
        }
    }
}

/// One line of the results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) workload: String,
    pub(crate) step: Step,
    /// Workers, or threads of the rival.
    pub(crate) workers: u32,
    pub(crate) round: u32,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// A file of JSON lines that is written as the runs end, so that an interrupted benchmark has said what it knew.
pub(crate) struct Lines(File);

impl Lines {
    pub(crate) fn create(folder: &Path, name: &str) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let path = folder.join(format!("{name}-{stamp}.jsonl"));
        println!("results: {}", path.display());
        let mut lines = Self(File::create(path).unwrap());
        lines.add(&machine());
        lines
    }

    pub(crate) fn add(&mut self, line: &impl Serialize) {
        let mut text = serde_json::to_vec(line).unwrap();
        text.push(b'\n');
        self.0.write_all(&text).unwrap();
    }
}

/// When and where.
fn machine() -> serde_json::Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
    };
    serde_json::json!({
        "date": jiff::Timestamp::now().strftime("%F").to_string(),
        "cpu": value(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": value(&read("/proc/meminfo"), "MemTotal"),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}

/// The middle of several values; of an even number the mean of the two in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}
