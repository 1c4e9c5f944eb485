//! Every record fits its schema: what a story and a generated shop lead to, and what is read. A damaged one does not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use churnwatch::config::contracts::Contract;
use churnwatch::config::load::load;
use churnwatch::config::playbook;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::coming::Forecast;
use churnwatch::engine::day::Millis;
use churnwatch::engine::event::Reason;
use churnwatch::processor::batch::{Batch, OutRecord, OutTopic};
use churnwatch::processor::setup::{Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::forecast_json::forecast_json;
use churnwatch::wire::json_field::KNOWN;
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use jsonschema::Validator;
use serde_json::{Value, json};

use support::bad::bad_records;
use support::model::attentive_model;
use support::shop::{END, lines};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The validator of a contract; its schema is one itself.
fn validator(contract: Contract) -> Validator {
    let schema = contract.schema();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn fits(validator: &Validator, record: &Value) {
    let faults: Vec<String> =
        validator.iter_errors(record).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{record}");
}

fn golden(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file("tests/golden").join(name)).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A record as JSON; `None` is a tombstone.
fn as_json(record: &OutRecord<'_>) -> Option<Value> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if record.topic == OutTopic::DeadLetters {
        let headers: Value =
            record.headers.iter().map(|(name, value)| (name.to_string(), Value::from(text(value)))).collect();
        return Some(json!({"headers": headers, "key": record.key.map(text), "value": record.value.map(text)}));
    }
    record.value.map(|value| serde_json::from_slice(value).unwrap())
}

/// What a shop leads to, by contract: with playbook, segments and holdout, complaints, opt-outs, erasures and bad records.
fn shop_records() -> BTreeMap<&'static str, Vec<Value>> {
    let mut setup = load(None).unwrap().until(Some(END.plus(1))).setup(1);
    let playbook =
        playbook::playbook(&file("deploy/playbook.toml"), setup.locale.currency, &setup.policy.segments).unwrap();
    let thresholds = Some([0.5, 0.65, 0.8]);
    setup.policy = Arc::new(Policy { thresholds, holdout_share: 0.3, playbook, ..(*setup.policy).clone() });
    let (mut processor, mut batch) = (Processor::new(Arc::new(setup), 0, attentive_model()), Batch::new());
    let wall = Millis(i64::from(END.0 + 1) * 86_400_000);
    let mut events = lines(150, 500, 7);
    for (at, (customer, value)) in lines(150, 500, 7).iter().enumerate().filter(|(at, _)| at % 97 == 60) {
        let mut event: Value = serde_json::from_slice(value).unwrap();
        let more = match at % 5 {
            0 => json!({"type": "opt_out"}),
            1 => json!({"type": "forget"}),
            2 => json!({"type": "note", "cause": "price"}),
            3 => json!({"type": "survey", "score": 2, "scale": 10}),
            _ => json!({"type": "loyalty", "points": 50, "expires": "2025-11-30"}),
        };
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event["id"] = format!("more-{at}").into();
        events.insert(at, (customer.clone(), event.to_string().into_bytes()));
    }
    for (offset, (customer, value)) in events.iter().enumerate() {
        let record = RawRecord::new(Some(customer.as_bytes()), Some(value), wall);
        processor.process(0, offset as i64, &record, wall, &mut batch);
        let time = Time { wall, at_end: &[false], source_alive: true };
        while processor.advance(&time, &mut batch) == Progress::More {}
    }
    for (offset, bad) in bad_records().into_iter().enumerate() {
        let record = RawRecord::new(bad.key.as_deref(), Some(&bad.value), wall);
        processor.process(0, (events.len() + offset) as i64, &record, wall, &mut batch);
    }
    while processor.advance(&Time { wall, at_end: &[true], source_alive: true }, &mut batch) == Progress::More {}
    processor.flush(&mut batch);
    let of =
        |topic| batch.iter().filter(|record| record.topic == topic).filter_map(|record| as_json(&record)).collect();
    BTreeMap::from([
        ("alert", of(OutTopic::Alerts)),
        ("outcome", of(OutTopic::Outcomes)),
        ("risk", of(OutTopic::Risk)),
        ("dead-letter", of(OutTopic::DeadLetters)),
        ("profile", processor.profiles_json(Some(END)).collect()),
        ("timeline", timelines(&processor)),
        ("forecast", forecasts(&processor)),
    ])
}

