//! What stands on the topics, byte for byte: a change that subscribers or a restart would notice shows here first.
//! `CHURNWATCH_BLESS=1 cargo test --test golden` writes the files of tests/golden anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::config::playbook;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::effect::{Facts, Scored};
use churnwatch::engine::money::Money;
use churnwatch::engine::scoring::model::Model;
use churnwatch::engine::scoring::reasons::Reasons;
use churnwatch::processor::batch::{Batch, OutRecord, OutTopic};
use churnwatch::processor::setup::{Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::artifact::{Artifact, ArtifactFault};
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::reasons::reasons;
use iso_currency::Currency;
use serde_json::{Value, json};

use support::blessed;
use support::model::{attentive, attentive_model};

const START: i32 = 20_000;
const UNTIL: Day = Day(START + 330);

fn setup() -> Arc<Setup> {
    let mut setup = load(None).unwrap().until(Some(UNTIL)).setup(1);
    let thresholds = Some([0.5, 0.65, 0.8]);
    let playbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/playbook.toml");
    let playbook = playbook::playbook(&playbook, setup.locale.currency, &setup.policy.segments).unwrap();
    setup.policy = Arc::new(Policy { thresholds, holdout_share: 0.3, playbook, ..(*setup.policy).clone() });
    Arc::new(setup)
}

/// A story with everything that can be said of a customer in it.
fn story() -> Vec<(String, Value)> {
    let mut events = Vec::new();
    let mut add = |day: i32, customer: &str, kind: &str, more: Value| {
        let number = events.len();
        let time = (i64::from(START + day) * 86_400 + 36_000 + number as i64) * 1_000;
        let mut event = json!({"id": format!("e{number}"), "type": kind, "customer_id": customer, "time": time});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        events.push((customer.to_owned(), event));
    };
    let bought = |amount: &str| json!({"amount": amount, "currency": "CNY"});
    for turn in 0..12 {
        let mut basket = bought("120.00");
        basket["channel"] = "store".into();
        basket["items"] =
            json!([{"category": "toys", "unit_price": 9}, {"category": "shoes", "quantity": 2, "unit_price": "50"}]);
        add(turn * 9, "ann", "purchase", basket);
        let mut reduced = bought("35.50");
        reduced["discount"] = "4.50".into();
        add(turn * 20, "bob", "purchase", reduced);
    }
    for number in 0..9 {
        add(
            number * 3,
            &format!("once-{number}"),
            "purchase",
            json!({"amount": 80, "currency": "CNY", "order_id": "o1"}),
        );
    }
    add(4, "once-0", "refund", json!({"order_id": "o1"}));
    add(5, "once-1", "refund", json!({"amount": "20.00", "currency": "CNY"}));
    add(6, "once-1", "refund", json!({"order_id": "nobody's"}));
    for (day, kind, more) in [
        (30, "survey", json!({"score": 3, "scale": 10})),
        (31, "review", json!({"rating": 2})),
        (32, "loyalty", json!({"points": 120, "expires": "2025-10-04"})),
        (33, "note", json!({"cause": "price"})),
        (34, "login", json!({})),
        (35, "visit", json!({"colour": "blue"})),
    ] {
        add(day, "once-2", kind, more);
    }
    for kind in ["visit", "product_view", "cart", "checkout", "message_sent", "message_opened", "message_clicked"] {
        add(60, "once-3", kind, json!({}));
    }
    add(150, "ann", "purchase", bought("99.00"));
    add(70, "once-4", "complaint", json!({}));
    add(72, "once-5", "opt_out", json!({}));
    add(75, "once-6", "forget", json!({}));
    add(76, "once-7", "identity", json!({"alias": "other"}));
    add(77, "once-8", "contacted", json!({"episode_id": "2084a917-9d49-56f6-b5a8-5829c99de360", "action": "call"}));
    for day in 0..110 {
        add(day * 3, &format!("tick-{}", day % 4), "visit", json!({}));
    }
    events.sort_by_key(|(_, event)| event.get("time").unwrap().as_i64());
    events
}

/// Every record that the story leads to.
fn told() -> (Processor, Batch) {
    let (mut processor, mut batch) = (Processor::new(setup(), 0, attentive_model()), Batch::new());
    let wall = Millis(i64::from(UNTIL.0) * 86_400_000);
    for (offset, (customer, event)) in story().iter().enumerate() {
        let value = event.to_string().into_bytes();
        let record = RawRecord::new(Some(customer.as_bytes()), Some(&value), wall);
        processor.process(0, offset as i64, &record, wall, &mut batch);
        let time = Time { wall, at_end: &[false], source_alive: true };
        while processor.advance(&time, &mut batch) == Progress::More {}
    }
    while processor.advance(&Time { wall, at_end: &[true], source_alive: true }, &mut batch) == Progress::More {}
    processor.flush(&mut batch);
    (processor, batch)
}

fn same(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if blessed() {
        std::fs::write(&path, written).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    for (at, (kept, written)) in kept.lines().zip(written.lines()).enumerate() {
        assert_eq!(kept, written, "{name}, line {}", at + 1);
    }
    assert_eq!(kept.lines().count(), written.lines().count(), "{name}");
}

fn line(record: &OutRecord<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (record.topic, record.value) {
        (OutTopic::Profiles, value) => {
            format!("{} {}", hex::encode(record.key.unwrap()), value.map_or("tombstone".into(), hex::encode))
        }
        (OutTopic::DeadLetters, _) => {
            let headers: Value =
                record.headers.iter().map(|(name, value)| (name.to_string(), Value::from(text(value)))).collect();
            json!({"headers": headers, "key": record.key.map(text), "value": record.value.map(text)}).to_string()
        }
        (OutTopic::Alerts | OutTopic::Risk | OutTopic::Outcomes | OutTopic::Events, value) => {
            value.map_or_else(|| format!("tombstone {}", text(record.key.unwrap())), text)
        }
    }
}

#[test]
fn the_records_are_as_they_were() {
    let (processor, batch) = told();
    for (topic, name) in [
        (OutTopic::Alerts, "alerts.jsonl"),
        (OutTopic::Outcomes, "outcomes.jsonl"),
        (OutTopic::Risk, "risk.jsonl"),
        (OutTopic::DeadLetters, "dead-letters.jsonl"),
        (OutTopic::Profiles, "changelog.txt"),
    ] {
        let mut written = String::new();
        for record in batch.iter().filter(|record| record.topic == topic) {
            writeln!(written, "{}", line(&record)).unwrap();
        }
        assert!(written.lines().count() >= 3, "{name} tells too little");
        same(name, &written);
    }
    let profiles: Vec<String> =
        processor.profiles_json(Some(UNTIL.plus(-1))).map(|profile| profile.to_string()).collect();
    same("profiles.jsonl", &(profiles.join("\n") + "\n"));
}

/// The state that a kept changelog holds.
fn restored(path: &Path, model: Arc<Model>) -> Processor {
    let mut restored = Processor::new(setup(), 0, model);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let (key, value) = line.split_once(' ').unwrap();
        let value = (value != "tombstone").then(|| hex::decode(value).unwrap());
        restored.restore(&hex::decode(key).unwrap(), value.as_deref()).unwrap();
    }
    restored
}

/// Whether all that was said before is said still; what is said besides does not matter.
fn says_at_least(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            before.iter().all(|(name, before)| now.get(name).is_some_and(|now| says_at_least(now, before)))
        }
        _ => now == before,
    }
}

