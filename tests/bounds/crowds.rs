//! Too much of one thing: one customer with nearly all events, and millions of customers with one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use churnwatch::engine::day::Millis;
use churnwatch::wire::calendar::instant_text;

use crate::bench::Bench;
use crate::stage::{Feed, Served, alone, nodes};
use crate::support::size;

const PARTITIONS: u32 = 4;
/// 2025-01-01T00:00:00Z.
const BEGIN: i64 = 1_735_689_600_000;
const DAY: i64 = 86_400_000;

/// So many customers with one purchase each, all at this time.
pub(crate) fn one_off(feed: &mut Feed, count: usize, time: &str) {
    for number in 0..count {
        let id = format!("once-{number:07}");
        feed.event(&id, &format!(
            r#"{{"id":"p","type":"purchase","customer_id":"{id}","time":"{time}","amount":"{}.00","currency":"CNY"}}"#,
            1 + number % 90
        ));
    }
}

/// Nine events of ten are one customer's: all of them count, in their order, and nobody else waits for ever.
#[test]
fn a_customer_with_nine_tenths_of_all_events_is_one_customer() {
    let _turn = alone();
    let Some(nodes) = nodes() else { return };
    let count = size(1_000_000, 20_000);
    let bench = Bench::new(&nodes.brokers, "hot", "2026-01-01");
    bench.topics(PARTITIONS);
    let mut feed = Feed::new(&bench, PARTITIONS);
    let mut bought = 0;
    for number in 0..count {
        // A year, but for its last days, in which nothing more is heard of anybody.
        let time = instant_text(Millis(BEGIN + 300 * DAY * number as i64 / count as i64));
        let (hot, id) = (number % 10 != 0, format!("c{:07}", number / 10 % (count / 20)));
        let id = if hot { "hot" } else { id.as_str() };
        // 25 orders a day at most, so that those of 70 days, which are open, have room.
        let kind = if hot && number % (count / 7_000).max(4) == 1 {
            "purchase"
        } else if hot {
            "visit"
        } else {
            "purchase"
        };
        bought += usize::from(hot && kind == "purchase");
        feed.event(id, &format!(
            r#"{{"id":"e{number}","type":"{kind}","customer_id":"{id}","time":"{time}","amount":"10.00","currency":"CNY"}}"#
        ));
    }
    feed.finish();
    let mut served = Served::start(&bench);
    let took = served.until_read(count);
    println!("{count} events, 90 % of one customer: read after {took:?}");
    served.until_closed(&bench, PARTITIONS, "2025-12-31");
    served.replica.terminate();
    let hot = bench.restored(PARTITIONS).iter().find_map(|one| one.customer_json("hot")).unwrap();
    assert_eq!(hot["purchases"], bought as u64, "{hot}");
    assert_eq!(bench.committed(&bench.settings().file.topics.dead_letters).len(), 0);
    bench.compare_with_topics(PARTITIONS);
}

/// More customers than there is room for: the bound holds to the customer, and memory with it.
#[test]
fn customers_of_one_purchase_take_no_more_than_their_bound() {
    let _turn = alone();
    let Some(nodes) = nodes() else { return };
    let (count, most) = (size(5_000_000, 50_000), size(1_000_000, 10_000));
    let more = format!(
        "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n[service]\nmax_customers_per_partition = {most}\n"
    );
    let bench = Bench::with(&nodes.brokers, "once", &more);
    bench.topics(PARTITIONS);
    let mut served = Served::start(&bench);
    served.until("ready", Duration::from_mins(1), |served| {
        served.answer("/readyz").is_some_and(|(status, _)| status == 200)
    });
    let before = served.replica.peak_mib();
    let (mut feed, started) = (Feed::new(&bench, PARTITIONS), Instant::now());
    one_off(&mut feed, count, "2025-06-01T12:00:00Z");
    feed.finish();
    served.until_read(count);
    let (took, peak) = (started.elapsed(), served.replica.peak_mib());
    let refused: BTreeMap<usize, i64> =
        feed.next.iter().map(|sent| (sent - most as i64).max(0)).enumerate().filter(|(_, over)| *over > 0).collect();
    let over = refused.values().sum::<i64>();
    assert!(over > 0, "nobody was refused");
    served.until("told the letters", Duration::from_secs(30), |served| {
        served.series().get(r#"churnwatch_dead_letters_total{reason="state full"}"#) == Some(&(over as f64))
    });
    let held = count as i64 - over;
    served.until("told the customers", Duration::from_secs(30), |served| served.total("customers") as i64 == held);
    let bytes = served.total("state_bytes");
    served.replica.terminate();
    println!(
        "{count} customers, {held} held: published and read in {took:?}, {before} MiB before, {peak} MiB at most, {} bytes of state a customer",
        bytes / held as u64
    );
    // docs/operations.md: process_mib, resident_bytes and memory_spare.
    let sized = 200 + (held as f64 * 308.0 * 1.5 / f64::from(1 << 20)) as u64;
    assert!(peak <= sized, "{peak} MiB, {sized} by docs/operations.md");
    let mut letters: BTreeMap<usize, i64> = BTreeMap::new();
    for (.., headers) in bench.committed(&bench.settings().file.topics.dead_letters) {
        assert_eq!(headers["reason"], "state full");
        *letters.entry(headers["partition"].parse().unwrap()).or_default() += 1;
    }
    assert_eq!(letters, refused);
}
