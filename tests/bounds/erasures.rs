//! Erased customers: a receipt each, none of them on the broker's disk but where the receipt says, none brought back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use churnwatch::wire::partitioner::partition;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use serde_json::{Value, json};

use crate::bench::{Bench, PROGRAM, shop};
use crate::stage::{Feed, Served, alone, nodes};
use crate::support::size;

const PARTITIONS: u32 = 3;
/// Commands that ask at a time.
const ASKERS: usize = 8;
/// How soon the disk must be clean once compaction is possible.
const SOON: Duration = Duration::from_mins(1);

/// The customers of the generated shop whose ids stand in the files of each topic of a bench: `c` and seven digits.
fn on_disk(data: &Path, tag: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in std::fs::read_dir(data).unwrap() {
        let folder = folder.unwrap();
        let name = folder.file_name().into_string().unwrap();
        // Besides the topics of this bench those of Kafka itself.
        if !folder.path().is_dir() || !(name.starts_with(tag) || name.starts_with("__")) {
            continue;
        }
        let ids = found.entry(name.rsplit_once('-').unwrap().0.to_owned()).or_default();
        for file in std::fs::read_dir(folder.path()).into_iter().flatten() {
            // Segments go while they are looked for.
            let Ok(bytes) = file.and_then(|file| std::fs::read(file.path())) else { continue };
            for window in bytes.windows(8) {
                if window[0] == b'c' && window[1..].iter().all(u8::is_ascii_digit) {
                    ids.insert(String::from_utf8(window.to_vec()).unwrap());
                }
            }
        }
    }
    found
}

