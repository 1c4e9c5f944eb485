//! A broker that lets the service write only so many bytes a second.

use std::time::Duration;

use crate::bench::{Bench, shop};
use crate::broker::Nodes;
use crate::stage::{Feed, Served, beside, port};
use crate::support::size;

const PARTITIONS: u32 = 2;

/// Sets or lifts the quota of every client.
fn quota(nodes: &Nodes, change: &[&str]) {
    let everybody = ["--alter", "--entity-type", "clients", "--entity-default"];
    nodes.tool("ConfigCommand", &[&everybody, change].concat());
}

#[test]
fn a_service_that_may_write_little_goes_on_slowly_and_loses_nothing() {
    let _turn = beside();
    let Some(nodes) = Nodes::start("slow", 1, port(7_300), None) else { return };
    let bench = Bench::new(&nodes.brokers, "slow", "2026-01-01");
    bench.topics(PARTITIONS);
    let log = std::fs::read_to_string(shop(&bench, &size(4_000, 1_000).to_string(), "200", "2026-01-01", 6)).unwrap();
    let mut feed = Feed::new(&bench, PARTITIONS);
    feed.log(&log);
    feed.finish();
    let rate = std::env::var("CHURNWATCH_QUOTA").unwrap_or_else(|_| "20000".into());
    quota(&nodes, &["--add-config", &format!("producer_byte_rate={rate}")]);
    let mut served = Served::start(&bench);
    let lag = served.until("behind", Duration::from_mins(1), |served| served.total("lag_records") > 0);
    println!("{} events, {rate} bytes a second: the lag is shown after {lag:?}", feed.sent());
    // A transaction as large as the backlog allows takes longer than it may: the service tries with less.
    let first = served.total("records_total");
    let on = served.until("going on", Duration::from_mins(3), |served| served.total("records_total") > first);
    std::thread::sleep(Duration::from_secs(size(60, 0) as u64));
    let (read, left) = (served.total("records_total"), served.total("lag_records"));
    let again = served.total("rolled_back_batches_total") + served.total("rebuilds_total");
    println!("{first} records read, more after {on:?}; then {read}, {left} behind, {again} transactions done again");
    let alive = served.answer("/livez").unwrap();
    assert_eq!(alive.0, 200, "{}", alive.1);
    assert!(read < feed.sent() as u64, "nothing held it back");
    quota(&nodes, &["--delete-config", "producer_byte_rate"]);
    served.until_read(feed.sent());
    served.until_closed(&bench, PARTITIONS, "2025-12-31");
    served.replica.terminate();
    bench.compare_with_topics(PARTITIONS);
    nodes.stop(None, true);
}