/// The days of every customer.
fn timelines(processor: &Processor) -> Vec<Value> {
    let everybody =
        processor.profiles_json(Some(END)).map(|profile| profile["customer_id"].as_str().unwrap().to_owned());
    everybody.filter_map(|id| processor.timeline_json(&id)).collect()
}

/// What would be answered at the end, about one day, some and many, and by a replica that knows nothing yet.
fn forecasts(processor: &Processor) -> Vec<Value> {
    let locale = load(None).unwrap().setup(1).locale;
    let mut answers = vec![forecast_json(&Forecast::new(), 14, None, [0, 1], &locale)];
    for days in [1, 14, 365] {
        let mut forecast = Forecast::new();
        assert_eq!(processor.engine().forecast(days, 0, usize::MAX, &mut forecast), None);
        answers.push(forecast_json(&forecast, days, processor.closed_day(), [1, 1], &locale));
    }
    answers
}

/// What stands at a place in the records.
fn seen(records: &[Value], pointer: &str) -> Vec<String> {
    let texts = records.iter().filter_map(|record| record.pointer(pointer)?.as_str().map(str::to_owned));
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts.dedup();
    texts
}

/// The SDK writes attributes in its order and data by the alphabet.
#[test]
fn the_cloudevents_sdk_reads_every_alert_and_outcome_and_would_write_the_same() {
    for name in ["alerts.jsonl", "outcomes.jsonl"] {
        let text = std::fs::read_to_string(file("tests/golden").join(name)).unwrap();
        for line in text.lines() {
            let event: cloudevents::Event = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), line);
        }
    }
}

#[test]
fn everything_that_comes_out_fits_its_schema() {
    let shop = shop_records();
    for (contract, name) in [
        (Contract::Alert, "alerts.jsonl"),
        (Contract::Outcome, "outcomes.jsonl"),
        (Contract::Risk, "risk.jsonl"),
        (Contract::DeadLetter, "dead-letters.jsonl"),
        (Contract::Profile, "profiles.jsonl"),
    ] {
        let validator = validator(contract);
        let (story, shop) = (golden(name), shop.get(contract.name()).unwrap());
        assert!(story.len() >= 3 && shop.len() >= 50, "{name}: {} and {}", story.len(), shop.len());
        story.iter().chain(shop).for_each(|record| fits(&validator, record));
    }
    assert!(seen(shop.get("profile").unwrap(), "/episode/action/name").len() > 1, "profiles tell what is recommended");
    let forecasts = shop.get("forecast").unwrap();
    for answer in forecasts {
        fits(&validator(Contract::Forecast), answer);
    }
    let last = forecasts.last().unwrap();
    let sum: u64 = last["by_day"].as_array().unwrap().iter().map(|day| day["low"]["count"].as_u64().unwrap()).sum();
    assert!(sum > 10 && last["warnings"]["low"]["count"] == sum, "{last}");
    let mut damaged = last.clone();
    damaged["by_day"][0]["high"]["value_at_risk"] = json!(7.5);
    assert!(!validator(Contract::Forecast).is_valid(&damaged));
    let kinds = |of: &str| seen(shop.get(of).unwrap(), "/type").len();
    assert_eq!((kinds("alert"), kinds("outcome")), (5, 4), "the shop tells too little");
    assert_eq!(seen(shop.get("alert").unwrap(), "/data/cause"), ["erasure", "opt_out", "purchase", "score"]);
    assert!(shop.get("alert").unwrap().iter().any(|alert| alert.pointer("/data/changed/en").is_some()));
    assert!(shop.get("risk").unwrap().iter().any(|risk| risk["contactable"] == false));
    assert_eq!(seen(shop.get("outcome").unwrap(), "/data/arm"), ["holdout", "treated"]);
}

