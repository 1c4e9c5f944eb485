//! A transaction's last word refused, or its connection cut, again and again, by librdkafka's mock broker: no hang, and
//! wherever the outcome is unknown another producer takes over. What such a broker calls a transaction means nothing, so
//! nothing else is looked at; tests/chaos.rs does the same on a real one.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::time::{Duration, Instant};

use churnwatch::config::load::check;
use churnwatch::engine::day::Millis;
use churnwatch::service::http::api::Api;
use churnwatch::service::kafka::publish::Publisher;
use churnwatch::service::run::Service;
use churnwatch::wire::artifact::Artifact;
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::json;

use support::draw::Draw;
use support::size;

/// What is answered to `EndTxn`, and whether its outcome is then unknown for good.
const REFUSALS: [(RDKafkaRespErr, bool); 9] = [
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT, false),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, false),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_COORDINATOR, false),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, false),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, false),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, false),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, true),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_PRODUCER_FENCED, true),
    (RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, true),
];
const COMMITS: &str = "churnwatch_commits_total";
const REPLACED: &str = "churnwatch_rebuilds_total";
/// Longest time to the next commit: that of a transaction, a new producer and another transaction.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn no_refused_end_of_a_transaction_hangs_and_the_producer_is_replaced() {
    let mut settings = check(json!({"time": {"clock": "event"}})).unwrap();
    let cluster = MockCluster::new(1).unwrap();
    let topics = &settings.file.topics;
    let outputs =
        [&topics.alerts, &topics.risk, &topics.outcomes, &topics.profiles, &topics.dead_letters, &topics.models];
    for topic in topics.events.iter().chain(outputs) {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    settings.file.kafka.brokers = cluster.bootstrap_servers();
    let artifact = Artifact::read(include_bytes!("../models/default.json")).unwrap();
    let service = Service::start(Api::new().unwrap(), settings.clone(), &artifact, 1).unwrap();
    let figure = |name: &str| -> usize {
        let text = service.api.metrics.text();
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or_default()
    };
    let publisher = Publisher::new(&settings, settings.own_topic().unwrap(), 1).unwrap();
    let next = |number: usize| {
        let time = 1_748_779_200_000 + number as i64 * 1_000;
        let event = format!(r#"{{"id":"e{number}","type":"visit","customer_id":"c{}","time":{time}}}"#, number % 100);
        publisher.send(b"c", event.as_bytes(), Millis(time)).unwrap();
    };
    // Until one of these counters has grown.
    let grows = |counters: &[&str], from: usize| {
        let asked = Instant::now();
        while counters.iter().map(|name| figure(name)).sum::<usize>() == from {
            assert!(asked.elapsed() < PATIENCE, "none of {counters:?} has grown");
            std::thread::sleep(Duration::from_millis(5));
        }
        asked.elapsed()
    };
    next(0);
    grows(&[COMMITS], 0);
    let (mut draw, mut unknown, mut slowest) = (Draw::new(7), 0, Duration::ZERO);
    for number in 1..=size(1_000, 45) {
        let (refusal, is_unknown) = REFUSALS[draw.below(REFUSALS.len() as u64) as usize];
        let (committed, replaced) = (figure(COMMITS), figure(REPLACED));
        cluster.request_errors(RDKafkaApiKey::EndTxn, &[refusal]);
        next(2 * number);
        let mut took = grows(&[COMMITS, REPLACED], committed + replaced);
        let was_replaced = figure(REPLACED) - replaced;
        if was_replaced > 0 {
            next(2 * number + 1);
            took += grows(&[COMMITS], committed);
        }
        assert_eq!(was_replaced, usize::from(is_unknown), "{refusal:?}, {took:?}");
        slowest = slowest.max(took);
        unknown += was_replaced;
    }
    println!("{} refusals, {unknown} producers replaced, slowest {slowest:?}", size(1_000, 45));
    assert!(unknown > size(1_000, 45) / 10, "{unknown}");
}
