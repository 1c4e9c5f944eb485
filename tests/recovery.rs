//! Recovery on a real Apache Kafka, in figures: restores, rebalances, SIGTERMs, and what the probes say meanwhile.
//!
//! `CHURNWATCH_LONG=1 cargo test --test recovery -- --nocapture` does everything as often as docs/testing.md says; without
//! it a few times, for CI. `CHURNWATCH_SEED` draws the moments.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "kafka/bench.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod bench;
#[path = "kafka/broker.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod broker;
#[path = "kafka/stand.rs"]
mod stand;
#[path = "recovery/changes.rs"]
mod changes;
#[path = "recovery/ends.rs"]
mod ends;
#[path = "recovery/feed.rs"]
mod feed;
#[path = "recovery/probes.rs"]
mod probes;
#[path = "recovery/restores.rs"]
mod restores;
#[path = "recovery/watch.rs"]
mod watch;
#[path = "recovery/writer.rs"]
mod writer;
mod support;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bench::Bench;
use broker::Nodes;
use support::draw::Draw;
use support::seed;

fn draw() -> Draw {
    Draw::new(seed())
}

/// The broker of this binary, for one test at a time: it is stopped and continued, and two cores carry no more.
fn alone() -> Option<(MutexGuard<'static, ()>, &'static Nodes)> {
    static TURN: Mutex<()> = Mutex::new(());
    static NODES: OnceLock<Option<Nodes>> = OnceLock::new();
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Below the range that the system hands out by itself, and beside those of the other suites.
    let nodes = NODES.get_or_init(|| Nodes::start("recovery", 1, 18_000 + std::process::id() % 1_800, None));
    Some((turn, nodes.as_ref()?))
}

/// On the event clock, with HTTP that answers as often as it is asked.
fn bench(brokers: &str, name: &str) -> Bench {
    let http = "[http]\nlisten = \"127.0.0.1:0\"\nrequests_per_second = 0\n";
    Bench::with(brokers, name, &format!("[time]\nclock = \"event\"\n{http}"))
}

/// Waits until something holds.
fn until(what: &str, patience: u64, mut holds: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(patience), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

/// Median, 90th and 99th percentile and the longest, in seconds.
fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1].as_secs_f64();
    let count = times.len();
    format!("{count:>4} × median {:.2}, p90 {:.2}, p99 {:.2}, max {:.2} s", at(0.5), at(0.9), at(0.99), at(1.0))
}
