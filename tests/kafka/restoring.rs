//! The service reads all partitions of the changelog at once; a plain reader of each must come to the same state.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use churnwatch::processor::topology::Processor;
use churnwatch::service::kafka::restore::restore;
use churnwatch::service::pulse::Pulse;
use churnwatch::wire::partition_record::ChangelogKey;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::Bench;
use crate::broker::broker;
use crate::shop;

const PARTITIONS: u32 = 12;

/// What the service restores, and that it tells of its progress to the end.
fn at_once(bench: &Bench, partitions: u32) -> Vec<Processor> {
    let (mut processors, left) = (bench.fresh(partitions), AtomicI64::new(0));
    let tell = |_, more| {
        left.fetch_add(more, Ordering::Relaxed);
    };
    restore(&bench.settings(), &mut processors, &tell, &Pulse::free()).unwrap();
    assert_eq!(left.into_inner(), 0);
    bench.ready(processors)
}

/// Everything that can be seen of a state.
fn seen(processors: &[Processor]) -> Vec<String> {
    let state = |one: &Processor| {
        let mut profiles: Vec<String> = one.profiles_json(None).map(|profile| profile.to_string()).collect();
        profiles.sort_unstable();
        format!("{} {:?} {:?} {profiles:#?}", one.partition(), one.closed_day(), one.offsets())
    };
    processors.iter().map(state).collect()
}

/// The service restores what a plain reader does.
pub(crate) fn same_as_plainly_read(bench: &Bench, partitions: u32) {
    assert_eq!(seen(&at_once(bench, partitions)), seen(&bench.restored(partitions)));
}

#[test]
fn partitions_with_records_above_an_open_transaction_and_empty_ones_are_restored_at_once() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "restoring", "2026-01-01");
    let path = shop(&bench, "8", "200", "2026-01-01", 11);
    bench.topics(PARTITIONS);
    same_as_plainly_read(&bench, PARTITIONS);
    bench.publish(&path);
    let mut replica = bench.serve();
    let started = Instant::now();
    // A partition without customers never closes.
    while !bench.closed_through_where_anybody_is(PARTITIONS, "2025-12-31", 8) {
        assert!(started.elapsed() < Duration::from_mins(2), "not closed");
        std::thread::sleep(Duration::from_millis(500));
    }
    replica.terminate();
    same_as_plainly_read(&bench, PARTITIONS);

    let (topic, before) = (bench.settings().file.topics.profiles, bench.restored(PARTITIONS));
    assert!(before.iter().any(|one| one.customers() == 0), "no partition is empty");
    let crowded = before.iter().find(|one| one.customers() > 1).unwrap().partition() as i32;
    let mut keys: Vec<Vec<u8>> =
        bench.committed(&topic).into_iter().filter(|one| one.0 == crowded).map(|one| one.1).collect();
    keys.retain(|key| matches!(ChangelogKey::read(key), Some(ChangelogKey::Customer(_))));
    keys.sort_unstable();
    keys.dedup();
    let tombstone = |producer: &BaseProducer, key: &[u8]| {
        let record = BaseRecord::<[u8], [u8]>::to(&topic).key(key).partition(crowded);
        producer.send(record).map_err(|(fault, _)| fault).unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();
    };
    let open =
        [("transactional.id", topic.as_str()), ("transaction.timeout.ms", "3000"), ("message.timeout.ms", "2000")];
    let open: BaseProducer = bench.client(&open).create().unwrap();
    open.init_transactions(Duration::from_secs(30)).unwrap();
    open.begin_transaction().unwrap();
    tombstone(&open, &keys[0]);
    tombstone(&bench.client(&[]).create().unwrap(), &keys[1]);
    let begun = Instant::now();
    let after = at_once(&bench, PARTITIONS);
    assert!(begun.elapsed() > Duration::from_secs(1), "the open transaction was not waited for");
    let gone = |key: &[u8]| {
        let id = String::from_utf8_lossy(key);
        after.iter().all(|one| one.customer_json(&id).is_none())
    };
    assert!(!gone(&keys[0]), "what was never committed counts");
    assert!(gone(&keys[1]), "what lies above the open transaction is missing");
    assert_eq!(seen(&after), seen(&bench.restored(PARTITIONS)));
}
