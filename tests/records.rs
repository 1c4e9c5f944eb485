//! Bad records each end in dead letters with the right reason; the stream around them is unharmed and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::Millis;
use churnwatch::engine::event::Reason;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use proptest::prelude::{any, prop, prop_assert, proptest};

use support::bad::bad_records;
use support::model::model;

/// 2026-01-01T00:00:00Z.
const WALL: Millis = Millis(1_767_225_600_000);

/// A good purchase.
fn purchase(id: &str, customer: &str, order: u32) -> Vec<u8> {
    format!(
        r#"{{"id":"{id}","type":"purchase","customer_id":"{customer}","time":"2025-06-01T12:00:00Z","order_id":"o{order}","amount":"10.00","currency":"CNY","items":[{{"sku":"a"}}]}}"#
    )
    .into_bytes()
}

fn processor() -> Processor {
    Processor::new(Arc::new(load(None).unwrap().until(None).setup(1)), 0, model())
}

#[test]
fn each_bad_record_is_a_dead_letter_with_its_reason_and_harms_nobody() {
    let bad = bad_records();
    let (mut processor, mut batch) = (processor(), Batch::new());
    let mut offset = 0;
    let mut take = |key: Option<&[u8]>, value: &[u8], batch: &mut Batch| {
        processor.process(0, offset, &RawRecord::new(key, Some(value), WALL), WALL, batch);
        offset += 1;
    };
    for (at, one) in bad.iter().enumerate() {
        let name = &one.file;
        take(one.key.as_deref(), &one.value, &mut batch);
        {
            let letters: Vec<_> = batch.iter().collect();
            let [letter] = letters.as_slice() else { unreachable!("{name}: {} records", letters.len()) };
            assert_eq!(letter.topic, OutTopic::DeadLetters, "{name}");
            assert_eq!((letter.key, letter.value), (one.key.as_deref(), Some(one.value.as_slice())), "{name}");
            let header = |wanted: &str| {
                let found = letter.headers.iter().find(|(name, _)| *name == wanted);
                found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
            };
            assert_eq!(header("reason"), one.reason, "{name}");
            assert_eq!((header("topic").as_str(), header("partition").as_str()), ("churn.events", "0"));
            assert_eq!(header("offset"), (2 * at).to_string());
        }
        batch.clear();
        // A good neighbour after each.
        take(Some(b"bob"), &purchase(&format!("g{at}"), "bob", 0), &mut batch);
        assert!(batch.is_empty(), "{name}: its neighbour suffered");
    }
    let stats = processor.committed();
    assert_eq!(stats.all_dead_letters(), bad.len() as u64);
    assert_eq!(stats.records, 2 * bad.len() as u64);
    let bob = processor.customer_json("bob").unwrap();
    assert_eq!(bob.pointer("/purchases").unwrap().as_u64().unwrap(), bad.len() as u64);
    assert!(processor.customer_json("ann").is_none());
}

#[test]
fn every_reason_has_its_record() {
    let seen: BTreeSet<String> = bad_records().into_iter().map(|one| one.reason).collect();
    // These need a history, which tests/records.rs and the simulation make, or a frame, as in tests/registry.rs.
    let elsewhere = ["too late", "state full", "bad encoding", "unknown schema"];
    let missing: Vec<&str> = Reason::ALL
        .map(Reason::words)
        .into_iter()
        .filter(|words| !seen.contains(*words) && !elsewhere.contains(words))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_tombstone_in_the_input_is_not_json() {
    let (mut processor, mut batch) = (processor(), Batch::new());
    processor.process(0, 0, &RawRecord::new(Some(b"ann"), None, WALL), WALL, &mut batch);
    assert_eq!(batch.iter().next().map(|letter| (letter.topic, letter.value)), Some((OutTopic::DeadLetters, None)));
}

/// An id that many share fills up; what comes beyond is refused, and a later day makes room again.
#[test]
fn one_customer_cannot_grow_without_bound() {
    let (mut processor, mut batch) = (processor(), Batch::new());
    for order in 0..2_100 {
        let value = purchase(&format!("e{order}"), "guest", order);
        let record = RawRecord::new(Some(b"guest"), Some(&value), WALL);
        processor.process(0, i64::from(order), &record, WALL, &mut batch);
    }
    let reasons = batch.iter().filter_map(|letter| letter.headers.iter().find(|(name, _)| *name == "reason"));
    let full = reasons.filter(|(_, reason)| &**reason == b"state full").count();
    assert_eq!(full, 100);
    let later = String::from_utf8(purchase("later", "guest", 0)).unwrap().replace("2025-06-01", "2025-10-01");
    let record = RawRecord::new(Some(b"guest"), Some(later.as_bytes()), WALL);
    batch.clear();
    processor.process(0, 2_100, &record, WALL, &mut batch);
    assert!(batch.iter().all(|record| record.topic != OutTopic::DeadLetters));
    assert_eq!(processor.customer_json("guest").unwrap().pointer("/purchases").unwrap(), 2_001);
}

/// A key that would not fit a message is cut, its digest kept.
#[test]
fn an_enormous_key_is_cut_and_harms_nobody() {
    let (mut processor, mut batch) = (processor(), Batch::new());
    let (key, value) = (vec![b'k'; 300_000], vec![b'v'; 950_000]);
    processor.process(0, 0, &RawRecord::new(Some(&key), Some(&value), WALL), WALL, &mut batch);
    let letter = batch.iter().next().unwrap();
    assert_eq!((letter.key.unwrap().len(), letter.value.unwrap().len()), (65_536, 65_536));
    let names: Vec<&str> = letter.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        ["reason", "topic", "partition", "offset", "timestamp", "sha256", "size", "key_sha256", "key_size"]
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..150, flip in any::<u8>()) {
        let rules = EventRules::plain(Currency::CNY);
        let mut good = purchase("e1", "ann", 1);
        if let Some(byte) = good.get_mut(cut) {
            *byte = flip;
        }
        for value in [&bytes, &good] {
            let record = RawRecord::new(Some(b"ann"), Some(value), WALL);
            let mut scratch = Scratch::default();
            if let Ok(parsed) = parse(&rules, &record, WALL, &mut scratch) {
                prop_assert!(parsed.event.customer == "ann");
            }
        }
    }
}
