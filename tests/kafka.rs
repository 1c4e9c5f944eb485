//! The service on a real Apache Kafka: what it commits equals what `replay` writes, whatever is killed meanwhile.
//!
//! Runs where Java and Maven, `KAFKA_HOME` or `CHURNWATCH_TEST_BROKERS` are there; in CI their absence is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "kafka/bench.rs"]
#[allow(dead_code, reason = "the chaos suite uses the rest")]
mod bench;
#[path = "kafka/broker.rs"]
#[allow(dead_code, reason = "the chaos suite uses the rest")]
mod broker;
#[path = "kafka/dead_letters.rs"]
mod dead_letters;
#[path = "kafka/erasure.rs"]
mod erasure;
#[path = "kafka/exports.rs"]
mod exports;
#[path = "kafka/gaps.rs"]
mod gaps;
#[path = "kafka/giants.rs"]
mod giants;
#[path = "kafka/peers.rs"]
mod peers;
#[path = "kafka/promotions.rs"]
mod promotions;
#[path = "kafka/restoring.rs"]
mod restoring;
#[path = "kafka/retraining.rs"]
mod retraining;
mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use bench::{Bench, PROGRAM, shop};
use broker::{broker, three_nodes};
use churnwatch::engine::day::Millis;
use churnwatch::service::kafka::topics::configs;
use churnwatch::wire::calendar::day_text;
use churnwatch::wire::changelog;
use exports::exports_equal;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use restoring::same_as_plainly_read;
use serde_json::Value;
use support::bad::bad_records;
use support::draw::Draw;
use support::logs::log;
use support::page::{free_port, page};

#[test]
fn a_real_log_with_one_replica_killed_in_the_middle_equals_replay() {
    let (Some(brokers), Some(path)) = (broker(), log("online_retail_ii.csv.gz")) else { return };
    let bench = Bench::new(&brokers, "retail", "2011-12-10");
    bench.topics(12);
    bench.publish(&path);
    let mut first = bench.serve();
    let mut second = bench.serve();
    let started = Instant::now();
    while !bench.restored(12).iter().any(|one| one.closed_day().is_some_and(|day| day_text(day).as_str() > "2010-08")) {
        assert!(started.elapsed() < Duration::from_mins(2), "nothing gets closed");
        std::thread::sleep(Duration::from_millis(50));
    }
    second.kill();
    assert!(!bench.closed_through(12, "2011-12-09"), "the kill came too late to mean anything");
    second = bench.serve();
    bench.wait_until_closed(12, "2011-12-09");
    first.terminate();
    second.terminate();
    bench.compare_with_replay(&path, 12);
}

