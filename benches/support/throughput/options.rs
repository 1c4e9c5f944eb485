//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::support::figures::Step;
use crate::support::workload::{W1, W2, Workload};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Events a second, CPU, memory.
    Throughput,
    /// Process start to ready with the state of so many customers.
    Restore,
    /// Event to visible output at 10,000 events a second.
    Latency,
}

/// A workload by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    W1,
    W2,
}

/// The work of a fresh process of this very program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Probe {
    Poll,
    Parse,
}

/// Measures the service on a real Kafka against a bare consumer and against Kafka Streams.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// What to measure; nothing: everything.
    pub(crate) what: Vec<What>,
    /// One workload alone.
    #[arg(long, value_enum)]
    pub(crate) only: Option<Only>,
    /// Rounds; in each everything runs once.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// Numbers of workers, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    pub(crate) workers: Vec<u32>,
    /// What of the throughput runs, separated by commas; by default all.
    #[arg(long, value_enum, value_delimiter = ',')]
    steps: Vec<Step>,
    /// Customers whose state is restored; above a hundred thousand, a whole number of them.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) customers: u64,
    /// A tenth of the events, one round: to see that it runs, never for figures.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Folder of the Kafka Streams rival; where there is none it is left out.
    #[arg(long, env = "CHURNWATCH_RIVAL", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/peers/kafka-streams"))]
    pub(crate) rival: PathBuf,
    /// Leave the rival out.
    #[arg(long)]
    pub(crate) no_rival: bool,
    /// A cluster that is there, instead of a broker of its own.
    #[arg(long)]
    pub(crate) brokers: Option<String>,
    /// The process of that broker, for its CPU.
    #[arg(long)]
    pub(crate) broker_pid: Option<u32>,
    /// Folder in which the broker keeps its data; the system's for temporary files by default.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Model artifact of the service; the default model by default.
    #[arg(long)]
    pub(crate) model: Option<PathBuf>,
    /// The program that is measured.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_churnwatch"))]
    pub(crate) program: PathBuf,
    /// Runs as a measured consumer.
    #[arg(long, hide = true)]
    pub(crate) probe: Option<Probe>,
    /// Configuration of that consumer.
    #[arg(long, hide = true)]
    pub(crate) config: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Options {
    pub(crate) fn rounds(&self) -> u32 {
        if self.quick { 1 } else { self.rounds }
    }

    pub(crate) fn wants(&self, what: What) -> bool {
        self.what.is_empty() || self.what.contains(&what)
    }

    pub(crate) fn wants_step(&self, step: Step) -> bool {
        self.steps.is_empty() || self.steps.contains(&step)
    }

    /// Customers whose state is restored.
    pub(crate) const fn customers(&self) -> u64 {
        if self.quick { self.customers / 10 } else { self.customers }
    }

    /// As large as it is to be run.
    pub(crate) const fn sized(&self, workload: Workload) -> Workload {
        if self.quick { workload.tenth() } else { workload }
    }

    pub(crate) fn workloads(&self) -> Vec<Workload> {
        let all = [(Only::W1, W1), (Only::W2, W2)];
        let wanted = all.into_iter().filter(|(name, _)| self.only.is_none_or(|only| only == *name));
        wanted.map(|(_, workload)| self.sized(workload)).collect()
    }
}
