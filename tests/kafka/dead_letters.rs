//! Dead letters on a real broker: shown, and put back once, though the command is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use churnwatch::processor::topology::Processor;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::bench::{Bench, PROGRAM};
use crate::broker::broker;
use crate::shop;
use crate::support::bad::bad_records;
use crate::support::draw::Draw;
use crate::support::page::{free_port, page};

/// Runs `dead-letters` to its end: exit code, standard output as JSON (null where it is none), standard error.
fn letters(bench: &Bench, arguments: &[&str]) -> (i32, Value, String) {
    let output = command(bench, arguments).arg("--json").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

fn command(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("dead-letters").args(arguments).arg("--config").arg(bench.path());
    command
}

/// What it says, having ended well.
fn said(bench: &Bench, arguments: &[&str]) -> Value {
    let (code, told, said) = letters(bench, arguments);
    assert_eq!(code, 0, "{arguments:?}: {said}");
    told
}

/// A record's key and value.
type Content = (Vec<u8>, Option<Vec<u8>>);

/// The records that were put back, by the place of their letter. None is there twice.
fn put_back(bench: &Bench) -> BTreeMap<String, Content> {
    let mut found = BTreeMap::new();
    for (_, key, value, headers) in bench.committed(&bench.settings().file.topics.events[0]) {
        if let Some(place) = headers.get("dead_letter") {
            assert_eq!(found.insert(place.clone(), (key, value)), None, "{place} was put back twice");
        }
    }
    found
}

/// Key and value of every letter of one reason, or of all.
fn contents(bench: &Bench, reason: Option<&str>) -> Vec<Content> {
    let records = bench.committed(&bench.settings().file.topics.dead_letters).into_iter();
    let wanted = |found: &String| reason.is_none_or(|reason| reason == found);
    let letters = records.filter(|(.., headers)| headers.get("reason").is_some_and(wanted));
    let mut contents: Vec<Content> = letters.map(|(_, key, value, _)| (key, value)).collect();
    contents.sort();
    contents
}

/// Records that the input's partitions have had so far, those of open and aborted transactions among them.
fn written(bench: &Bench, consumer: &BaseConsumer) -> i64 {
    let topic = &bench.settings().file.topics.events[0];
    let end = |partition| consumer.fetch_watermarks(topic, partition, Duration::from_secs(10)).unwrap().1;
    (0..3).map(end).sum()
}

/// Puts everything back by commands that are killed as soon as they have written some number of records, drawn by chance,
/// then by one that is not killed; says how many kills left a part put back.
fn put_back_under_kills(bench: &Bench, letters: usize, draw: &mut Draw) -> u32 {
    let consumer: BaseConsumer = bench.client(&[]).create().unwrap();
    let mut in_the_middle = 0;
    for _ in 0..5 {
        let begun = written(bench, &consumer);
        let most = begun + 1 + draw.below(letters as u64 / 3) as i64;
        let mut child = command(bench, &["replay", "--yes"]).stderr(Stdio::null()).spawn().unwrap();
        while written(bench, &consumer) < most && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        let now = put_back(bench).len();
        in_the_middle += u32::from(0 < now && now < letters);
    }
    // Two at once: the later shuts the other out, which may have ended by then.
    let both = [(); 2].map(|()| command(bench, &["replay", "--yes"]).stderr(Stdio::piped()).spawn().unwrap());
    let ended = both.map(|one| one.wait_with_output().unwrap());
    for output in ended.iter().filter(|output| !output.status.success()) {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("another `dead-letters replay` of this group took over"), "{said}");
    }
    assert!(ended.iter().any(|output| output.status.success()));
    let (before, done) = (put_back(bench).len(), said(bench, &["replay", "--yes"]));
    assert_eq!((&done["put_back"], &done["put_back_before"]), (&json!(letters - before), &json!(before)), "{done}");
    let again = said(bench, &["replay", "--yes"]);
    assert_eq!((&again["put_back"], &again["put_back_before"]), (&json!(0), &json!(letters)), "{again}");
    in_the_middle
}