/// One thing changed: a field too many, one too few, a word that is none, a number out of its range, a day that is none.
#[test]
fn a_damaged_record_is_found() {
    let damage: [(Contract, &str, &str, Value); 15] = [
        (Contract::Alert, "alerts.jsonl", "/data/secret", json!(1)),
        (Contract::Alert, "alerts.jsonl", "/data/band", json!("low")),
        (Contract::Alert, "alerts.jsonl", "/data/score", json!(1.5)),
        (Contract::Alert, "alerts.jsonl", "/data/action/owner", Value::Bool(true)),
        (Contract::Alert, "alerts.jsonl", "/data/reasons/0/code", json!("weather")),
        (Contract::Alert, "alerts.jsonl", "/type", json!("churnwatch.alert.forgotten")),
        (Contract::Outcome, "outcomes.jsonl", "/data/opened_day", json!("11.10.2024")),
        (Contract::Alert, "alerts.jsonl", "/data/cause", json!("purchase")),
        (Contract::Outcome, "outcomes.jsonl", "/data/ending", json!("lapsed")),
        (Contract::Outcome, "outcomes.jsonl", "/data/arm", json!("both")),
        (Contract::Risk, "risk.jsonl", "/value_at_risk", json!(7.5)),
        (Contract::Risk, "risk.jsonl", "/contactable", json!(false)),
        (Contract::Risk, "risk.jsonl", "/forecast/0/day", json!("2024-13-01")),
        (Contract::DeadLetter, "dead-letters.jsonl", "/headers/reason", json!("bad luck")),
        (Contract::Profile, "profiles.jsonl", "/windows/30d/purchases", json!(-1)),
    ];
    for (contract, name, place, value) in damage {
        let validator = validator(contract);
        let mut record = golden(name).into_iter().next().unwrap();
        fits(&validator, &record);
        let (table, field) = place.rsplit_once('/').unwrap();
        record.pointer_mut(table).unwrap()[field] = value;
        assert!(!validator.is_valid(&record), "{name}: {place}");
    }
    for (contract, name) in [(Contract::Alert, "alerts.jsonl"), (Contract::Risk, "risk.jsonl")] {
        let validator = validator(contract);
        let record = golden(name).into_iter().next().unwrap();
        for field in record.as_object().unwrap().keys() {
            let mut less = record.clone();
            less.as_object_mut().unwrap().remove(field);
            assert!(!validator.is_valid(&less), "{name} without {field}");
        }
    }
}

/// What a schema cannot know of an event that the parser refuses, by reason; the bytes alone tell of the first group, the
/// record's key and the clock of the second, the configuration of the third.
const BEYOND_A_SCHEMA: [Reason; 12] = [
    Reason::NotUtf8,
    Reason::NotJson,
    Reason::TooLarge,
    Reason::TooDeep,
    Reason::NoKey,
    Reason::KeyDisagrees,
    Reason::TooOld,
    Reason::InTheFuture,
    Reason::UnknownCurrency,
    Reason::NeedsRekey,
    Reason::UnknownOrder,
    Reason::UnknownEpisode,
];

/// Bad fields and amounts that a schema takes: the calendar, how large a number may be, a score above its own scale, a
/// field that stands there twice.
const TAKEN: [&str; 5] = [
    "070-time-2025-02-30t00-00-00z",
    "073-time-1e12",
    "090-amount-10000000000000000",
    "113-survey-score-11-scale-10",
    "125-id-twice",
];

#[test]
fn the_schema_of_an_event_is_the_parser_s() {
    let validator = validator(Contract::Event);
    let rules = EventRules::plain(Currency::CNY);
    let wall = Millis(1_767_225_600_000);
    let parsed = |key: Option<&[u8]>, value: &[u8]| {
        parse(&rules, &RawRecord::new(key, Some(value), wall), wall, &mut Scratch::default())
            .map(|_| ())
            .map_err(|reject| reject.reason)
    };
    let mut taken = Vec::new();
    for bad in bad_records() {
        let Ok(event) = serde_json::from_slice::<Value>(&bad.value) else { continue };
        let refused = parsed(bad.key.as_deref(), &bad.value).err();
        if refused.is_some_and(|reason| !BEYOND_A_SCHEMA.contains(&reason)) && validator.is_valid(&event) {
            taken.push(bad.file.clone());
        }
        if refused.is_none() {
            fits(&validator, &event);
        }
    }
    assert_eq!(taken, TAKEN);
    for (customer, value) in lines(60, 200, 3) {
        assert_eq!(parsed(Some(customer.as_bytes()), &value), Ok(()));
        fits(&validator, &serde_json::from_slice(&value).unwrap());
    }
}

