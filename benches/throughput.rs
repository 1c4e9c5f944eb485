//! The service on a real Kafka, against a bare consumer and against Kafka Streams: `deploy/bench.sh`, or
//! `cargo bench --bench throughput -- [throughput] [restore] [latency] --help`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first thing that is not as it should be"
)]

#[path = "support/throughput/mod.rs"]
mod support;

use std::path::Path;

use clap::Parser;
use support::broker::Broker;
use support::options::{Options, What};
use support::topics::Topics;
use support::{latency, probe, restore, rounds, workload};

fn main() {
    let options = Options::parse();
    if let Some(probe) = options.probe {
        probe::run(&options, probe);
        return;
    }
    workload::check();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    let broker = Broker::of(&options);
    let topics = Topics::new(&broker.address);
    if options.wants(What::Throughput) {
        rounds::run(&options, &broker, &topics, &folder);
    }
    if options.wants(What::Restore) {
        restore::run(&options, &broker, &topics, &folder);
    }
    if options.wants(What::Latency) {
        latency::run(&options, &broker, &topics, &folder);
    }
}