/// What `replay` makes of a file, by customer, less what follows from the closes.
fn replayed(bench: &Bench, path: &Path, gone: &[&str]) -> BTreeMap<String, Value> {
    let out = bench.folder().join("whole.out");
    let (code, said) =
        bench.run(&["replay", path.to_str().unwrap(), "--partitions", "3", "--profiles", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    let lines = std::fs::read_to_string(out).unwrap();
    profiles(lines.lines().map(|line| serde_json::from_str(line).unwrap()), gone)
}

/// The partitions as the changelog has them, likewise.
fn live(bench: &Bench, gone: &[&str]) -> BTreeMap<String, Value> {
    let until = bench.settings().until.map(|until| until.plus(-1));
    profiles(bench.restored(3).iter().flat_map(|one| one.profiles_json(until)), gone)
}

fn profiles(profiles: impl Iterator<Item = Value>, gone: &[&str]) -> BTreeMap<String, Value> {
    profiles
        .map(|mut profile| {
            profile.as_object_mut().unwrap().retain(|name, _| !gone.contains(&&**name));
            (profile["customer_id"].as_str().unwrap().to_owned(), profile)
        })
        .collect()
}

/// A rate is part of the state, so it takes a rebuild, which reads the refused records again. Their letters, put back
/// besides, change nothing.
#[test]
fn dead_letters_of_an_unknown_currency_are_mended_by_a_rate() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "rates", "2026-01-01");
    let path = shop(&bench, "300", "120", "2026-01-01", 21);
    // Purchases of December are in dollars.
    let text = std::fs::read_to_string(&path).unwrap();
    let mixed: Vec<String> = text
        .lines()
        .map(|line| {
            let bought = line.contains("\"time\":\"2025-12") && line.contains("\"type\":\"purchase\"");
            if bought { line.replace("\"CNY\"", "\"USD\"") } else { line.to_owned() }
        })
        .collect();
    std::fs::write(&path, mixed.join("\n")).unwrap();
    let dollars = mixed.iter().filter(|line| line.contains("\"USD\"")).count();
    assert!(dollars > 100, "{dollars}");
    bench.topics(3);
    bench.publish(&path);
    let life = || {
        let mut replica = bench.serve();
        bench.wait_until_closed(3, "2025-12-31");
        replica.terminate();
    };
    life();
    // Refunds of orders in dollars name what nobody knows yet.
    let letters = contents(&bench, None).len();
    assert_eq!(said(&bench, &["list", "--limit", "0"])["letters"], letters);
    let listed = said(&bench, &["list", "--limit", "2", "--field", "currency"]);
    let group = &listed["groups"][0];
    assert_eq!((&group["reason"], &group["field"]), (&json!("unknown currency"), &json!("currency")), "{listed}");
    let count = json!(dollars);
    assert_eq!((&listed["letters"], &group["letters"], &group["replayed"]), (&count, &count, &json!(0)));
    assert_eq!(listed["newest"].as_array().unwrap().len(), 2);
    let place = group["example"].as_str().unwrap();
    let shown = said(&bench, &["show", place]);
    assert_eq!((&shown["now"], &shown["now_reason"]), (&json!("refused"), &json!("unknown currency")), "{shown}");
    assert!(shown["remedy"].as_str().unwrap().contains("money.rates"), "{shown}");
    let done = said(&bench, &["replay", "--yes"]);
    assert_eq!((&done["put_back"], &done["would_be_refused"]["unknown currency"]), (&json!(0), &count), "{done}");

    bench.configure("[money]\nrates = { USD = \"7\" }\n");
    assert_eq!(said(&bench, &["show", place])["now"], "accepted");
    let (code, sentence) = bench.run(&["serve"]);
    assert!(code == 64 && sentence.contains("churnwatch rebuild"), "{code}: {sentence}");
    let (code, sentence) = bench.run(&["rebuild", "--yes"]);
    assert_eq!(code, 0, "{sentence}");
    let dry = said(&bench, &["replay", "--dry-run", "--reason", "unknown-currency", "--since", "1h"]);
    assert_eq!((&dry["put_back"], &dry["dry_run"]), (&count, &json!(true)));
    assert_eq!(put_back(&bench).len(), 0, "a dry run wrote something");
    put_back_under_kills(&bench, dollars, &mut Draw::new(3));
    assert_eq!(
        put_back(&bench).into_values().collect::<BTreeSet<_>>(),
        contents(&bench, Some("unknown currency")).into_iter().collect()
    );
    assert_eq!(said(&bench, &["list", "--field", "currency"])["groups"][0]["replayed"], count);
    assert_eq!(said(&bench, &["show", place])["replayed"], true);
    life();
    assert_eq!(said(&bench, &["list"])["letters"], letters, "there are new letters");
    assert_eq!(live(&bench, &[]), replayed(&bench, &path, &[]));
}

