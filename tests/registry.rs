//! Records framed for a schema registry: what Confluent's serializers wrote is read, and on a real Apache Kafka records wait for
//! a registry that is gone or shuts us out, nothing is lost, and what nobody can read is a dead letter.
//!
//! .ci/registry/run does the same with a real registry and other people's serializers.

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
#[path = "registry/frames.rs"]
mod frames;
#[path = "registry/stub.rs"]
mod stub;
mod support;

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use bench::{Bench, PROGRAM, Replica};
use stub::Stub;
use support::page::{free_port, page};

/// 2026-05-10T04:08:31.250Z.
const NOON: i64 = 1_778_386_111_250;

/// Events as a shop's Avro schema has them; with a field more later.
fn schema(has_channel: bool) -> Value {
    let mut fields = json!([
        {"name": "id", "type": "string"}, {"name": "type", "type": "string"}, {"name": "customer_id", "type": "string"},
        {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "amount", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
        {"name": "currency", "type": ["null", "string"]}]);
    if has_channel {
        fields.as_array_mut().unwrap().push(json!({"name": "channel", "type": ["null", "string"], "default": null}));
    }
    json!({"type": "record", "name": "Event", "namespace": "shop", "fields": fields})
}

/// A purchase of 12.34 yuan as Avro, framed.
fn purchase(id: u32, event: &str, customer: &str) -> Vec<u8> {
    let mut out = [&[0][..], &id.to_be_bytes()].concat();
    for text in [event, "purchase", customer] {
        out.push(text.len() as u8 * 2);
        out.extend_from_slice(text.as_bytes());
    }
    let mut time = (NOON as u64) << 1;
    while time >= 0x80 {
        out.push(time as u8 | 0x80);
        time >>= 7;
    }
    out.push(time as u8);
    // The second branch, two bytes, 1234; the second branch, three bytes.
    out.extend_from_slice(&[2, 4, 0x04, 0xd2, 2, 6]);
    out.extend_from_slice(b"CNY");
    if id == 2 {
        out.extend_from_slice(&[2, 6]);
        out.extend_from_slice(b"app");
    }
    out
}

struct Feed {
    producer: BaseProducer,
    topic: String,
}

impl Feed {
    fn send(&self, partition: i32, key: &str, value: &[u8]) {
        let record = BaseRecord::to(&self.topic).partition(partition).key(key).payload(value).timestamp(NOON);
        self.producer.send(record).map_err(|(fault, _)| fault).unwrap();
        self.producer.flush(Duration::from_secs(20)).unwrap();
    }
}

fn feed(bench: &Bench, topic: &str) -> Feed {
    Feed { producer: bench.client(&[]).create().unwrap(), topic: topic.to_owned() }
}

/// The sum of a metric's series; `None` as long as nobody answers, or too much was asked.
fn figure(port: u16, name: &str) -> Option<i64> {
    std::thread::sleep(Duration::from_millis(40));
    let page = page(port, "/metrics")?;
    let series = page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
    let values: Vec<i64> = series.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(1), "not {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Records taken in and partitions that wait.
fn stands(port: u16, name: &str, records: i64, waiting: i64) {
    let now = || (figure(port, name), figure(port, "churnwatch_schema_registry_waiting_partitions"));
    until(&format!("{records} records, {waiting} waiting"), || now() == (Some(records), Some(waiting)));
}

const RECORDS: &str = "churnwatch_records_total";

#[test]
fn records_wait_for_their_schema_and_none_is_lost() {
    let Some(brokers) = broker::broker() else { return };
    let (stub, port) = (Stub::start(), free_port());
    stub.knows(1, &schema(false));
    stub.now(|manner| manner.wants = Some(format!("Basic {}", STANDARD.encode("shop:right"))));
    let topic = format!("framed-{}.events", std::process::id());
    let bench = Bench::with(
        &brokers,
        "framed",
        "[time]\nclock = \"event\"\nuntil = \"2026-06-01\"\n[service]\ninstance = \"one\"\n",
    );
    let (password, log) = (bench.folder().join("password"), bench.folder().join("log"));
    std::fs::write(&password, "wrong").unwrap();
    bench.configure(&format!(
        "[inputs.\"{topic}\"]\nencoding = \"schema_registry\"\n[schema_registry]\nurl = \"{}\"\nusername = \"shop\"\npassword_file = {password:?}\n",
        stub.url
    ));
    bench.topics(2);
    let serve = || {
        let log = File::options().create(true).append(true).open(&log).unwrap();
        bench.serve_into(log, [("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"))])
    };
    let said = |words: &str| {
        until(&format!("said: {words}"), || std::fs::read_to_string(&log).is_ok_and(|text| text.contains(words)));
    };
    let feed = feed(&bench, &topic);

    // Shut out: everything waits. The password is mended, and nobody starts anything anew.
    feed.send(0, "ann", &purchase(1, "a1", "ann"));
    feed.send(1, "bob", &purchase(1, "b1", "bob"));
    let mut replica = serve();
    stands(port, RECORDS, 0, 2);
    said("does not let us in (401): look at schema_registry.username");
    // What waits lies before the end of its partition, so no day has closed without it.
    let closes = || figure(port, "churnwatch_closes_total");
    until("told", || closes().is_some());
    assert_eq!(closes(), Some(0));
    std::fs::write(&password, "right\n").unwrap();
    stands(port, RECORDS, 2, 0);
    until("closed", || closes() >= Some(2));

    // Gone: one partition meets a new schema and waits, in order; the other goes on.
    stub.now(|manner| manner.is_gone = true);
    feed.send(0, "ann", &purchase(2, "a2", "ann"));
    feed.send(0, "ann", &purchase(1, "a3", "ann"));
    feed.send(1, "bob", &purchase(1, "b2", "bob"));
    stands(port, RECORDS, 3, 1);
    said("look at schema_registry.url");
    // Killed while it waits: the next waits as well, and goes on where the last has committed.
    replica.kill();
    let mut replica = serve();
    stands(port, RECORDS, 0, 1);
    stub.knows(2, &schema(true));
    stub.now(|manner| manner.is_gone = false);
    stands(port, RECORDS, 2, 0);

    // What nobody can read is a dead letter with its own bytes, and what comes behind it is taken.
    let whole = purchase(1, "a5", "ann");
    let bad = [purchase(99, "a4", "ann"), br#"{"id": "plain"}"#.to_vec(), whole[..whole.len() - 2].to_vec()];
    for value in &bad {
        feed.send(0, "ann", value);
    }
    feed.send(0, "ann", &whole);
    stands(port, RECORDS, 6, 0);
    let letters = || {
        let records = bench.committed(&bench.settings().file.topics.dead_letters).into_iter();
        let letters = records.filter(|(.., headers)| !headers.contains_key("replayed"));
        letters.map(|(_, _, value, headers)| (headers["reason"].clone(), value.unwrap())).collect::<Vec<_>>()
    };
    let reasons = ["unknown schema", "bad encoding", "bad encoding"].map(str::to_owned);
    let wanted: Vec<(String, Vec<u8>)> = reasons.into_iter().zip(bad).collect();
    until("three letters", || letters().len() == 3);
    assert_eq!(letters(), wanted);

    // The schema comes back, and the letter with it. A service that runs would believe the registry's word for a minute.
    replica.terminate();
    stub.now(|manner| manner.is_gone = true);
    let (code, told) = bench.run(&["dead-letters", "replay", "--yes"]);
    assert!(code == 1 && told.contains("no schema to read records of"), "{code} {told}");
    stub.knows(99, &schema(false));
    stub.now(|manner| manner.is_gone = false);
    let (code, told) = bench.run(&["dead-letters", "replay", "--yes", "--json"]);
    assert_eq!(code, 0, "{told}");
    let mut replica = serve();
    stands(port, RECORDS, 1, 0);
    assert_eq!(letters(), wanted);

    // The same records from the topic, by a command.
    let replayed = Command::new(PROGRAM)
        .args(["replay", "--source", "kafka", "--profiles", "-", "--alerts", "/dev/null", "--config"])
        .arg(bench.path())
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    let profiles = String::from_utf8(replayed.stdout).unwrap();
    let mut gross: Vec<(String, String)> = profiles
        .lines()
        .map(|line| {
            let profile: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| profile[name].as_str().unwrap().to_owned();
            (text("customer_id"), text("gross_spend"))
        })
        .collect();
    gross.sort();
    assert_eq!(gross, [("ann".into(), "61.70".into()), ("bob".to_owned(), "24.68".to_owned())]);
    replica.terminate();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("right") && !log.contains("wrong") && !log.contains("ann"), "{log}");
}

/// Topics that are not keyed by their customer are taken out of their frames on the way.
#[test]
fn framed_records_are_keyed_anew_once_their_schema_is_there() {
    let Some(brokers) = broker::broker() else { return };
    let (stub, port, raw) = (Stub::start(), free_port(), format!("framed-raw-{}", std::process::id()));
    let bench =
        Bench::with(&brokers, "unframed", &format!("[rekey]\ntopics = [\"{raw}\"]\nlisten = \"127.0.0.1:{port}\"\n"));
    bench.configure(&format!(
        "[inputs.\"{raw}\"]\nencoding = \"schema_registry\"\n[schema_registry]\nurl = \"{}\"\n",
        stub.url
    ));
    bench.topics(2);
    let feed = feed(&bench, &raw);
    stub.now(|manner| manner.is_gone = true);
    for (at, customer) in ["ann", "bob", "ann"].into_iter().enumerate() {
        feed.send(0, "", &purchase(1, &format!("e{at}"), customer));
    }
    feed.send(0, "", b"plain");
    let child = Command::new(PROGRAM)
        .args(["rekey", "--log-level", "error", "--config"])
        .arg(bench.path())
        .stdout(Stdio::null())
        .spawn();
    let mut replica = Replica::of(child.unwrap());
    let records = "churnwatch_rekey_records_total";
    stands(port, records, 0, 1);
    stub.knows(1, &schema(false));
    stub.now(|manner| manner.is_gone = false);
    stands(port, records, 4, 0);
    replica.terminate();
    let topics = bench.settings().file.topics;
    let mut keyed: Vec<(Vec<u8>, Value)> = bench
        .committed(&topics.events[0])
        .into_iter()
        .map(|(_, key, value, _)| (key, serde_json::from_slice(&value.unwrap()).unwrap()))
        .collect();
    keyed.sort_by_key(|(_, event)| event["id"].to_string());
    let event = |id: &str, customer: &str| {
        let event = json!({"id": id, "type": "purchase", "customer_id": customer, "time": "2026-05-10T04:08:31.25Z",
            "amount": "12.34", "currency": "CNY"});
        (customer.as_bytes().to_vec(), event)
    };
    assert_eq!(keyed, [event("e0", "ann"), event("e1", "bob"), event("e2", "ann")]);
    let letters = bench.committed(&topics.dead_letters);
    assert!(letters.len() == 1 && letters[0].3["reason"] == "bad encoding", "{letters:?}");
}
