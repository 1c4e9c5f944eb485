//! Nothing is skipped unseen: what retention deleted is counted, a group's lost offsets do not matter, a topic made anew or
//! with another number of partitions is refused with a sentence.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::bench::Bench;
use crate::broker::broker;
use crate::shop;
use crate::support::page::{free_port, page};

const PARTITIONS: u32 = 3;

/// The ends of an input's partitions.
fn ends(bench: &Bench, topic: &str) -> Vec<i64> {
    let asking: BaseConsumer = bench.client(&[]).create().unwrap();
    let end = |number| asking.fetch_watermarks(topic, number, Duration::from_secs(10)).unwrap().1;
    (0..PARTITIONS as i32).map(end).collect()
}

/// Serves until everything is committed; gives what the metrics said then.
fn serve_it_all(bench: &Bench) -> String {
    let port = free_port();
    let (topic, started) = (bench.settings().file.topics.events[0].clone(), Instant::now());
    let (mut replica, ends) = (bench.serve_at(port), ends(bench, &topic));
    let stands = |bench: &Bench| -> Vec<i64> {
        bench.restored(PARTITIONS).iter().map(|one| one.offsets()[0].unwrap_or_default()).collect()
    };
    while stands(bench) != ends {
        assert!(started.elapsed() < Duration::from_mins(1), "{:?} of {ends:?} read", stands(bench));
        std::thread::sleep(Duration::from_millis(200));
    }
    let metrics = page(port, "/metrics").unwrap();
    replica.terminate();
    metrics
}

/// A third of a log as a file of its own.
fn third(bench: &Bench, lines: &[String], number: usize) -> PathBuf {
    let path = bench.folder().join(format!("third-{number}.jsonl"));
    let part = &lines[lines.len() * number / 3..lines.len() * (number + 1) / 3];
    std::fs::write(&path, part.join("\n") + "\n").unwrap();
    path
}

#[test]
fn what_is_gone_is_counted_or_refused_never_skipped() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::with(&brokers, "gaps", "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    let path = shop(&bench, "120", "150", "2026-01-01", 12);
    let lines: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    let (settings, admin) =
        (bench.settings(), bench.client(&[]).create::<AdminClient<DefaultClientContext>>().unwrap());
    let (topic, options) = (settings.file.topics.events[0].as_str(), AdminOptions::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bench.topics(PARTITIONS);
    bench.publish(&third(&bench, &lines, 0));
    serve_it_all(&bench);

    // The group is deleted, and its offsets with it: where the inputs are read on from stands in the changelog.
    let deleted = runtime.block_on(admin.delete_groups(&[&settings.file.kafka.group_id], &options)).unwrap();
    for result in deleted {
        result.unwrap();
    }
    let second = third(&bench, &lines, 1);
    bench.publish(&second);
    let said = serve_it_all(&bench);
    assert!(said.contains("churnwatch_offset_gaps_total 0\n"), "{said}");
    let both = bench.folder().join("both.jsonl");
    std::fs::write(&both, lines[..lines.len() * 2 / 3].join("\n") + "\n").unwrap();
    bench.compare_with_replay(&both, PARTITIONS);

    // Retention takes all but the last records of each partition before they were read.
    let before = ends(&bench, topic);
    bench.publish(&third(&bench, &lines, 2));
    let after = ends(&bench, topic);
    let (mut list, mut gone) = (TopicPartitionList::new(), 0);
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        assert!(after - before > 10, "{before} to {after}: too few records to lose some");
        gone += after - 5 - before;
        list.add_partition_offset(topic, number as i32, Offset::Offset(after - 5)).unwrap();
    }
    runtime.block_on(admin.delete_records(&list, &options)).unwrap();
    let said = serve_it_all(&bench);
    assert!(said.contains(&format!("churnwatch_offset_gaps_total {gone}\n")), "{gone} are gone: {said}");
    println!("{gone} records gone, and counted");

    let refused = |words: &[&str]| {
        let (code, said) = bench.run(&["serve"]);
        assert_eq!(code, 64, "{said}");
        let sentences: Vec<_> = said.lines().filter(|line| line.starts_with("churnwatch: ")).collect();
        assert!(sentences.len() == 1 && words.iter().all(|word| sentences[0].contains(word)), "{said}");
        println!("{}", sentences[0]);
    };
    // Made anew, it ends before where it was read to.
    for result in runtime.block_on(admin.delete_topics(&[topic], &options)).unwrap() {
        result.unwrap();
    }
    let started = Instant::now();
    while runtime
        .block_on(admin.create_topics(&[NewTopic::new(topic, PARTITIONS as i32, TopicReplication::Fixed(1))], &options))
        .unwrap()
        .iter()
        .any(Result::is_err)
    {
        assert!(started.elapsed() < Duration::from_secs(30), "the topic is not deleted");
        std::thread::sleep(Duration::from_millis(200));
    }
    refused(&["the topic was made anew", "churnwatch rebuild"]);
    // Another partition, and customers are elsewhere.
    for result in runtime.block_on(admin.create_partitions(&[NewPartitions::new(topic, 4)], &options)).unwrap() {
        result.unwrap();
    }
    refused(&["has 3 partitions, the inputs have 4"]);
}