/// A million events, three processes, ten SIGKILLs and five SIGTERMs at random moments.
#[test]
fn a_generated_shop_with_three_replicas_killed_at_random_equals_replay() {
    let Some(brokers) = broker() else { return };
    let seed: u64 = std::env::var("CHURNWATCH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("seed {seed}; repeat with CHURNWATCH_SEED={seed}");
    let bench = Bench::new(&brokers, "shop", "2026-01-01");
    let path = shop(&bench, "19000", "400", "2026-01-01", seed);
    let events = std::fs::read_to_string(&path).unwrap().lines().count();
    println!("{events} events");
    assert!(events >= 1_000_000);
    bench.topics(6);
    bench.publish(&path);
    let mut draw = Draw::new(seed);
    let mut replicas: Vec<_> = (0..3).map(|_| bench.serve()).collect();
    let mut ends: Vec<bool> = (0..15).map(|at| at < 10).collect();
    for at in (1..ends.len()).rev() {
        ends.swap(at, draw.below(at as u64 + 1) as usize);
    }
    let mut in_the_middle = 0;
    for kill in ends {
        std::thread::sleep(Duration::from_millis(300 + draw.below(1_000)));
        let victim = &mut replicas[draw.below(3) as usize];
        if kill {
            victim.kill();
        } else {
            victim.terminate();
        }
        *victim = bench.serve();
        in_the_middle += u32::from(!bench.closed_through(6, "2025-12-31"));
    }
    println!("{in_the_middle} of 15 ends came before everything was done");
    bench.wait_until_closed(6, "2025-12-31");
    for replica in &mut replicas {
        replica.terminate();
    }
    bench.compare_with_replay(&path, 6);
    let (code, said) = bench.run(&["report", "--source", "kafka"]);
    assert_eq!(code, 0, "{said}");
    assert!(in_the_middle >= 12);
}

/// A live service on the wall clock. History alone, stamped long ago, is a dead source: nobody is warned by the clock.
/// One new event anywhere shows that the source lives, and silence warns in every partition. All of it can be repeated.
#[test]
fn a_live_history_on_the_wall_clock_holds_goes_on_and_is_repeated() {
    let Some(brokers) = broker() else { return };
    let port = free_port();
    let more = format!("[http]\nlisten = \"127.0.0.1:{port}\"\n[alerts]\npublish_from = \"2020-01-01\"\n");
    let bench = Bench::with(&brokers, "wall", &more);
    let now = || Millis(jiff::Timestamp::now().as_millisecond());
    let end = day_text(bench.settings().rules.day(now()).plus(-20));
    let path = shop(&bench, "400", "200", &end, 3);
    bench.topics(3);
    bench.publish(&path);
    let mut replica = bench.serve();
    let page = |path: &str| page(port, path);
    let silent = |wanted: &str| {
        page("/metrics").is_some_and(|text| text.contains(&format!("churnwatch_source_silent {wanted}")))
    };
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < Duration::from_mins(2), "{what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    until("not ready", &|| page("/readyz").is_some());
    until("the source is dead, and no metric says so", &|| silent("1"));
    until("history is not read", &|| bench.restored(3).iter().all(|one| one.closed_day().is_some()));
    std::thread::sleep(Duration::from_secs(3));
    let yesterday = |now: Millis| day_text(bench.settings().rules.settles(now));
    assert!(!bench.restored(3).iter().any(|one| one.closed_day().is_some_and(|day| day_text(day) >= end)));
    // One sign of life, in one partition.
    let sign = bench.folder().join("sign.jsonl");
    let time = jiff::Timestamp::now();
    std::fs::write(&sign, format!(r#"{{"id":"s","type":"visit","customer_id":"c0000001","time":"{time}"}}"#)).unwrap();
    bench.publish(&sign);
    until("the source lives, and no metric says so", &|| silent("0"));
    bench.wait_until_closed(3, &yesterday(now()));
    let customer: Value = serde_json::from_str(&page("/v1/customers/c0000001").unwrap()).unwrap();
    assert_eq!(customer["customer_id"], "c0000001");
    assert!(page("/v1/customers/nobody").is_none());
    let inspected =
        Command::new(PROGRAM).args(["inspect", "c0000001", "--url"]).arg(format!("http://127.0.0.1:{port}")).output();
    assert!(String::from_utf8_lossy(&inspected.unwrap().stdout).contains("silent for"));
    replica.terminate();
    let warned = bench.committed(&bench.settings().file.topics.alerts);
    let late = warned.iter().filter(|(_, _, value, _)| {
        let alert: Value = serde_json::from_slice(value.as_deref().unwrap()).unwrap();
        alert["type"] == "churnwatch.alert.opened" && alert["data"]["day"].as_str().unwrap() > end.as_str()
    });
    assert!(late.count() > 0, "silence alone warned nobody");
    bench.compare_with_recorded(3);
}

/// The changelog is compacted and restores the same; emptied, it is made again from the inputs.
#[test]
fn a_compacted_and_a_rebuilt_changelog_are_the_same_state() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "rebuild", "2026-01-01");
    bench.commit_often();
    let path = shop(&bench, "2000", "300", "2026-01-01", 5);
    bench.topics(3);
    bench.publish(&path);
    let live = || {
        let mut replica = bench.serve();
        bench.wait_until_closed(3, "2025-12-31");
        replica.terminate();
    };
    live();
    bench.compare_with_replay(&path, 3);
    exports_equal(&bench);
    let profiles = bench.settings().file.topics.profiles;
    let records = bench.committed(&profiles);
    let keys: BTreeSet<_> = records.iter().map(|(partition, key, ..)| (partition, key)).collect();
    // Compaction leaves the last record of each key, and what the newest segment holds.
    let (written, most) = (records.len(), usize::midpoint(records.len(), keys.len()));
    assert!(written > keys.len() + 100, "{written} records of {} keys: nothing to compact", keys.len());
    let started = Instant::now();
    let compacted = loop {
        // A segment is compacted once a newer one is begun, which takes a record.
        live();
        let left = bench.committed(&profiles).len();
        if left < most || started.elapsed() > Duration::from_mins(2) {
            break left;
        }
        nudge(&bench, &profiles);
        std::thread::sleep(Duration::from_secs(3));
    };
    println!("changelog: {written} records of {} keys, {compacted} after compaction", keys.len());
    assert!(compacted < most, "{compacted} of {written} records are left: nothing was compacted");
    bench.compare_with_replay(&path, 3);
    same_as_plainly_read(&bench, 3);
    let (code, said) = bench.run(&["rebuild"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("--yes"), "{said}");
    let (code, said) = bench.run(&["rebuild", "--dry-run"]);
    assert!(code == 0 && said.contains("a dry run"), "{code}: {said}");
    let (code, said) = bench.run(&["rebuild", "--yes"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(bench.committed(&profiles).len(), 0);
    let before = bench.committed(&bench.settings().file.topics.alerts).len();
    live();
    let after = bench.committed(&bench.settings().file.topics.alerts).len();
    assert_eq!(after, 2 * before, "all inputs were not read again");
}

/// Writes a tombstone of nobody into each partition of a topic.
fn nudge(bench: &Bench, topic: &str) {
    let producer: BaseProducer = bench.client(&[]).create().unwrap();
    for partition in 0..3 {
        producer
            .send(BaseRecord::<[u8], [u8]>::to(topic).key(b"nobody").partition(partition))
            .map_err(|(fault, _)| fault)
            .unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// Every kind of bad record through the broker: each a dead letter with its bytes and its reason, the good ones unharmed.
#[test]
fn bad_records_are_buried_and_nothing_is_lost() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "bad", "2026-01-01");
    bench.topics(1);
    let bad = bad_records();
    let topic = bench.settings().file.topics.events[0].clone();
    let producer: BaseProducer = bench.client(&[("message.max.bytes", "2000000")]).create().unwrap();
    for (at, one) in bad.iter().enumerate() {
        let good = format!(
            r#"{{"id":"g{at}","type":"purchase","customer_id":"c{}","time":"2025-{:02}-03T12:00:00Z","amount":"10.00","currency":"CNY"}}"#,
            at % 4,
            1 + at / 12
        );
        let key = format!("c{}", at % 4);
        producer
            .send(BaseRecord::to(&topic).key(key.as_bytes()).payload(good.as_bytes()))
            .map_err(|(fault, _)| fault)
            .unwrap();
        let mut record = BaseRecord::<[u8], [u8]>::to(&topic).payload(&one.value);
        record.key = one.key.as_deref();
        producer.send(record).map_err(|(fault, _)| fault).unwrap();
    }
    producer.flush(Duration::from_secs(20)).unwrap();
    let mut replica = bench.serve();
    bench.wait_until_closed(1, "2025-12-31");
    replica.terminate();
    let letters = bench.committed(&bench.settings().file.topics.dead_letters);
    assert_eq!(letters.len(), bad.len());
    for (one, (_, key, value, headers)) in bad.iter().zip(&letters) {
        assert_eq!(headers["reason"], one.reason, "{}", one.file);
        assert_eq!(key, one.key.as_deref().unwrap_or_default(), "{}", one.file);
        assert_eq!(value.as_deref().unwrap_or_default(), one.value, "{}", one.file);
    }
    let bought: u64 = (0..4)
        .map(|number| bench.restored(1)[0].customer_json(&format!("c{number}")).unwrap()["purchases"].as_u64().unwrap())
        .sum();
    assert_eq!(bought, bad.len() as u64);
}

#[test]
fn what_is_missing_or_wrong_is_said_in_one_sentence() {
    let Some(brokers) = broker() else { return };
    let says = |bench: &Bench, command: &[&str], code: i32, words: &[&str]| {
        let (exit, said) = bench.run(command);
        assert_eq!(exit, code, "{said}");
        let sentences = said.lines().filter(|line| line.starts_with("churnwatch: ")).count();
        assert!(sentences == 1 && words.iter().all(|word| said.contains(word)), "{said}");
    };
    let bench = Bench::new(&brokers, "missing", "2026-01-01");
    says(&bench, &["serve"], 64, &["missing topics", "churnwatch topics create"]);
    bench.topics(3);
    let nobody = Bench::new("127.0.0.1:9", "nobody", "2026-01-01");
    says(&nobody, &["topics", "check"], 1, &["no Kafka broker answers at 127.0.0.1:9", "kafka.brokers"]);
    says(&nobody, &["serve"], 1, &["no Kafka broker answers at 127.0.0.1:9"]);
    let unnamed = Bench::new("", "unnamed", "2026-01-01");
    says(&unnamed, &["serve"], 64, &["kafka.brokers: name your brokers"]);
    // Topics of another configuration have other numbers of partitions.
    let wider = Bench::new(&brokers, "wider", "2026-01-01");
    wider.topics(5);
    let name = |bench: &Bench| bench.settings().file.topics;
    let mixed = Bench::with(&brokers, "mixed", "");
    let text = std::fs::read_to_string(mixed.path()).unwrap();
    let own = name(&mixed);
    let text = text.replace(&own.events[0], &name(&bench).events[0]).replace(&own.profiles, &name(&wider).profiles);
    std::fs::write(mixed.path(), text).unwrap();
    mixed.topics(3);
    says(&mixed, &["serve"], 64, &["has 5 partitions, the inputs have 3", "topics create"]);
    // A changelog that forgets by age would forget the silent.
    bench.alter(&name(&bench).profiles, "cleanup.policy", "delete");
    says(&bench, &["serve"], 64, &["cleanup.policy=delete", "kafka-configs.sh"]);
    // The same where nothing is set and the broker's default deletes: altering one property unsets all others.
    bench.alter(&name(&bench).profiles, "segment.ms", "600000");
    says(&bench, &["serve"], 64, &["cleanup.policy=delete", "kafka-configs.sh"]);
    bench.alter(&name(&bench).profiles, "cleanup.policy", "compact");
    let model = "[model]\npath = \"/nowhere/model.json\"\n";
    bench.configure(model);
    says(&bench, &["serve"], 64, &["cannot read the model /nowhere/model.json", "churnwatch train"]);
    wider.configure("[churn]\nhorizon_days = 60\n");
    says(&wider, &["serve"], 64, &["horizon of 90 days", "churn.horizon_days = 90"]);
    // What a release to come would write.
    let newer = Bench::new(&brokers, "newer", "2026-01-01");
    newer.topics(1);
    let producer: BaseProducer = newer.client(&[]).create().unwrap();
    let customer = [changelog::VERSION + 1, 10, 134];
    let changelog = name(&newer).profiles;
    let record = BaseRecord::to(&changelog).key(b"nann").payload(&customer[..]);
    producer.send(record).map_err(|(fault, _)| fault).unwrap();
    producer.flush(Duration::from_secs(20)).unwrap();
    says(&newer, &["serve"], 64, &["of version 5", "start the release that wrote it", "churnwatch rebuild"]);
    let model = std::fs::read_to_string("models/default.json").unwrap();
    let path = newer.folder().join("newer.json");
    std::fs::write(&path, model.replacen("\"schema_version\": 2", "\"schema_version\": 3", 1)).unwrap();
    newer.configure(&format!("[model]\npath = \"{}\"\n", path.display()));
    says(&newer, &["serve"], 64, &["schema version 3", "train it anew with this release"]);
}

/// Three nodes, everything on all of them: the script starts them, and the same comes out.
#[test]
fn three_nodes_serve_as_one_does() {
    let Some(brokers) = three_nodes() else { return };
    let bench = Bench::new(&brokers, "three", "2026-01-01");
    let path = shop(&bench, "200", "200", "2026-01-01", 9);
    let create = ["topics", "create", "--partitions", "6", "--replication-factor"];
    let dry = bench.run(&[&create[..], &["3", "--dry-run"]].concat());
    assert!(dry.0 == 0 && dry.1.contains("7 topics would be made"), "{dry:?}");
    let too_many = bench.run(&[&create[..], &["9", "--dry-run"]].concat());
    assert!(too_many.0 == 1 && too_many.1.contains("replication factor"), "{too_many:?}");
    let made = bench.run(&[&create[..], &["3"]].concat());
    assert!(made.0 == 0 && made.1.contains("7 topics made"), "{made:?}");
    let topics = bench.settings().file.topics;
    // The node that is asked may hear of new topics a moment after the one that made them.
    let both = [&topics.profiles, &topics.alerts];
    let asked = Instant::now();
    let set = loop {
        let set = configs(&bench.settings(), &both, |_| true).unwrap().unwrap();
        let is_told = |topic: &&String| {
            set.get(*topic).is_some_and(|properties| properties.contains_key("max.compaction.lag.ms"))
        };
        if both.iter().all(is_told) {
            break set;
        }
        assert!(asked.elapsed() < Duration::from_secs(20), "{set:?}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(set[&topics.profiles]["max.compaction.lag.ms"], "604800000");
    assert!(set.values().all(|properties| properties["min.insync.replicas"] == "2"), "{set:?}");
    bench.publish(&path);
    bench.configure("[service]\nworkers = 2\ninstance = \"one\"\n");
    let mut replica = bench.serve();
    bench.wait_until_closed(6, "2025-12-31");
    replica.terminate();
    bench.compare_with_replay(&path, 6);
}
