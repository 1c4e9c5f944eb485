//! The service on a real Apache Kafka: what it commits equals what `replay` writes, whatever is killed meanwhile.
//!
//! Runs where Java and Maven, `KAFKA_HOME` or `CHURNWATCH_TEST_BROKERS` are there; in CI their absence is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "kafka/broker.rs"]
mod broker;
#[path = "kafka/bench.rs"]
mod bench;
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bench::{Bench, PROGRAM};
use broker::broker;
use support::draw::Draw;
use support::logs::log;

#[test]
fn a_real_log_with_one_replica_killed_equals_replay() {
    let (Some(brokers), Some(path)) = (broker(), log("online_retail_ii.csv.gz")) else { return };
    let bench = Bench::new(&brokers, "retail", "2011-12-10");
    bench.topics(12);
    bench.publish(&path);
    let mut first = bench.serve();
    let mut second = bench.serve();
    std::thread::sleep(Duration::from_secs(6));
    second.kill();
    std::thread::sleep(Duration::from_secs(1));
    second = bench.serve();
    bench.wait_until_closed(12, "2011-12-09");
    first.terminate();
    second.terminate();
    bench.compare_with_replay(&path, 12);
}

#[test]
fn a_generated_shop_with_three_replicas_killed_at_random_equals_replay() {
    let Some(brokers) = broker() else { return };
    let seed: u64 = std::env::var("CHURNWATCH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("seed {seed}; repeat with CHURNWATCH_SEED={seed}");
    let bench = Bench::new(&brokers, "shop", "2026-01-01");
    let path: PathBuf = bench.folder().join("shop.jsonl");
    let customers = if std::env::var_os("CHURNWATCH_FULL").is_some() { "45000" } else { "4000" };
    let generated = Command::new(PROGRAM)
        .args(["generate", "--customers", customers, "--days", "300", "--end", "2026-01-01", "--seed"])
        .arg(seed.to_string())
        .arg("--output")
        .arg(&path)
        .status();
    assert!(generated.unwrap().success());
    bench.topics(6);
    bench.publish(&path);
    let mut draw = Draw::new(seed);
    let mut replicas: Vec<_> = (0..3).map(|_| bench.serve()).collect();
    let (mut kills, mut terms) = (0, 0);
    while kills < 3 || terms < 2 {
        std::thread::sleep(Duration::from_millis(1_500 + draw.below(3_000)));
        let victim = &mut replicas[draw.below(3) as usize];
        if kills < 3 && (terms >= 2 || draw.below(2) == 0) {
            victim.kill();
            kills += 1;
        } else {
            victim.terminate();
            terms += 1;
        }
        *victim = bench.serve();
    }
    bench.wait_until_closed(6, "2025-12-31");
    for replica in &mut replicas {
        replica.terminate();
    }
    bench.compare_with_replay(&path, 6);
}

#[test]
fn what_is_missing_is_said_in_one_sentence() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "missing", "2026-01-01");
    let (code, said) = bench.run(&["serve"]);
    assert_eq!(code, 64);
    assert!(said.contains("missing topics") && said.contains("churnwatch topics create"), "{said}");
    bench.topics(3);
    let nobody = Bench::new("127.0.0.1:9", "nobody", "2026-01-01");
    let (code, said) = nobody.run(&["topics", "check"]);
    assert_eq!(code, 1);
    assert!(said.contains("no Kafka broker answers at 127.0.0.1:9"), "{said}");
}