/// More room lets in who was refused, while the service runs, once each.
#[test]
fn dead_letters_of_a_full_state_are_put_back_once_there_is_room() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "full", "2026-01-01");
    bench.configure("[service]\nmax_customers_per_partition = 20\n");
    let path = shop(&bench, "300", "150", "2026-01-01", 22);
    bench.topics(3);
    bench.publish(&path);
    let port = free_port();
    let mut replica = bench.serve_at(port);
    bench.wait_until_closed(3, "2025-12-31");
    let metrics = || page(port, "/metrics").unwrap();
    let (text, started) = (metrics(), Instant::now());
    assert!(text.contains("churnwatch_state_limit_customers{partition=\"2\"} 20"), "{text}");
    while !metrics().contains("churnwatch_customers{partition=\"2\"} 20") {
        assert!(started.elapsed() < Duration::from_mins(1), "the metric does not follow");
        std::thread::sleep(Duration::from_millis(500));
    }
    replica.terminate();
    assert_eq!(bench.restored(3).iter().map(Processor::customers).collect::<Vec<_>>(), [20; 3]);
    let refused = contents(&bench, None);
    let listed = said(&bench, &["list", "--reason", "state full"]);
    assert_eq!(listed["letters"], json!(refused.len()));
    assert!(refused.len() > 3_000, "{}", refused.len());
    assert_eq!(said(&bench, &["list", "--until", "2020-01-01"])["letters"], 0);

    let text = std::fs::read_to_string(bench.path()).unwrap();
    std::fs::write(bench.path(), text.replace("per_partition = 20", "per_partition = 300")).unwrap();
    let mut replica = bench.serve();
    let in_the_middle = put_back_under_kills(&bench, refused.len(), &mut Draw::new(4));
    println!("{in_the_middle} kills came in the middle of {} letters", refused.len());
    assert!(in_the_middle > 0, "no kill came in the middle");
    let mut found: Vec<Content> = put_back(&bench).into_values().collect();
    found.sort();
    assert!(found == refused, "{} put back, {} refused", found.len(), refused.len());
    let started = Instant::now();
    // What follows from the closes, which were long over, is another: nobody was there.
    let gone = ["band", "contactable", "episode", "forecast", "not_warned_because", "segment", "tier"];
    let whole = replayed(&bench, &path, &gone);
    assert_eq!(whole.len(), 300);
    loop {
        let live = live(&bench, &gone);
        if live == whole {
            break;
        }
        let other = whole.iter().find(|(customer, profile)| live.get(*customer) != Some(profile));
        let pair = other.map(|(customer, profile)| (profile, live.get(customer)));
        assert!(started.elapsed() < Duration::from_mins(1), "the profiles are not those of the whole: {pair:#?}");
        std::thread::sleep(Duration::from_millis(500));
    }
    replica.terminate();
    assert_eq!(said(&bench, &["list"])["letters"], json!(refused.len()), "there are new letters");
}

