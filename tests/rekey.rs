//! Other companies' topics on a real Apache Kafka: every foreign shape through the service, and inputs that are not keyed
//! by their customer through `churnwatch rekey`, killed in the middle.
//!
//! `CHURNWATCH_LONG=1` keys a million events anew, otherwise some ten thousand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "kafka/bench.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod bench;
#[path = "kafka/broker.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod broker;
#[path = "support/foreign.rs"]
mod foreign;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use churnwatch::wire::partitioner::partition;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use bench::{Bench, PROGRAM, Replica, shop};
use foreign::{SHAPES, Teller, configuration};
use support::size;

const PARTITIONS: u32 = 4;
const UNTIL: &str = "[time]\nclock = \"event\"\nuntil = \"2026-01-01\"\n[http]\nlisten = \"127.0.0.1:0\"\n";

/// A name that outlives a kill, so that nobody waits for the session of the one that is gone.
const NAMED: &str = "[service]\ninstance = \"one\"\n";

/// A record of a topic.
struct Sent<'a> {
    partition: u32,
    key: &'a [u8],
    value: &'a [u8],
    headers: &'a [(&'static str, String)],
    timestamp: i64,
}

struct Feed {
    producer: BaseProducer,
    topic: String,
}

impl Feed {
    fn new(bench: &Bench, topic: &str) -> Self {
        let properties = [("enable.idempotence", "true"), ("linger.ms", "20"), ("compression.type", "zstd")];
        Self { producer: bench.client(&properties).create().unwrap(), topic: topic.into() }
    }

    fn send(&self, sent: &Sent<'_>) {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic).partition(sent.partition as i32);
        record = record.key(sent.key).payload(sent.value).timestamp(sent.timestamp);
        if !sent.headers.is_empty() {
            let header = |headers: OwnedHeaders, (key, value): &(&str, String)| {
                headers.insert(Header { key, value: Some(value.as_bytes()) })
            };
            record = record.headers(sent.headers.iter().fold(OwnedHeaders::new(), header));
        }
        while let Err((_, back)) = self.producer.send(record) {
            self.producer.poll(Duration::from_millis(20));
            record = back;
        }
        self.producer.poll(Duration::ZERO);
    }

    fn finish(&self) {
        self.producer.flush(Duration::from_mins(2)).unwrap();
    }
}

