//! One record in ten is bad, in every way there is: each has one letter, and the rest is what it would be without them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Instant;

use churnwatch::engine::day::Millis;
use churnwatch::wire::partitioner::partition;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::bench::{Bench, PROGRAM};
use crate::kinds::{LARGEST, Seat, kinds, pad};
use crate::stage::{Feed, Served, alone, nodes};
use crate::support::shop::lines;
use crate::support::size;

const PARTITIONS: u32 = 4;

#[test]
fn a_tenth_is_bad_each_has_one_letter_and_the_rest_is_as_without_it() {
    let _turn = alone();
    let Some(nodes) = nodes() else { return };
    let all = size(1_000_000, 50_000);
    let bench = Bench::new(&nodes.brokers, "bad", "2026-01-01");
    bench.topics(PARTITIONS);
    let kinds = kinds();
    assert_eq!(
        kinds.iter().map(|kind| &kind.name).collect::<BTreeSet<_>>().len(),
        kinds.len(),
        "a name is there twice"
    );
    let (giants, plain): (Vec<usize>, Vec<usize>) = (0..kinds.len()).partition(|at| kinds[*at].giant);
    // Each round of kinds; giants in the first rounds only.
    let kind_of = |number: usize| match number % kinds.len() {
        at if giants.contains(&at) && number / kinds.len() >= size(20, 2) => plain[number % plain.len()],
        at => at,
    };
    let mut good = lines(size(19_000, 1_900) as u32, size(400, 200) as u32, 9);
    good.truncate(all / 10 * 9);
    assert_eq!(good.len(), all / 10 * 9, "the shop is too small");
    let large = good.len() / 20;
    for (_, value) in good.iter_mut().step_by(large) {
        *value = pad(std::mem::take(value), LARGEST);
    }
    let (mut rest, mut taken) = (Vec::new(), 0);
    let (mut feed, mut sent, mut used) = (Feed::new(&bench, PARTITIONS), BTreeMap::new(), BTreeSet::new());
    for (at, (customer, value)) in good.iter().enumerate() {
        let home = partition(customer.as_bytes(), PARTITIONS);
        feed.send(home, Some(customer.as_bytes()), Some(value));
        rest.extend_from_slice(value);
        rest.push(b'\n');
        if at % 9 == 8 {
            let event: Value = serde_json::from_slice(value).unwrap();
            let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
            let kind = kind_of(sent.len());
            let seat = Seat { customer, number: sent.len(), time: Millis(time.as_millisecond()) };
            let (key, value) = kinds[kind].of(&seat);
            let offset = feed.send(home, key.as_deref(), value.as_deref());
            used.insert(kind);
            if kinds[kind].taken {
                rest.extend_from_slice(value.as_deref().unwrap());
                rest.push(b'\n');
                taken += 1;
            }
            sent.insert((home as i32, offset), (kind, key, value));
        }
    }
    feed.finish();
    assert_eq!((feed.sent(), sent.len(), used.len()), (all, all / 10, kinds.len()));
    assert!(used.len() >= 100, "{} kinds", used.len());

    let started = Instant::now();
    let mut served = Served::start(&bench);
    served.until_read(all);
    let took = started.elapsed();
    served.until_closed(&bench, PARTITIONS, "2025-12-31");
    assert_eq!(served.total("records_total"), all as u64);
    served.replica.terminate();
    println!("{all} records, {} bad in {} kinds, read in {took:?}", sent.len(), used.len());

    let mut wrong = BTreeMap::new();
    for (_, key, value, headers) in bench.committed(&bench.settings().file.topics.dead_letters) {
        let at = (headers["partition"].parse().unwrap(), headers["offset"].parse().unwrap());
        assert_eq!(headers["topic"], feed.topic);
        let Some((kind, sent_key, sent_value)) = sent.remove(&at) else {
            panic!("a letter of {at:?} that is there twice, or its record is good: {headers:?}");
        };
        let kind = &kinds[kind];
        if headers["reason"] != kind.reason {
            wrong.insert(&kind.name, (&kind.reason, headers["reason"].clone()));
        }
        let (sent_key, sent_value) = (sent_key.unwrap_or_default(), sent_value.unwrap_or_default());
        assert!(key == sent_key || key.len() == 65_536 && sent_key.starts_with(&key), "{}: the key", kind.name);
        let value = value.unwrap_or_default();
        if sent_value.len() > 900 * 1024 {
            assert_eq!(headers["sha256"], hex::encode(Sha256::digest(&sent_value)), "{}", kind.name);
            assert!(value.len() == 65_536 && sent_value.starts_with(&value), "{}: the value", kind.name);
        } else {
            assert_eq!(value, sent_value, "{}", kind.name);
        }
    }
    assert!(wrong.is_empty(), "kinds with another reason: {wrong:#?}");
    assert!(sent.is_empty(), "{} bad records have no letter", sent.len());
    bench.compare_with_topics(PARTITIONS);
    same_without_the_bad(&bench, &rest, taken);
}

/// What `replay` makes of the log, it makes of the rest alone, but for the letters.
fn same_without_the_bad(bench: &Bench, rest: &[u8], taken: usize) {
    std::fs::write(bench.folder().join("good.jsonl"), rest).unwrap();
    let replayed = Command::new(PROGRAM)
        .args(["replay", "good.jsonl", "--partitions", &PARTITIONS.to_string(), "--config"])
        .arg(bench.path())
        .args(["--alerts", "alerts.good", "--risk", "risk.good", "--outcomes", "outcomes.good"])
        .args(["--dead-letters", "dead.good", "--profiles", "profiles.good"])
        .current_dir(bench.folder())
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    let sorted = |name: &str| {
        let text = std::fs::read_to_string(bench.folder().join(name)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert!(taken > 0 && sorted("dead.good").len() == taken, "{taken} were taken in in spite of their letters");
    for what in ["alerts", "risk", "outcomes", "profiles"] {
        let (with, without) = (sorted(&format!("{what}.out")), sorted(&format!("{what}.good")));
        let first = with.iter().zip(&without).find(|(with, without)| with != without);
        assert!(!with.is_empty() && first.is_none() && with.len() == without.len(), "{what}: {first:#?}");
    }
}
