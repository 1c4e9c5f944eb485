//! Customers with several ids: the profiles of all of them become one, exactly as if every event had carried the one id,
//! in whatever order partitions hear of it, crashes included.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "merging/partitions.rs"]
mod partitions;
mod support;

use std::process::Command;
use std::sync::Arc;

use churnwatch::config::load::check;
use churnwatch::engine::day::Day;
use churnwatch::engine::event::Body;
use churnwatch::engine::rfm::profile::{Applied, Profile};
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{Progress, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::training::history::History;
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::partitioner::partition;
use serde_json::{Value, json};

use partitions::{DAY_MILLIS, IDS, Partitions, START, WALL};
use support::draw::Draw;
use support::model::model;
use support::{seed, size};

const LATENESS_DAYS: i64 = 35;

/// What somebody does, in the order of time.
fn life(draw: &mut Draw) -> Vec<Value> {
    let (mut time, mut orders) = (START, 0_u64);
    let mut events = Vec::new();
    for number in 0..5 + draw.below(30) {
        let gap = [0, 1, 2, 10, 40, 120][draw.below(6) as usize];
        time += gap * DAY_MILLIS + draw.below(3) as i64 * 7_200_000 + 1_000;
        let (amount, currency) = (draw.below(90_000) as f64 / 100.0, "CNY");
        let mut event = match draw.below(12) {
            0..=4 => {
                orders += 1;
                let channel = ["web", "store", "phone", "app", "fair"][draw.below(5) as usize];
                json!({"type": "purchase", "order_id": format!("o{orders}"), "amount": amount, "currency": currency,
                    "channel": channel, "items": [{"category": format!("c{}", draw.below(6))}]})
            }
            5 => json!({"type": "refund", "order_id": format!("o{}", draw.below(orders + 1)), "amount": 5.0}),
            6 => json!({"type": "refund", "order_id": format!("o{}", draw.below(orders + 1))}),
            7 => json!({"type": "product_view"}),
            8 => {
                let kind = ["visit", "cart", "complaint", "login"][draw.below(4) as usize];
                json!({"type": kind})
            }
            9 => {
                let points = draw.below(200) as i64 - 80;
                json!({"type": "loyalty", "points": points, "expires": "2026-03-01"})
            }
            10 => json!({"type": "survey", "score": draw.below(11), "scale": 10}),
            _ => {
                [json!({"type": "note", "cause": "price"}), json!({"type": "opt_out"})][draw.below(2) as usize].clone()
            }
        };
        event["id"] = format!("e{number}").into();
        event["time"] = time.into();
        events.push(event);
    }
    events
}

/// The profile of all events under one id.
fn oracle(partitions: &Partitions, events: &[Value]) -> Profile {
    let mut profile = Profile { chronicle: Some(Box::default()), ..Profile::default() };
    let mut scratch = Scratch::default();
    for event in events {
        let mut event = event.clone();
        event["customer_id"] = "one".into();
        let value = serde_json::to_vec(&event).unwrap();
        let record = RawRecord::new(Some(b"one"), Some(&value), WALL);
        let parsed = parse(&partitions.setup.rules, &record, WALL, &mut scratch).unwrap();
        let applied = profile.apply(&parsed.event, LATENESS_DAYS as i32);
        assert!(!matches!(applied, Applied::Rejected(_)) || event["type"] == "refund", "{event}: {applied:?}");
    }
    profile
}

fn identity(customer: &str, alias: &str, number: usize, time: i64) -> Value {
    json!({"id": format!("i{number}"), "type": "identity", "customer_id": customer, "alias": alias, "time": time})
}

/// A life told under several ids, who is who said somewhere between, and partitions that take it in in a random order.
fn interleaving(seed: u64) {
    let mut draw = Draw::new(seed);
    let mut partitions = Partitions::new(1 + draw.below(3) as u32);
    let ids = &IDS[..2 + draw.below(3) as usize];
    let events = life(&mut draw);
    let mut links: Vec<(usize, [&str; 2])> = Vec::new();
    // Every id but the first is said to be another's: in chains, stars, or circles.
    for at in 1..ids.len() {
        let other = ids[draw.below(at as u64) as usize];
        let pair = if draw.below(2) == 0 { [ids[at], other] } else { [other, ids[at]] };
        links.push((draw.below(events.len() as u64 + 1) as usize, pair));
    }
    for _ in 0..draw.below(3) {
        let pair = [ids[draw.below(ids.len() as u64) as usize], ids[draw.below(ids.len() as u64) as usize]];
        links.push((draw.below(events.len() as u64 + 1) as usize, pair));
    }
    for (number, event) in events.iter().enumerate() {
        for (said, (_, [customer, alias])) in links.iter().enumerate().filter(|(_, (at, _))| *at == number) {
            partitions.publish(&identity(customer, alias, said, event["time"].as_i64().unwrap()));
        }
        let mut event = event.clone();
        event["customer_id"] = ids[draw.below(ids.len() as u64) as usize].into();
        partitions.publish(&event);
        if event["type"] == "purchase" && draw.below(10) == 0 {
            event["customer_id"] = ids[draw.below(ids.len() as u64) as usize].into();
            partitions.publish(&event);
        }
        if draw.below(3) == 0 {
            partitions.step(&mut draw);
        }
    }
    for (said, (_, [customer, alias])) in links.iter().enumerate().filter(|(_, (at, _))| *at == events.len()) {
        partitions.publish(&identity(customer, alias, said, START));
    }
    partitions.settle(&mut draw);
    let one = partitions.goes_on(ids[0]);
    for id in ids {
        assert_eq!(partitions.goes_on(id).id, one.id, "{id} is somebody else, seed {seed}");
    }
    let mut profile = one.profile;
    let chronicle = profile.chronicle.as_mut().unwrap();
    chronicle.aliases.clear();
    assert_eq!(profile, oracle(&partitions, &events), "seed {seed}");
    let known = ["unknown order"];
    assert!(partitions.letters.iter().all(|reason| known.contains(&&**reason)), "{:?}", partitions.letters);
}

#[test]
fn several_ids_make_the_profile_of_one_in_any_order() {
    let first = seed() << 32;
    for number in 0..size(100_000, 2_000) as u64 {
        interleaving(first + number);
    }
}

/// Days close as the events' clock has it, three passers-by having been seen.
fn pass(partitions: &mut Partitions, day: i64, draw: &mut Draw) {
    for number in 0..30 {
        let time = START + day * DAY_MILLIS + 43_200_000 + number;
        partitions.publish(
            &json!({"id": format!("{day}-{number}"), "type": "visit", "customer_id": format!("passer-{number}"),
            "time": time}),
        );
    }
    partitions.settle(draw);
    for number in 0..partitions.processors.len() {
        let mut batch = Batch::new();
        let time = Time { wall: WALL, at_end: &[false; 2], source_alive: true };
        while partitions.processors[number].advance(&time, &mut batch) == Progress::More {}
        partitions.commit(number, &mut batch);
    }
}

fn buy(partitions: &mut Partitions, customer: &str, day: i64) {
    let id = format!("{customer} buys {day}");
    partitions
        .publish(&json!({"id": id, "type": "purchase", "customer_id": customer, "amount": 500, "currency": "CNY",
        "time": START + day * DAY_MILLIS}));
}

/// Somebody who buys every tenth day, and then no more, so that there is a warning; as its `told` alerts.
fn warned(partitions: &mut Partitions, customer: &str, draw: &mut Draw) {
    for day in (0..100).step_by(10) {
        buy(partitions, customer, day);
        pass(partitions, day, draw);
    }
    for day in 100..165 {
        pass(partitions, day, draw);
    }
    assert_eq!(transitions(partitions, customer).first().map(String::as_str), Some("churnwatch.alert.opened"));
}

/// The kinds of the alerts about a customer, in their order, with the causes of endings.
fn transitions(partitions: &Partitions, customer: &str) -> Vec<String> {
    let alerts = partitions.told.iter().filter(|(topic, key, _)| *topic == OutTopic::Alerts && key == customer);
    let alerts = alerts.filter(|(.., alert)| alert["type"] != "churnwatch.alert.escalated");
    let said = |alert: &Value| match alert["data"]["cause"].as_str() {
        Some(cause) => format!("{}: {cause}", alert["type"].as_str().unwrap()),
        None => alert["type"].as_str().unwrap().to_owned(),
    };
    alerts.map(|(.., alert)| said(alert)).collect()
}

/// The warning of an alias is withdrawn, its risk record goes, and the customer is not warned of again at once.
#[test]
fn the_warning_of_an_alias_is_withdrawn() {
    let (mut draw, mut partitions) = (Draw::new(1), Partitions::new(2));
    warned(&mut partitions, "ann", &mut draw);
    partitions.publish(&identity("bob", "ann", 1, START + 165 * DAY_MILLIS));
    for day in 165..175 {
        pass(&mut partitions, day, &mut draw);
    }
    assert_eq!(transitions(&partitions, "ann"), ["churnwatch.alert.opened", "churnwatch.alert.withdrawn: merged"]);
    assert_eq!(transitions(&partitions, "bob"), [] as [&str; 0]);
    let risk = |customer: &str| {
        partitions
            .told
            .iter()
            .rev()
            .find(|(topic, key, _)| *topic == OutTopic::Risk && key == customer)
            .unwrap()
            .2
            .clone()
    };
    assert_eq!(risk("ann"), Value::Null);
    assert_eq!(risk("bob")["silence_days"], 76);
    let bob = partitions.customer("bob").unwrap();
    let bought = bob.profile.chronicle.unwrap().orders.len();
    assert_eq!((bob.standing.ended.map(|day| day.0), bought), (Some(20_405), 10));
    let number = partition(b"ann", 2) as usize;
    assert_eq!(partitions.processors[number].moved_to("ann").as_deref(), Some("bob"));
    assert_eq!(partitions.processors[number].customer_json("ann"), None);
}

/// Bought under another id, wanting no more messages under another id: that is the customer's own.
#[test]
fn what_an_alias_did_ends_the_customers_warning() {
    for (done, cause) in [("purchase", "resolved: purchase"), ("opt_out", "withdrawn: opt_out")] {
        let (mut draw, mut partitions) = (Draw::new(1), Partitions::new(3));
        warned(&mut partitions, "ann", &mut draw);
        partitions
            .publish(&json!({"id": "other", "type": done, "customer_id": "web-1", "amount": 9, "currency": "CNY",
            "time": START + 164 * DAY_MILLIS}));
        partitions.publish(&identity("ann", "web-1", 1, START + 164 * DAY_MILLIS));
        pass(&mut partitions, 166, &mut draw);
        let last = transitions(&partitions, "ann").pop().unwrap();
        assert_eq!(last, format!("churnwatch.alert.{cause}"));
    }
}

/// Who asks to be forgotten is forgotten under every id, and an alias is nobody's any more.
#[test]
fn whoever_is_forgotten_is_forgotten_under_every_id() {
    for asks in ["ann", "web-1"] {
        let (mut draw, mut partitions) = (Draw::new(3), Partitions::new(2));
        for id in ["ann", "web-1", "web-2"] {
            buy(&mut partitions, id, 1);
        }
        partitions.publish(&identity("web-1", "web-2", 1, START + 2 * DAY_MILLIS));
        partitions.settle(&mut draw);
        partitions.publish(&identity("ann", "web-1", 2, START + 2 * DAY_MILLIS));
        partitions.settle(&mut draw);
        assert_eq!(partitions.customer("ann").unwrap().profile.chronicle.unwrap().orders.len(), 3);
        partitions.publish(&json!({"id": "f", "type": "forget", "customer_id": asks, "time": START + 5 * DAY_MILLIS}));
        partitions.settle(&mut draw);
        for id in ["ann", "web-1", "web-2"] {
            assert_eq!(partitions.customer(id), None, "{id}, asked as {asks}");
        }
        // What was under way is dropped, what comes later is another's.
        buy(&mut partitions, "web-2", 4);
        buy(&mut partitions, "web-2", 6);
        partitions.settle(&mut draw);
        assert_eq!(partitions.customer("web-2").unwrap().profile.orders.len(), 1);
        assert_eq!(partitions.customer("ann"), None);
    }
}

/// A profile that is on its way while its customer is erased goes too.
#[test]
fn what_is_under_way_to_an_erased_customer_is_dropped() {
    for seed in 0..30 {
        let (mut draw, mut partitions) = (Draw::new(seed), Partitions::new(3));
        buy(&mut partitions, "ann", 1);
        buy(&mut partitions, "web-1", 1);
        partitions.publish(&identity("ann", "web-1", 1, START + 2 * DAY_MILLIS));
        partitions.publish(&json!({"id": "f", "type": "forget", "customer_id": "ann", "time": START + 5 * DAY_MILLIS}));
        partitions.settle(&mut draw);
        assert_eq!((partitions.customer("ann"), partitions.customer("web-1")), (None, None), "seed {seed}");
    }
}

/// What only partitions say to each other is not taken from outside, and nothing is merged where that is off.
#[test]
fn messages_from_outside_are_refused() {
    let mut draw = Draw::new(1);
    let mut partitions = Partitions::new(1);
    let message = json!({"id": "m", "type": "merge", "customer_id": "ann", "into": "bob", "time": START});
    partitions.publish(&message);
    partitions.publish(&json!({"id": "m", "type": "merged", "customer_id": "ann", "alias": "bob", "profile": "AAAA",
        "time": START}));
    partitions.settle(&mut draw);
    assert_eq!(partitions.letters, ["unknown type", "unknown type"]);
    partitions.waiting[0][1].push_back((
        b"ann".to_vec(),
        serde_json::to_vec(&json!({"id": "m", "type": "merged",
        "customer_id": "ann", "alias": "bob", "profile": "AAAA", "time": START}))
        .unwrap(),
    ));
    partitions.settle(&mut draw);
    assert_eq!(partitions.letters[2..], ["bad field"]);
    let off = check(json!({})).unwrap().setup(1);
    let mut processor = Processor::new(Arc::new(off), 0, model());
    let (mut batch, value) = (Batch::new(), serde_json::to_vec(&identity("ann", "bob", 1, START)).unwrap());
    processor.process(0, 0, &RawRecord::new(Some(b"ann"), Some(&value), WALL), WALL, &mut batch);
    let letters: Vec<&[u8]> =
        batch.iter().map(|record| &*record.headers.iter().find(|(name, _)| name == "reason").unwrap().1).collect();
    assert_eq!(letters, [b"needs rekey"]);
}

/// An id that too much happened to is no person's: it is refused, and nothing of it is lost.
#[test]
fn what_is_no_persons_is_not_merged() {
    let (mut draw, mut partitions) = (Draw::new(1), Partitions::new(2));
    for day in 0..3_200 {
        buy(&mut partitions, "till", day);
    }
    partitions.publish(&identity("ann", "till", 1, START + 4_000 * DAY_MILLIS));
    partitions.settle(&mut draw);
    assert_eq!(partitions.letters, ["state full"]);
    let till = partitions.customer("till").unwrap().profile;
    let purchases = till.totals.purchases as usize + till.orders.len();
    assert_eq!((purchases, till.moved_to()), (3_200, None));
}

/// `replay` of a file, through one partition or several, and training see one customer.
#[test]
fn files_are_played_with_their_identities() {
    let folder = tempfile::tempdir().unwrap();
    let (path, config) = (folder.path().join("events.jsonl"), folder.path().join("churnwatch.toml"));
    std::fs::write(&config, "[identity]\nmerge = true\n").unwrap();
    let mut lines = Vec::new();
    for day in 0..40 {
        let customer = ["ann", "web-1"][day as usize % 2];
        lines.push(json!({"id": format!("e{day}"), "type": "purchase", "customer_id": customer, "amount": 5,
            "currency": "CNY", "time": START + 7 * day * DAY_MILLIS}));
        if day == 30 {
            lines.push(identity("ann", "web-1", 1, START + 7 * day * DAY_MILLIS));
        }
    }
    std::fs::write(&path, lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")).unwrap();
    for partitions in ["1", "5"] {
        let replayed = Command::new(env!("CARGO_BIN_EXE_churnwatch"))
            .args(["replay", "--partitions", partitions, "--profiles", "-", "--config"])
            .args([&config, &path])
            .output()
            .unwrap();
        let said = String::from_utf8(replayed.stdout).unwrap();
        let profiles: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(profiles.len(), 1, "{said}");
        assert_eq!((profiles[0]["customer_id"].as_str(), profiles[0]["purchases"].as_u64()), (Some("ann"), Some(40)));
    }
    let mut history = History::new(LATENESS_DAYS as i32);
    let (rules, mut scratch) = (check(json!({})).unwrap().rules, Scratch::default());
    for line in &lines {
        let (value, customer) = (serde_json::to_vec(line).unwrap(), line["customer_id"].as_str().unwrap());
        let record = RawRecord::new(Some(customer.as_bytes()), Some(&value), WALL);
        let event = parse(&rules, &record, WALL, &mut scratch).unwrap().event;
        if let Body::Identity { alias } = event.body {
            history.merge(event.customer, alias);
        }
        assert!(history.add(&event));
    }
    history.sort();
    let days = |customer: &str| {
        let one = history.customers.iter().find(|one| *one.customer == *customer).unwrap();
        one.purchase_days(Day(i32::MAX)).len()
    };
    assert_eq!((days("ann"), days("web-1")), (40, 0));
}