/// Asks for an erasure as the user does; gives the receipt.
fn forget(bench: &Bench, customer: &str) -> Value {
    let mut command = Command::new(PROGRAM);
    command.args(["forget", customer, "--yes", "--json", "--wait-seconds", "60", "--config"]).arg(bench.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{customer}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Sets how old a segment gets before a newer one is begun and it can be compacted. Tombstones go ten seconds after their
/// first compaction, which is fixed by then: at Kafka's default, a day, ids would outlive this test.
fn segments_of(bench: &Bench, topic: &str, millis: &str) {
    let admin: AdminClient<DefaultClientContext> = bench.client(&[]).create().unwrap();
    let mut change = AlterConfig::new(ResourceSpecifier::Topic(topic));
    // Whatever is not named here falls back to the broker's default.
    for (name, value) in [
        ("cleanup.policy", "compact"),
        ("retention.ms", "-1"),
        ("segment.ms", millis),
        ("delete.retention.ms", "10000"),
    ] {
        change = change.set(name, value);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for altered in runtime.block_on(admin.alter_configs([&change], &AdminOptions::new())).unwrap() {
        altered.unwrap();
    }
}

/// Somebody whom nobody knows, in each partition, asks to be forgotten: a record in each of both topics, as other
/// customers' events bring it, without which no segment ends.
fn go_on(feed: &mut Feed, round: usize) {
    let time = jiff::Timestamp::now();
    for number in 0..PARTITIONS {
        let ids = (0..).map(|at| format!("nobody-{at}"));
        let id = ids.into_iter().find(|id| partition(id.as_bytes(), PARTITIONS) == number).unwrap();
        feed.event(&id, &format!(r#"{{"id":"n{round}","type":"forget","customer_id":"{id}","time":"{time}"}}"#));
    }
}

#[test]
fn erased_customers_are_gone_from_disk_and_stay_away() {
    let _turn = alone();
    let Some(nodes) = nodes() else { return };
    let (all, count) = (size(2_000, 120), size(1_000, 50));
    let more = "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n[erasure]\nsecret_file = \"SECRET\"\n\
                [kafka.client]\n\"compression.type\" = \"none\"\n";
    let bench = Bench::with(&nodes.brokers, "erased", more);
    let secret = bench.folder().join("secret");
    std::fs::write(&secret, "of nobody's business").unwrap();
    let text = std::fs::read_to_string(bench.path()).unwrap().replace("SECRET", secret.to_str().unwrap());
    std::fs::write(bench.path(), text).unwrap();
    bench.topics(PARTITIONS);
    let topics = bench.settings().file.topics;
    for topic in [&topics.profiles, &topics.risk] {
        segments_of(&bench, topic, "600000");
    }
    let (data, tag) = (nodes.folder().join("node-1/data"), topics.events[0].trim_end_matches("events").to_owned());
    let today = jiff::Timestamp::now().to_string()[..10].to_owned();
    let log = std::fs::read_to_string(shop(&bench, &all.to_string(), "120", &today, 16)).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let customers: BTreeSet<&str> = events.iter().map(|event| event["customer_id"].as_str().unwrap()).collect();
    let erased: BTreeSet<String> = customers.iter().step_by(2).take(count).map(|id| (*id).to_owned()).collect();
    let stayed: BTreeSet<String> =
        customers.iter().map(|id| (*id).to_owned()).filter(|id| !erased.contains(id)).collect();
    assert!(erased.len() == count && !stayed.is_empty());

    let mut feed = Feed::new(&bench, PARTITIONS);
    for (event, line) in events.iter().zip(log.lines()) {
        feed.event(event["customer_id"].as_str().unwrap(), line);
    }
    feed.finish();
    let mut served = Served::start(&bench);
    served.until_read(events.len());
    let profiles = on_disk(&data, &tag).remove(&topics.profiles).unwrap();
    assert!(
        customers.iter().all(|id| profiles.contains(*id)),
        "the changelog is not read aright: {} ids",
        profiles.len()
    );

    let started = Instant::now();
    let list: Vec<&String> = erased.iter().collect();
    let receipts: Vec<Value> = std::thread::scope(|scope| {
        let chunks = list.chunks(list.len().div_ceil(ASKERS));
        let bench = &bench;
        let asking: Vec<_> =
            chunks.map(|ids| scope.spawn(move || ids.iter().map(|id| forget(bench, id)).collect::<Vec<_>>())).collect();
        asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect()
    });
    println!("{count} of {all} customers erased with a receipt each in {:?}", started.elapsed());
    check_receipts(&receipts, &erased, &[&topics.alerts, &topics.outcomes, &topics.dead_letters]);

    let late = late_events(&mut feed, &events, &erased, "late");
    served.until("late events dropped", Duration::from_mins(2), |served| {
        served.total("erased_events_total") >= late as u64
    });
    nobody_is_back(&bench, &served, &erased);

    // From now on compaction is possible.
    for topic in [&topics.profiles, &topics.risk] {
        segments_of(&bench, topic, "1000");
    }
    let possible = Instant::now();
    let clean = |round: &mut usize, feed: &mut Feed| loop {
        *round += 1;
        go_on(feed, *round);
        let found = on_disk(&data, &tag);
        let left = |topic: &String| found.get(topic).map_or(0, |ids| ids.intersection(&erased).count());
        let left = (left(&topics.profiles), left(&topics.risk));
        if left == (0, 0) {
            break found;
        }
        assert!(possible.elapsed() < SOON * 2, "{left:?} of {count} are still in the changelog and in the risk topic");
        std::thread::sleep(Duration::from_millis(500));
    };
    let mut round = 0;
    let found = clean(&mut round, &mut feed);
    let took = possible.elapsed();
    println!("none of {count} in any segment of the changelog and of the risk topic after {took:?}");
    assert!(took < SOON, "it took {took:?}");
    let kept = &found[&topics.profiles];
    assert!(stayed.iter().all(|id| kept.contains(id)), "who stayed is gone too: {} of {}", kept.len(), stayed.len());
    let may: BTreeSet<&String> = [&topics.events[0], &topics.alerts, &topics.outcomes, &topics.dead_letters].into();
    for (topic, ids) in &found {
        assert!(may.contains(topic) || ids.is_disjoint(&erased), "{topic} still names them");
    }

    // Another process, which knows of the erasures from the changelog alone, and the old events once more.
    served.replica.terminate();
    served = Served::start(&bench);
    let late = late_events(&mut feed, &events, &erased, "later");
    served.until("later events dropped", Duration::from_mins(2), |served| {
        served.total("erased_events_total") >= late as u64
    });
    nobody_is_back(&bench, &served, &erased);
    clean(&mut round, &mut feed);
    let back = erased.first().unwrap();
    let event = json!({"id": "anew", "type": "purchase", "customer_id": back, "time": jiff::Timestamp::now().to_string(), "amount": "5.00", "currency": "CNY"});
    feed.event(back, &event.to_string());
    let page = format!("/v1/customers/{back}");
    served.until("back with a new purchase", Duration::from_mins(1), |served| {
        served.answer(&page).is_some_and(|(status, _)| status == 200)
    });
    let known: Value = serde_json::from_str(&served.answer(&page).unwrap().1).unwrap();
    assert_eq!((&known["purchases"], &known["gross_spend"]), (&json!(1), &json!("5.00")), "{known}");
    served.replica.terminate();
}

/// What was written, where, and where something may remain.
fn check_receipts(receipts: &[Value], erased: &BTreeSet<String>, kept: &[&String]) {
    let named: BTreeSet<String> = receipts.iter().map(|one| one["customer_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(&named, erased);
    let mut places = BTreeSet::new();
    for receipt in receipts {
        let records = receipt["records"].as_array().unwrap();
        let whats: Vec<&str> = records.iter().filter_map(|one| one["what"].as_str()).collect();
        assert_eq!(whats, ["profile erased", "earlier events kept out", "risk erased"], "{receipt}");
        assert!(receipt["erased"].is_string() && receipt["request"]["offset"].as_i64().unwrap() >= 0, "{receipt}");
        for one in records {
            let place = (one["topic"].to_string(), one["partition"].to_string(), one["offset"].to_string());
            assert!(places.insert(place), "two receipts name one record: {receipt}");
        }
        let remaining = receipt["remaining"].as_array().unwrap();
        let topics: Vec<&str> = remaining.iter().filter_map(|one| one["topic"].as_str()).collect();
        assert!(topics == kept.iter().map(|one| one.as_str()).collect::<Vec<_>>(), "{receipt}");
        assert!(remaining.iter().all(|one| one["until"].is_string()), "{receipt}");
    }
    assert_eq!(places.len(), 3 * receipts.len());
}

/// The events of those who are erased once more, with ids of their own: how many.
fn late_events(feed: &mut Feed, events: &[Value], erased: &BTreeSet<String>, mark: &str) -> usize {
    let mut count = 0;
    for event in events {
        let customer = event["customer_id"].as_str().unwrap();
        if erased.contains(customer) {
            let mut again = event.clone();
            again["id"] = json!(format!("{mark}-{}", event["id"].as_str().unwrap()));
            feed.event(customer, &again.to_string());
            count += 1;
        }
    }
    assert!(count >= erased.len());
    feed.flush();
    count
}

/// Nobody of them is known, in the service and in the changelog.
fn nobody_is_back(bench: &Bench, served: &Served, erased: &BTreeSet<String>) {
    let restored = bench.restored(PARTITIONS);
    for id in erased {
        assert!(restored.iter().all(|one| one.customer_json(id).is_none()), "{id} is back in the changelog");
    }
    for id in erased.iter().take(10) {
        assert_eq!(served.answer(&format!("/v1/customers/{id}")).unwrap().0, 404, "{id}");
    }
}
