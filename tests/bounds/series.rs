//! Metrics cost the same however many customers there are.

use std::collections::BTreeSet;

use crate::bench::{Bench, shop};
use crate::crowds::one_off;
use crate::stage::{Feed, Served, alone, nodes};
use crate::support::size;

const PARTITIONS: u32 = 2;

#[test]
fn many_customers_have_the_series_of_ten() {
    let _turn = alone();
    let Some(nodes) = nodes() else { return };
    let count = size(1_000_000, 20_000);
    let bench = Bench::with(&nodes.brokers, "series", "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    bench.topics(PARTITIONS);
    let mut feed = Feed::new(&bench, PARTITIONS);
    let tell = |feed: &mut Feed, customers: &str, days: &str, end: &str| {
        let log = std::fs::read_to_string(shop(&bench, customers, days, end, 2)).unwrap();
        feed.log(&log);
    };
    tell(&mut feed, "10", "100", "2025-04-01");
    feed.finish();
    let mut served = Served::start(&bench);
    served.until_read(feed.sent());
    let names = |served: &Served| served.series().into_keys().collect::<BTreeSet<_>>();
    // The gauges are set every few seconds.
    served.until("seen ten customers", std::time::Duration::from_secs(30), |served| served.total("customers") == 10);
    let few = names(&served);

    // A shop of all habits besides those of whom there is one purchase.
    tell(&mut feed, "1000", "200", "2025-10-18");
    one_off(&mut feed, count, "2025-10-20T12:00:00Z");
    feed.finish();
    served.until_read(feed.sent());
    served.until("seen all customers", std::time::Duration::from_mins(2), |served| {
        served.total("customers") >= count as u64
    });
    let many = names(&served);
    let moves = served.total("segment_moves_total");
    served.replica.terminate();
    println!("{} series with 10 customers, {} with {count}; {moves} moves between segments", few.len(), many.len());
    assert!(moves > 100, "nothing happened that could have made a series");
    let difference: Vec<&String> = few.symmetric_difference(&many).collect();
    assert!(difference.is_empty(), "{difference:#?}");
    assert!(many.len() <= 500, "{} series", many.len());
}
