//! Events in other shapes than our own: the same shop gives the same warnings in each, and what the specifications'
//! own examples tell is what it should be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "support/foreign.rs"]
mod foreign;
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use churnwatch::config::load::check;
use churnwatch::config::settings::Settings;
use churnwatch::engine::day::Millis;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use serde_json::{Value, json};

use foreign::{Foreign, SHAPES, Teller, configuration};
use support::model::model;
use support::shop::{END, lines};

/// 2026-06-01T00:00:00Z, later than all of the shop.
const WALL: Millis = Millis(1_780_272_000_000);

fn settings(toml: &str) -> Settings {
    check(toml::from_str::<Value>(toml).unwrap()).unwrap()
}

/// Everything that is published of these records, with what is known of each customer at the end.
fn play(settings: &Settings, topic: &str, records: &[(String, Foreign)]) -> (Vec<(OutTopic, Vec<u8>)>, Vec<Value>) {
    let settings = settings.clone().until(Some(END));
    let mut processor = Processor::new(Arc::new(settings.of_files(settings.setup(1), topic)), 0, model());
    let (mut batch, mut seen) = (Batch::new(), Vec::new());
    let mut commit = |processor: &mut Processor, batch: &mut Batch| {
        let shown = batch.iter().filter(|record| record.topic != OutTopic::Profiles);
        seen.extend(shown.map(|record| (record.topic, record.value.unwrap_or_default().to_vec())));
        batch.clear();
        processor.committed();
    };
    for (offset, (customer, foreign)) in records.iter().enumerate() {
        let headers: Vec<(&str, &[u8])> =
            foreign.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let record = RawRecord::new(Some(customer.as_bytes()), Some(&foreign.value), WALL);
        processor.process(0, offset as i64, &RawRecord { headers: &headers, ..record }, WALL, &mut batch);
        let time = Time { wall: WALL, at_end: &[false], source_alive: true };
        while processor.advance(&time, &mut batch) == Progress::More {}
        commit(&mut processor, &mut batch);
    }
    let time = Time { wall: WALL, at_end: &[true], source_alive: true };
    while processor.advance(&time, &mut batch) == Progress::More {
        commit(&mut processor, &mut batch);
    }
    let known = processor.profiles_json(None).collect();
    (seen, known)
}

#[test]
fn the_same_shop_gives_the_same_warnings_in_every_shape() {
    let shop: Vec<(String, Value)> = lines(150, 420, 7)
        .into_iter()
        .map(|(customer, line)| (customer, serde_json::from_slice(&line).unwrap()))
        .collect();
    for shape in SHAPES {
        let (mut ours, mut theirs, mut teller) = (Vec::new(), Vec::new(), Teller::new(shape));
        let mut kinds = BTreeMap::new();
        for (customer, event) in &shop {
            let Some(known) = teller.known(event) else { continue };
            *kinds.entry(known["type"].to_string()).or_insert(0) += 1;
            let value = serde_json::to_vec(&known).unwrap();
            ours.push((customer.clone(), Foreign { headers: Vec::new(), value }));
            theirs.push((customer.clone(), teller.tell(&known)));
        }
        let settings = settings(&configuration(shape));
        let (seen, known) = play(&settings, "churn.events", &ours);
        let (seen_theirs, known_theirs) = play(&settings, "foreign.events", &theirs);
        let letters = seen.iter().filter(|(topic, _)| *topic == OutTopic::DeadLetters).count();
        assert_eq!(letters, 0, "{shape}");
        // An order told again at a change that comes when its purchase is too late is a letter; nothing else is.
        let (letters, rest): (Vec<_>, Vec<_>) =
            seen_theirs.into_iter().partition(|(topic, _)| *topic == OutTopic::DeadLetters);
        assert!(
            letters.len() * 100 < theirs.len() && (letters.is_empty() || shape != "segment"),
            "{shape} {}",
            letters.len()
        );
        let alerts = rest.iter().filter(|(topic, _)| *topic == OutTopic::Alerts).count();
        println!("{shape}: {} records of {kinds:?}, {alerts} alerts, {} letters", theirs.len(), letters.len());
        assert!(alerts > 50, "{shape}: {alerts} alerts");
        for (at, (ours, theirs)) in seen.iter().zip(&rest).enumerate() {
            let text = |record: &(OutTopic, Vec<u8>)| (record.0, String::from_utf8_lossy(&record.1).into_owned());
            assert_eq!(text(ours), text(theirs), "{shape}, output {at}");
        }
        assert_eq!(seen.len(), rest.len(), "{shape}");
        assert_eq!(known, known_theirs, "{shape}");
    }
}