/// What a release wrote is read by those after it: tests/fixtures/releases is never written anew. A release that changes a
/// format adds its own folder, and reads those before it.
#[test]
fn what_each_release_wrote_is_still_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/releases");
    let releases: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(releases.contains(&root.join("0.1.0")), "{releases:?}");
    for release in releases {
        let name = release.display();
        let kept = std::fs::read_to_string(release.join("profiles.jsonl")).unwrap();
        let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let model = Artifact::read(&std::fs::read(release.join("model.json")).unwrap()).unwrap().model().unwrap();
        let processor = restored(&release.join("changelog.txt"), attentive(&model));
        let told: Vec<Value> = processor.profiles_json(Some(UNTIL.plus(-1))).collect();
        assert!(kept.len() > 10 && told.len() == kept.len(), "{name}: {} profiles, {} kept", told.len(), kept.len());
        for (told, kept) in told.iter().zip(&kept) {
            assert!(says_at_least(told, kept), "{name}: {told}\ninstead of {kept}");
        }
    }
}

/// The changelog as it is kept is read back to the very state.
#[test]
fn the_kept_changelog_is_read_bit_for_bit() {
    let restored =
        restored(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/changelog.txt"), attentive_model());
    let state = |processor: &Processor| {
        let customers = processor.engine().state().iter().map(|(_, customer)| format!("{customer:?}"));
        let mut state: Vec<String> = customers.collect();
        state.sort();
        (state, processor.engine().clock().clone(), processor.offsets().to_vec())
    };
    assert_eq!(state(&restored), state(&told().0));
}

#[test]
fn the_default_model_is_written_as_it_is_read_and_refused_once_touched() {
    let kept = include_bytes!("../models/default.json");
    let artifact = Artifact::read(kept).unwrap();
    assert_eq!(artifact.write(), kept);
    let touched =
        String::from_utf8(kept.to_vec()).unwrap().replacen("\"alpha\": [\n      ", "\"alpha\": [\n      1", 1);
    assert_eq!(Artifact::read(touched.as_bytes()), Err(ArtifactFault::Checksum));
    let newer = String::from_utf8(kept.to_vec()).unwrap().replacen("\"schema_version\": 2", "\"schema_version\": 9", 1);
    assert_eq!(Artifact::read(newer.as_bytes()), Err(ArtifactFault::Schema(9)));
    assert!(matches!(Artifact::read(b"{}"), Err(ArtifactFault::Unreadable(_))));
}

/// Reference and contributions add up to the log-odds, and those to the score, in every alert.
#[test]
fn reasons_add_up() {
    let (_, batch) = told();
    let mut checked = 0;
    for record in batch.iter().filter(|record| record.topic == OutTopic::Alerts) {
        let alert: Value = serde_json::from_slice(record.value.unwrap()).unwrap();
        let number = |pointer: &str| alert.pointer(pointer).and_then(Value::as_f64);
        let Some(log_odds) = number("/data/log_odds") else { continue };
        let reasons = alert.pointer("/data/reasons").unwrap().as_array().unwrap();
        let sum: f64 = reasons.iter().map(|reason| reason.get("contribution").unwrap().as_f64().unwrap()).sum();
        assert!((number("/data/reference_log_odds").unwrap() + sum - log_odds).abs() < 1e-9, "{alert}");
        assert!((1.0 / (1.0 + (-log_odds).exp()) - number("/data/score").unwrap()).abs() < 1e-9, "{alert}");
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

/// A warning does not begin with what speaks for staying, and who buys rarer than within the horizon is spoken of so.
#[test]
fn the_first_reason_is_none_for_staying() {
    let facts = Facts {
        usual_gap_days: Some(382.0),
        recent_gap_days: None,
        last_spend: Money(9_000),
        usual_spend: Money(9_000),
        attention: 0.0,
        complaint_open: false,
        survey: None,
    };
    let told = |contributions, usual_gap_days: f64| -> Vec<String> {
        let scored = Scored {
            silence: 0.8,
            forward: 0.8,
            silence_days: 7,
            expected_churn: Day(90),
            horizon_days: 90,
            facts: Facts { usual_gap_days: Some(usual_gap_days), ..facts },
            reasons: Reasons { reference: 1.0, contributions, log_odds: 0.8 },
        };
        reasons(&scored, Currency::CNY).into_iter().map(|reason| reason.en).collect()
    };
    let (steady, kept) = ("purchases have been coming steadily", "recent spend speaks for staying");
    let silence = "7 days of silence; usually buys every 30";
    assert_eq!(told([-0.3, -0.2, -0.1, 0.0, 0.0, 0.0], 30.0), [silence, kept, steady], "nothing speaks for leaving");
    assert_eq!(told([-0.3, 0.2, -0.1, 0.0, 0.0, 0.0], 30.0), ["purchases have become rarer", kept, silence]);
    let rare = "7 days of silence; usually buys every 382, so that the next purchase may come too late";
    assert_eq!(told([0.3, 0.0, 0.0, 0.0, 0.0, 0.0], 382.0), [rare]);
}
