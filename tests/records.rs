//! Bad records each end in dead letters with the right reason; the stream around them is unharmed and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::day::Millis;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use proptest::prelude::{any, prop, prop_assert, proptest};

/// 2026-01-01T00:00:00Z.
const WALL: Millis = Millis(1_767_225_600_000);

/// An event with fields put in or over; `∅` takes a field out.
fn event(kind: &str, changes: &[(&str, &str)]) -> Vec<u8> {
    let base = [("id", "\"e1\""), ("type", kind), ("customer_id", "\"ann\""), ("time", "\"2025-06-01T12:00:00Z\"")];
    let mut fields: Vec<(&str, &str)> = base.to_vec();
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    let fields = fields.iter().filter(|(_, value)| *value != "∅").map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(",")).into_bytes()
}

fn purchase(changes: &[(&str, &str)]) -> Vec<u8> {
    event("\"purchase\"", &[&[("amount", "\"10.00\""), ("currency", "\"CNY\"")], changes].concat())
}

/// What is wrong, key, value, the reason expected.
type Bad = (String, Option<Vec<u8>>, Vec<u8>, &'static str);
/// Type, fields, the reason expected.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'static str);

/// Every kind of bad record.
fn bad() -> Vec<Bad> {
    let ann = || Some(b"ann".to_vec());
    let long = format!("\"{}\"", "x".repeat(129));
    let deep = |count: usize| format!("{}1{}", "[".repeat(count), "]".repeat(count));
    let mut bad: Vec<Bad> = Vec::new();
    let mut add =
        |name: String, key: Option<Vec<u8>>, value: Vec<u8>, reason: &'static str| bad.push((name, key, value, reason));
    for (name, bytes) in
        [("lone byte", &b"\xff"[..]), ("cut character", b"{\"id\":\"\xe4\xbd\"}"), ("latin 1", b"{\"id\":\"caf\xe9\"}")]
    {
        add(name.into(), ann(), bytes.to_vec(), "not UTF-8");
    }
    for text in [
        "",
        " ",
        "null",
        "true",
        "7",
        "\"event\"",
        "[]",
        "{",
        "{\"id\":}",
        "{\"id\":\"e1\",}",
        "{}x",
        "{'id':'e1'}",
        "{\"id\":01}",
        "<event/>",
        "{\"id\":\"\u{1}\"}",
        "NaN",
    ] {
        add(format!("text {text:?}"), ann(), text.into(), "not JSON");
    }
    add("giant".into(), ann(), purchase(&[("note", &format!("\"{}\"", "x".repeat(256 * 1024)))]), "too large");
    add("deep".into(), ann(), purchase(&[("items", &deep(32))]), "nested too deep");
    add("very deep".into(), ann(), purchase(&[("extra", &deep(500))]), "nested too deep");
    add("no key".into(), None, purchase(&[]), "no key");
    add("empty key".into(), Some(Vec::new()), purchase(&[]), "no key");
    add("other key".into(), Some(b"bob".to_vec()), purchase(&[]), "key and customer disagree");
    add("binary key".into(), Some(vec![0xff, 0]), purchase(&[]), "key and customer disagree");
    for field in ["id", "type", "customer_id", "time", "amount", "currency"] {
        add(format!("without {field}"), ann(), purchase(&[(field, "∅")]), "missing field");
        for value in ["null", "true", "[]", "{}"] {
            add(format!("{field} is {value}"), ann(), purchase(&[(field, value)]), "bad field");
        }
    }
    for field in ["id", "type", "customer_id", "currency", "order_id", "channel"] {
        add(format!("{field} is a number"), ann(), purchase(&[(field, "7")]), "bad field");
    }
    for field in ["id", "customer_id", "order_id"] {
        add(format!("{field} is empty"), ann(), purchase(&[(field, "\"\"")]), "bad field");
        add(format!("{field} is too long"), ann(), purchase(&[(field, &long)]), "bad field");
    }
    for time in
        ["\"yesterday\"", "\"\"", "\"2025-02-30T00:00:00Z\"", "\"2025-06-01T25:00:00Z\"", "1.5", "1e12", "\"12:00\""]
    {
        add(format!("time {time}"), ann(), purchase(&[("time", time)]), "bad field");
    }
    for (time, reason) in [
        ("\"1989-12-31T23:59:59Z\"", "too old"),
        ("0", "too old"),
        ("-1", "too old"),
        ("1735689600", "too old"),
        ("\"2026-01-01T01:00:01Z\"", "in the future"),
        ("\"2036-01-01T00:00:00Z\"", "in the future"),
        ("99999999999999", "in the future"),
    ] {
        add(format!("time {time}"), ann(), purchase(&[("time", time)]), reason);
    }
    for amount in [
        "-1",
        "\"-0.01\"",
        "\"\"",
        "\"ten\"",
        "\"1,50\"",
        "\"1.\"",
        "\"0x1\"",
        "1e400",
        "\"10000000000000000\"",
        "\"NaN\"",
        "\" 1\"",
    ] {
        add(format!("amount {amount}"), ann(), purchase(&[("amount", amount)]), "bad amount");
    }
    for currency in ["\"EUR\"", "\"cny\"", "\"XYZW\"", "\"\""] {
        add(format!("currency {currency}"), ann(), purchase(&[("currency", currency)]), "unknown currency");
    }
    for kind in ["\"Purchase\"", "\"\"", "\"order\"", "\"visit \""] {
        add(format!("type {kind}"), ann(), event(kind, &[]), "unknown type");
    }
    add("items is an object".into(), ann(), purchase(&[("items", "{}")]), "bad field");
    add("discount is a word".into(), ann(), purchase(&[("discount", "\"much\"")]), "bad amount");
    add("discount is null".into(), ann(), purchase(&[("discount", "null")]), "bad field");
    let cases: [Case<'_>; 16] = [
        ("\"review\"", &[], "missing field"),
        ("\"review\"", &[("rating", "0")], "bad field"),
        ("\"review\"", &[("rating", "\"5\"")], "bad field"),
        ("\"survey\"", &[("score", "5")], "missing field"),
        ("\"survey\"", &[("score", "11"), ("scale", "10")], "bad field"),
        ("\"survey\"", &[("score", "1"), ("scale", "0")], "bad field"),
        ("\"loyalty\"", &[], "missing field"),
        ("\"loyalty\"", &[("points", "1.5")], "bad field"),
        ("\"note\"", &[], "missing field"),
        ("\"note\"", &[("cause", "3")], "bad field"),
        ("\"contacted\"", &[("action", "\"call\"")], "missing field"),
        ("\"contacted\"", &[("action", "\"call\""), ("episode_id", "\"17\"")], "bad field"),
        (
            "\"contacted\"",
            &[("action", "\"call\""), ("episode_id", "\"2084a917-9d49-56f6-b5a8-5829c99de360\"")],
            "unknown episode",
        ),
        ("\"identity\"", &[], "missing field"),
        ("\"identity\"", &[("alias", "\"anna\"")], "needs rekey"),
        ("\"refund\"", &[], "unknown order"),
    ];
    for (kind, changes, reason) in cases {
        add(format!("{kind} {changes:?}"), ann(), event(kind, changes), reason);
    }
    let twice = String::from_utf8(purchase(&[])).unwrap().replace("\"id\":", "\"id\":\"e0\",\"id\":");
    add("id twice".into(), ann(), twice.into_bytes(), "bad field");
    bad
}

fn processor() -> Processor {
    let settings = load(None).unwrap().until(None);
    let model = include_bytes!("../models/default.json");
    Processor::new(Arc::new(settings.setup(1)), 0, Arc::new(Artifact::read(model).unwrap().model().unwrap()))
}

#[test]
fn each_bad_record_is_a_dead_letter_with_its_reason_and_harms_nobody() {
    let bad = bad();
    assert!(bad.len() >= 100, "{} kinds", bad.len());
    let (mut processor, mut batch) = (processor(), Batch::new());
    let mut offset = 0;
    let mut take = |key: Option<&[u8]>, value: &[u8], batch: &mut Batch| {
        processor.process(0, offset, &RawRecord { key, value: Some(value), timestamp: WALL }, WALL, batch);
        offset += 1;
    };
    for (at, (name, key, value, reason)) in bad.iter().enumerate() {
        take(key.as_deref(), value, &mut batch);
        {
            let letters: Vec<_> = batch.iter().collect();
            let [letter] = letters.as_slice() else { unreachable!("{name}: {} records", letters.len()) };
            assert_eq!(letter.topic, OutTopic::DeadLetters, "{name}");
            assert_eq!((letter.key, letter.value), (key.as_deref(), Some(value.as_slice())), "{name}");
            let header = |wanted: &str| {
                let found = letter.headers.iter().find(|(name, _)| *name == wanted);
                found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
            };
            assert_eq!(header("reason"), *reason, "{name}");
            assert_eq!((header("topic").as_str(), header("partition").as_str()), ("churn.events", "0"));
            assert_eq!(header("offset"), (2 * at).to_string());
        }
        batch.clear();
        // A good neighbour after each.
        let id = format!("\"g{at}\"");
        take(
            Some(b"bob"),
            &purchase(&[("id", &id), ("customer_id", "\"bob\""), ("time", "\"2025-06-01T12:00:00Z\"")]),
            &mut batch,
        );
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
fn a_tombstone_in_the_input_is_not_json() {
    let (mut processor, mut batch) = (processor(), Batch::new());
    processor.process(0, 0, &RawRecord { key: Some(b"ann"), value: None, timestamp: WALL }, WALL, &mut batch);
    assert_eq!(batch.iter().next().map(|letter| (letter.topic, letter.value)), Some((OutTopic::DeadLetters, None)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..150, flip in any::<u8>()) {
        let rules = EventRules::plain(Currency::CNY);
        let mut good = purchase(&[("items", "[{\"sku\":\"a\"}]")]);
        if let Some(byte) = good.get_mut(cut) {
            *byte = flip;
        }
        for value in [&bytes, &good] {
            let record = RawRecord { key: Some(b"ann"), value: Some(value), timestamp: WALL };
            let mut scratch = Scratch::default();
            if let Ok(parsed) = parse(&rules, &record, WALL, &mut scratch) {
                prop_assert!(parsed.event.customer == "ann");
            }
        }
    }
}