/// tests/fixtures/inputs/SHAPE.jsonl holds records after the specifications' own examples; beside each stands in
/// SHAPE.told.jsonl what `config check --sample` makes of it.
#[test]
fn the_specifications_own_examples_are_understood() {
    let folder = Path::new("tests/fixtures/inputs");
    for shape in SHAPES {
        let config = std::env::temp_dir().join(format!("churnwatch-inputs-{shape}-{}.toml", std::process::id()));
        let own = folder.join(format!("{shape}.toml"));
        let text = std::fs::read_to_string(&own).unwrap_or_else(|_| configuration(shape));
        std::fs::write(&config, text).unwrap();
        let sample = folder.join(format!("{shape}.jsonl"));
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_churnwatch"))
            .args(["config", "check", "--json", "--topic", "foreign.events", "--sample"])
            .arg(&sample)
            .arg("--config")
            .arg(&config)
            .output()
            .unwrap();
        std::fs::remove_file(&config).unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let kept = folder.join(format!("{shape}.told.jsonl"));
        if support::blessed() {
            std::fs::write(&kept, &told).unwrap();
        }
        assert_eq!(
            told,
            std::fs::read_to_string(&kept).unwrap(),
            "{shape}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let refused = told.lines().any(|line| !serde_json::from_str::<Value>(line).unwrap()["reason"].is_null());
        assert_eq!(output.status.code(), Some(i32::from(refused)), "{shape}");
        assert_eq!(told.lines().count(), std::fs::read_to_string(&sample).unwrap().lines().count(), "{shape}");
    }
}

/// A wrong shape in the configuration is told, all of it at once.
#[test]
fn every_fault_of_an_input_is_named() {
    let faults = check(json!({
        "topics": {"events": ["churn.events", "a", "b", "c"]},
        "inputs": {
            "nowhere": {"format": "segment"},
            "a": {"format": "mapping"},
            "b": {"format": "debezium", "status": "/state", "order": {"order_id": "id", "amount": {"at": "/a", "decimals": 12}}},
            "c": {"format": "mapping", "events": [{"fields": {
                "type": "/t", "customer_id": {"at": "/c", "key": true}, "time": {"at": "/t", "time": "yesterday"},
                "colour": "/c", "amount": {"at": "/a", "time": "seconds"}}, "items": {"sku": "/s"}}]},
        },
    }))
    .unwrap_err();
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let told = [
        "inputs.nowhere: is no input",
        "inputs.a.events: format = \"mapping\" gives rules",
        "inputs.b.order: must have customer_id",
        "inputs.b.order: must have time",
        "inputs.b.order.order_id: \"id\" is no JSON Pointer",
        "inputs.b.order.amount.decimals: must be at most 9",
        "inputs.b.status: status and cancelled belong together",
        "inputs.c.events.0.fields.customer_id: must have one of at, constant and key = true",
        "inputs.c.events.0.fields.time.time: is days, seconds",
        "inputs.c.events.0.fields.colour: is no field of ours",
        "inputs.c.events.0.fields.amount.time: belongs to an instant",
        "inputs.c.events.0.items: must have each",
    ];
    for told in told {
        assert!(faults.iter().any(|fault| fault.starts_with(told)), "{told}: {faults:#?}");
    }
    assert_eq!(faults.len(), told.len(), "{faults:#?}");
    let foreign =
        json!({"topics": {"events": ["a"]}, "inputs": {"a": {"format": "shopify"}}, "rekey": {"topics": ["b"]}});
    let none = check(foreign).unwrap_err();
    assert!(none[0].to_string().starts_with("rekey.topics: need an input"), "{none:?}");
}