/// Every kind of bad record: listed, explained, and left alone unless everything is asked for; then it comes back byte for
/// byte, with its timestamp, and is refused for the same reason.
#[test]
fn dead_letters_of_every_kind_are_told_and_come_back_as_they_were() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "kinds", "2026-01-01");
    bench.topics(1);
    let (bad, topics) = (bad_records(), bench.settings().file.topics);
    let producer: BaseProducer = bench.client(&[]).create().unwrap();
    for (at, one) in bad.iter().enumerate() {
        let mut record = BaseRecord::<[u8], [u8]>::to(&topics.events[0]).payload(&one.value);
        record.key = one.key.as_deref();
        producer.send(record.timestamp(1_767_000_000_000 + at as i64)).map_err(|(fault, _)| fault).unwrap();
    }
    producer.flush(Duration::from_secs(20)).unwrap();
    let wait = |count: usize| {
        let (mut replica, started) = (bench.serve(), Instant::now());
        while contents(&bench, None).len() < count {
            assert!(started.elapsed() < Duration::from_mins(1), "not all are buried");
            std::thread::sleep(Duration::from_millis(200));
        }
        replica.terminate();
        assert_eq!(contents(&bench, None).len(), count);
    };
    wait(bad.len());
    let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
    for one in &bad {
        *wanted.entry(&one.reason).or_default() += 1;
    }
    let listed = said(&bench, &["list", "--limit", "1000"]);
    let mut told: BTreeMap<&str, u64> = BTreeMap::new();
    for group in listed["groups"].as_array().unwrap() {
        *told.entry(group["reason"].as_str().unwrap()).or_default() += group["letters"].as_u64().unwrap();
    }
    assert_eq!(told, wanted);
    assert_eq!(listed["newest"].as_array().unwrap().len(), bad.len());
    // The first is a lone byte.
    let shown = said(&bench, &["show", "0@0"]);
    assert_eq!((&shown["value"], &shown["now_reason"]), (&Value::Null, &json!("not UTF-8")));
    assert_eq!(hex::decode(shown["value_hex"].as_str().unwrap()).unwrap(), bad[0].value);
    assert_eq!(shown["record"]["time"], "2025-12-29T09:20:00.000Z");

    let count = |reason: &str| wanted.get(reason).copied().unwrap_or_default();
    let (code, told, sentence) = letters(&bench, &["replay"]);
    assert_eq!((code, &told["put_back"]), (64, &json!(count("unknown episode"))), "{sentence}");
    for (arguments, code, words) in [
        (&["show", "0@999999"][..], 1, "there is no dead letter at 0@999999"),
        (&["show", "9@0"], 1, "there is no dead letter at 9@0"),
        (&["show", "first"], 64, "PARTITION@OFFSET"),
        (&["replay", "0@999999", "--yes"], 1, "there is no dead letter at 0@999999"),
        (&["list", "--reason", "bad luck"], 64, "state full"),
        (&["list", "--since", "soon"], 64, "--since: \"soon\" is no moment"),
    ] {
        let (found, _, sentence) = letters(&bench, arguments);
        assert!(found == code && sentence.contains(words), "{arguments:?}: {found}, {sentence}");
    }
    assert_eq!(put_back(&bench).len(), 0);
    let one = said(&bench, &["replay", "--all", "--yes", "0@0"]);
    assert_eq!((&one["letters"], &one["put_back"]), (&json!(1), &json!(1)));
    let rest = said(&bench, &["replay", "--all", "--yes"]);
    assert_eq!((&rest["put_back"], &rest["put_back_before"]), (&json!(bad.len() - 1), &json!(1)), "{rest}");
    let before = contents(&bench, None);
    let mut found: Vec<Content> = put_back(&bench).into_values().collect();
    found.sort();
    assert!(found == before, "what came back is not what was refused");
    // A refund that names an order was taken in when it first came, so now it is a duplicate.
    let taken =
        bad.iter().filter(|one| one.reason == "unknown order" && one.value.windows(8).any(|part| part == b"order_id"));
    let taken = taken.count();
    wait(2 * bad.len() - taken);
    let mut stamps: BTreeMap<String, u64> = BTreeMap::new();
    for (.., headers) in bench.committed(&topics.dead_letters) {
        if headers.contains_key("reason") {
            *stamps.entry(headers["timestamp"].clone()).or_default() += 1;
        }
    }
    assert_eq!(stamps.len(), bad.len(), "a record came back with another timestamp");
}

/// An event in headers is whole again: what is missing from one put back is what was missing before.
#[test]
fn dead_letters_of_events_in_headers_come_back_with_them() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "headed", "2026-01-01");
    bench.topics(1);
    let topics = bench.settings().file.topics;
    let input = topics.events[0].clone();
    bench.configure(&format!("[inputs.\"{input}\"]\nformat = \"cloudevents\"\n"));
    let own = [
        ("ce_specversion", "1.0"),
        ("ce_id", "p1"),
        ("ce_source", "/shop"),
        ("ce_type", "com.example.purchase"),
        ("ce_subject", "ann"),
        ("ce_time", "2025-12-01T10:00:00Z"),
        ("content-type", "application/json"),
    ];
    let headers =
        own.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }));
    let producer: BaseProducer = bench.client(&[]).create().unwrap();
    let record = BaseRecord::to(&input).key("ann").payload(r#"{"amount":"5","currency":"USD"}"#).headers(headers);
    producer.send(record).map_err(|(fault, _)| fault).unwrap();
    producer.flush(Duration::from_secs(20)).unwrap();
    let letters = |count: usize| {
        let (mut replica, started) = (bench.serve(), Instant::now());
        loop {
            let letters = bench.committed(&topics.dead_letters);
            let letters: Vec<_> = letters.into_iter().filter(|(.., headers)| headers.contains_key("reason")).collect();
            if letters.len() == count {
                replica.terminate();
                return letters;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "not all are buried");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    letters(1);
    assert_eq!(said(&bench, &["show", "0@0"])["now_reason"], "unknown currency");
    assert_eq!(said(&bench, &["replay", "--all", "--yes"])["put_back"], 1);
    let records = bench.committed(&input);
    assert_eq!(records[1].3["dead_letter"], "0@0");
    for (.., headers) in &records {
        assert!(own.iter().all(|(name, value)| headers.get(*name).is_some_and(|kept| kept == value)), "{headers:?}");
    }
    for (.., headers) in letters(2) {
        assert_eq!(headers["reason"], "unknown currency");
        assert_eq!(headers["original.ce_id"], "p1");
    }
}