fn events(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn millis(event: &Value) -> i64 {
    event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// The shop as far as a shape has words for it, in a file of our own events.
fn known(bench: &Bench, teller: &Teller, shop: &[Value]) -> PathBuf {
    let path = bench.folder().join("known.jsonl");
    let lines: Vec<String> = shop.iter().filter_map(|event| Some(teller.known(event)?.to_string())).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

/// What the service makes of a topic of a foreign shape equals what `replay` makes of our own events.
#[test]
fn the_same_shop_in_every_shape_gives_the_same_warnings() {
    let Some(brokers) = broker::broker() else { return };
    let benches: Vec<(Bench, Replica, PathBuf)> = SHAPES
        .into_iter()
        .map(|shape| {
            let bench = Bench::with(&brokers, shape, UNTIL);
            let topic = bench.settings().file.topics.events[0].clone();
            bench.topics(PARTITIONS);
            let (shop, mut teller) = (events(&shop(&bench, "120", "300", "2026-01-01", 3)), Teller::new(shape));
            let known = known(&bench, &teller, &shop);
            let feed = Feed::new(&bench, &topic);
            for event in &shop {
                let Some(event) = teller.known(event) else { continue };
                let foreign = teller.tell(&event);
                let key = event["customer_id"].as_str().unwrap().as_bytes();
                let (partition, timestamp) = (partition(key, PARTITIONS), millis(&event));
                feed.send(&Sent { partition, key, value: &foreign.value, headers: &foreign.headers, timestamp });
            }
            feed.finish();
            let configured = configuration(shape).replace("foreign.events", &topic);
            bench.configure(&configured[configured.find("[inputs").unwrap()..]);
            let replica = bench.serve();
            (bench, replica, known)
        })
        .collect();
    for (bench, mut replica, known) in benches {
        bench.wait_until_closed(PARTITIONS, "2025-12-31");
        replica.terminate();
        // `replay` reads the events of ours.
        let text = std::fs::read_to_string(bench.path()).unwrap();
        std::fs::write(bench.path(), text.split_once("[inputs").unwrap().0).unwrap();
        bench.compare_with_replay(&known, PARTITIONS);
    }
}

/// A running `rekey`.
fn rekey(bench: &Bench) -> Replica {
    let child = Command::new(PROGRAM)
        .args(["rekey", "--log-level", "warn", "--config"])
        .env("CHURNWATCH_REKEY__LISTEN", "127.0.0.1:0")
        .arg(bench.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Replica::of(child)
}

fn make(bench: &Bench, topic: &str, partitions: i32) {
    let admin: AdminClient<DefaultClientContext> = bench.client(&[]).create().unwrap();
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let made = runtime.block_on(admin.create_topics([&new], &AdminOptions::new())).unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

/// Records that all partitions of a topic hold, marks of transactions included.
fn held(bench: &Bench, topic: &str, partitions: i32) -> i64 {
    let asking: BaseConsumer = bench.client(&[]).create().unwrap();
    let ends = (0..partitions).map(|number| asking.fetch_watermarks(topic, number, Duration::from_secs(10)).unwrap().1);
    ends.sum()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(size(30, 2) as u64), "not {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Time and id of each customer's events, in their order; those of one millisecond by their ids.
fn by_customer<'a>(events: impl Iterator<Item = &'a [u8]>) -> BTreeMap<String, Vec<(i64, String)>> {
    let mut all = BTreeMap::<String, Vec<(i64, String)>>::new();
    for event in events {
        let event: Value = serde_json::from_slice(event).unwrap();
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        all.entry(text("customer_id")).or_default().push((millis(&event), text("id")));
    }
    for one in all.values_mut() {
        one.chunk_by_mut(|a, b| a.0 == b.0).for_each(<[_]>::sort);
    }
    all
}

/// Events under random keys, three kills: the same warnings as if they had been keyed from the start.
#[test]
fn keyed_anew_and_killed_three_times_it_gives_the_same_warnings() {
    const RAW: i32 = 5;
    let Some(brokers) = broker::broker() else { return };
    let raw = format!("raw-{}", std::process::id());
    let bench = Bench::with(&brokers, "rekeyed", &format!("{UNTIL}[rekey]\ntopics = [\"{raw}\"]\n{NAMED}"));
    make(&bench, &raw, RAW);
    bench.topics(PARTITIONS);
    let path = shop(&bench, &size(18_500, 900).to_string(), "400", "2026-01-01", 11);
    let (feed, text) = (Feed::new(&bench, &raw), std::fs::read_to_string(&path).unwrap());
    let mut sent = 0_i64;
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        // Any key but the customer's, and as good as any partition.
        let key = format!("{:x}", (sent as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let partition = partition(key.as_bytes(), RAW as u32);
        let (key, timestamp) = (key.as_bytes(), millis(&event));
        feed.send(&Sent { partition, key, value: line.as_bytes(), headers: &[], timestamp });
        sent += 1;
    }
    feed.finish();
    let input = bench.settings().file.topics.events[0].clone();
    let begun = Instant::now();
    for kill in 1..=3 {
        let mut replica = rekey(&bench);
        until("further", || held(&bench, &input, PARTITIONS as i32) > sent * kill / 5);
        replica.kill();
    }
    let held_at_kill = held(&bench, &input, PARTITIONS as i32);
    let mut replica = rekey(&bench);
    let all = || held(&bench, &input, PARTITIONS as i32) >= sent && bench.committed(&input).len() as i64 >= sent;
    until("all keyed anew", all);
    println!(
        "{sent} events keyed anew in {:.1} s with three kills, the last at {held_at_kill}",
        begun.elapsed().as_secs_f64()
    );
    replica.terminate();
    let written = bench.committed(&input);
    assert_eq!(written.len() as i64, sent);
    let (log, written) =
        (text.lines().map(str::as_bytes), written.iter().map(|(_, _, value, _)| value.as_deref().unwrap()));
    for ((customer, log), (_, written)) in by_customer(log).iter().zip(&by_customer(written)) {
        assert_eq!(log, written, "{customer}");
    }
    let mut served = bench.serve();
    bench.wait_until_closed(PARTITIONS, "2025-12-31");
    served.terminate();
    bench.compare_with_replay(&path, PARTITIONS);
}

/// What a profile tells that its closes do not: who has several ids is warned as each partition hears of it.
fn known_of(profile: &Value) -> Value {
    let mut profile = profile.clone();
    for decided in ["tier", "segment", "band", "contactable", "episode", "forecast", "not_warned_because"] {
        profile.as_object_mut().unwrap().remove(decided);
    }
    profile
}

/// Customers who are known by two ids, under random keys, both steps killed: their profiles are those of the shop that has
/// one id for each.
#[test]
fn customers_with_two_ids_are_one_whatever_is_killed() {
    let Some(brokers) = broker::broker() else { return };
    let raw = format!("two-ids-{}", std::process::id());
    let merge = format!("[rekey]\ntopics = [\"{raw}\"]\n{NAMED}[identity]\nmerge = true\n");
    let bench = Bench::with(&brokers, "merged", &format!("{UNTIL}{merge}"));
    bench.add_topic("merges");
    make(&bench, &raw, 3);
    bench.topics(PARTITIONS);
    let path = shop(&bench, &size(4_000, 400).to_string(), "400", "2026-01-01", 23);
    let (feed, mut seen, mut sent) = (Feed::new(&bench, &raw), BTreeMap::<String, u64>::new(), 0_u64);
    let mut send = |event: &Value| {
        sent += 1;
        let partition = (sent.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32 % 3;
        let (value, timestamp) = (event.to_string(), millis(event));
        feed.send(&Sent { partition, key: b"any", value: value.as_bytes(), headers: &[], timestamp });
    };
    for mut event in events(&path) {
        let customer = event["customer_id"].as_str().unwrap().to_owned();
        let number = seen.entry(customer.clone()).or_default();
        *number += 1;
        // Known by name on every other visit; who is who comes out on the fourth.
        if *number == 4 {
            let alias = json!({"id": format!("{customer}-is"), "type": "identity", "customer_id": customer,
                "alias": format!("{customer}~web"), "time": event["time"]});
            send(&alias);
        }
        if *number % 2 == 0 {
            event["customer_id"] = format!("{customer}~web").into();
        }
        send(&event);
    }
    feed.finish();
    let input = bench.settings().file.topics.events[0].clone();
    let mut keying = rekey(&bench);
    let mut serving = bench.serve();
    for kill in 1..=2 {
        until("further", || held(&bench, &input, PARTITIONS as i32) > sent as i64 * kill / 4);
        keying.kill();
        serving.kill();
        (keying, serving) = (rekey(&bench), bench.serve());
    }
    bench.wait_until_closed(PARTITIONS, "2025-12-31");
    let replayed = bench.replayed_profiles(&path);
    let committed = || -> BTreeMap<String, Value> {
        let until = bench.settings().until.map(|until| until.plus(-1));
        let profiles = bench.restored(PARTITIONS);
        let profiles = profiles.iter().flat_map(|one| one.profiles_json(until));
        profiles.map(|profile| (profile["customer_id"].as_str().unwrap().to_owned(), known_of(&profile))).collect()
    };
    let wanted =
        replayed.iter().map(|profile| (profile["customer_id"].as_str().unwrap().to_owned(), known_of(profile)));
    let wanted: BTreeMap<String, Value> = wanted.filter(|(customer, _)| seen[customer] >= 4).collect();
    let settled = || {
        let committed = committed();
        let purchases = |profile: Option<&Value>| profile.map(|profile| profile["purchases"].clone());
        wanted.iter().all(|(customer, profile)| purchases(committed.get(customer)) == purchases(Some(profile)))
    };
    until("merged", settled);
    keying.terminate();
    serving.terminate();
    let committed = committed();
    for (customer, profile) in &wanted {
        assert_eq!(&committed[customer], profile);
    }
    println!("{} customers with two ids are one", wanted.len());
    assert!(wanted.len() > size(2_000, 200), "{} customers had two ids", wanted.len());
    // A refund that came before its order was known by that id; it was taken in.
    let letters = bench.committed(&bench.settings().file.topics.dead_letters);
    let reasons: Vec<String> = letters.into_iter().map(|(.., headers)| headers["reason"].clone()).collect();
    assert!(reasons.iter().all(|reason| reason == "unknown order"), "{reasons:?}");
}

/// What can't be used is a dead letter with its own bytes, and goes the same way again once that is mended.
#[test]
fn what_cannot_be_keyed_is_a_dead_letter_and_comes_back() {
    let Some(brokers) = broker::broker() else { return };
    let raw = format!("calls-{}", std::process::id());
    let shape = format!("[rekey]\ntopics = [\"{raw}\"]\n[inputs.\"{raw}\"]\nformat = \"segment\"\n");
    let bench = Bench::with(&brokers, "calls", &format!("{UNTIL}{shape}"));
    make(&bench, &raw, 2);
    bench.topics(PARTITIONS);
    let feed = Feed::new(&bench, &raw);
    let call = |id: &str, currency: &str| {
        json!({"type": "track", "event": "Order Completed", "messageId": id, "userId": "ann",
            "timestamp": "2025-06-01T10:00:00Z", "properties": {"order_id": id, "total": "7", "currency": currency}})
        .to_string()
    };
    let values = [
        call("m1", "CNY"),
        call("m2", "USD"),
        "no JSON".to_owned(),
        json!({"type": "track", "event": "Signed In", "messageId": "m3", "timestamp": "2025-06-01T10:00:00Z"})
            .to_string(),
        json!({"type": "group", "messageId": "m4", "userId": "ann", "timestamp": "2025-06-01T10:00:00Z"}).to_string(),
        call("m5", "CNY"),
    ];
    for (at, value) in values.iter().enumerate() {
        let timestamp = 1_748_772_000_000 + at as i64;
        feed.send(&Sent { partition: at as u32 % 2, key: b"", value: value.as_bytes(), headers: &[], timestamp });
    }
    feed.finish();
    let topics = bench.settings().file.topics;
    let mut replica = rekey(&bench);
    until("the letters are there", || bench.committed(&topics.dead_letters).len() == 3);
    until("the events are there", || bench.committed(&topics.events[0]).len() == 2);
    replica.terminate();
    let mut letters: Vec<(String, String, String)> = bench
        .committed(&topics.dead_letters)
        .into_iter()
        .map(|(_, _, value, headers)| {
            let value = String::from_utf8(value.unwrap()).unwrap();
            (headers["reason"].clone(), headers["topic"].clone(), value)
        })
        .collect();
    letters.sort();
    let letter = |reason: &str, value: &String| (reason.to_owned(), raw.clone(), value.clone());
    let wanted =
        [letter("missing field", &values[3]), letter("not JSON", &values[2]), letter("unknown currency", &values[1])];
    assert_eq!(letters, wanted);
    let keyed = bench.committed(&topics.events[0]);
    assert!(keyed.iter().all(|(number, key, ..)| key == b"ann" && *number as u32 == partition(b"ann", PARTITIONS)));
    // With a rate the order in dollars is good.
    bench.configure("[money.rates]\nUSD = \"7.1\"\n");
    let (code, said) = bench.run(&["dead-letters", "replay", "--yes"]);
    assert_eq!(code, 0, "{said}");
    let mut replica = rekey(&bench);
    until("the mended event is there", || bench.committed(&topics.events[0]).len() == 3);
    replica.terminate();
    assert_eq!(bench.committed(&raw).len(), values.len() + 1);
}

/// Where nothing is to be done it says what is missing.
#[test]
fn without_topics_it_says_what_to_name() {
    let run = |config: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churnwatch.toml");
        std::fs::write(&path, format!("[kafka]\nbrokers = \"127.0.0.1:1\"\n{config}")).unwrap();
        let done = Command::new(PROGRAM).args(["rekey", "--config"]).arg(&path).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let (code, said) = run("");
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("rekey.topics: name the topics"), "{said}");
    let (code, said) = run("[rekey]\ntopics = [\"churn.events\"]\n");
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("two topics have the same name"), "{said}");
}