/// One event of every type.
fn every_type() -> Vec<Value> {
    let plain =
        ["visit", "product_view", "cart", "checkout", "login", "message_sent", "message_opened", "message_clicked"];
    let plain = plain.into_iter().chain(["unsubscribed", "support_contact", "complaint", "opt_out", "forget"]);
    let mut events: Vec<Value> = plain.map(|kind| json!({"type": kind})).collect();
    events.extend([
        json!({
            "type": "purchase", "amount": "12.50", "currency": "CNY", "order_id": "o1", "channel": "app", "discount": 1,
            "items": [{"sku": "s", "category": "c", "brand": "b", "quantity": 2, "unit_price": "6.25"}],
        }),
        json!({"type": "refund", "amount": 3, "currency": "CNY", "order_id": "o1"}),
        json!({"type": "review", "rating": 4}),
        json!({"type": "survey", "score": 3, "scale": 10}),
        json!({"type": "loyalty", "points": -20, "expires": "2025-11-30"}),
        json!({"type": "note", "cause": "price"}),
        json!({"type": "contacted", "episode_id": "2084a917-9d49-56f6-b5a8-5829c99de360", "action": "call"}),
        json!({"type": "identity", "alias": "other"}),
    ]);
    for event in &mut events {
        let head = json!({"id": "e1", "customer_id": "ann", "time": "2025-06-01T10:00:00Z", "colour": "blue"});
        event.as_object_mut().unwrap().extend(head.as_object().unwrap().clone());
    }
    events
}

/// Where the schema is stricter or laxer than the parser, and why.
fn differs(event: &Value, field: &str) -> bool {
    // The currency of a refund is looked at only beside an amount, and a score is held against its own scale.
    let refund = event["type"] == "refund" && field == "currency" && event.get("amount").is_none();
    let scale = event["type"] == "survey" && event["score"].as_f64() > event["scale"].as_f64();
    refund || scale
}

/// Every field of every type, absent or of every JSON type, is taken by both or by neither.
#[test]
fn each_field_is_taken_by_schema_and_parser_alike() {
    let validator = validator(Contract::Event);
    let rules = EventRules::plain(Currency::CNY);
    let wall = Millis(1_767_225_600_000);
    let values = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!("7"),
        json!("-1"),
        json!("2025-06-01"),
        json!("2025-06-01 10:00"),
        json!([]),
        json!({}),
        json!([{}]),
        json!([{"sku": null}]),
        json!("x".repeat(128)),
        json!("x".repeat(129)),
        json!("USD"),
    ];
    let (mut taken, mut refused) = (0, 0);
    for event in every_type() {
        for (field, value) in KNOWN.iter().flat_map(|field| {
            std::iter::once((*field, None)).chain(values.iter().map(|value| (*field, Some(value.clone()))))
        }) {
            let mut event = event.clone();
            let fields = event.as_object_mut().unwrap();
            match value {
                Some(value) => fields.insert(field.to_owned(), value),
                None => fields.remove(field),
            };
            let key = event["customer_id"].as_str().unwrap_or("ann").as_bytes().to_vec();
            let bytes = event.to_string().into_bytes();
            let record = RawRecord::new(Some(&key), Some(&bytes), wall);
            let valid = validator.is_valid(&event);
            match parse(&rules, &record, wall, &mut Scratch::default()) {
                _ if differs(&event, field) => {}
                Ok(_) => {
                    assert!(valid, "the parser takes {event}");
                    taken += 1;
                }
                Err(reject) if BEYOND_A_SCHEMA.contains(&reject.reason) => {}
                Err(reject) => {
                    assert!(!valid, "the parser refuses {event}: {reject:?}");
                    refused += 1;
                }
            }
        }
    }
    assert!(taken > 500 && refused > 1_000, "{taken} and {refused}");
}

#[test]
fn the_files_that_ship_fit_their_schemas() {
    let model: Value = serde_json::from_slice(&std::fs::read(file("models/default.json")).unwrap()).unwrap();
    fits(&validator(Contract::Artifact), &model);
    let toml: toml::Value = toml::from_str(&std::fs::read_to_string(file("deploy/playbook.toml")).unwrap()).unwrap();
    fits(&validator(Contract::Playbook), &serde_json::to_value(toml).unwrap());
    let toml: toml::Value = toml::from_str("[kafka]\nbrokers = \"localhost:9092\"").unwrap();
    fits(&validator(Contract::Config), &serde_json::to_value(toml).unwrap());
}
