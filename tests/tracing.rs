//! The way of sampled events on a real Apache Kafka, as a collector of spans is told of it, and in the headers of what they
//! caused.

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
#[path = "support/collector.rs"]
mod collector;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use bench::{Bench, PROGRAM, Replica};
use collector::{Collector, Receiver, attribute};
use support::page::{free_port, page};

/// Everybody who is silent for a week is warned about, and a purchase of anybody moves the time.
const RULES: &str = "[time]\nclock = \"event\"\nquorum = 1\n[http]\nlisten = \"127.0.0.1:0\"\n\
    [holdout]\nshare = 0.0\n[alerts]\nwatch = 0.001\nhigh = 0.002\ncritical = 0.003\npublish_from = \"2025-01-01\"\n";

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// The spans are posted at once.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "100");

fn purchase(customer: &str, day: u32) -> Value {
    json!({"id": format!("{customer}-{day}"), "type": "purchase", "customer_id": customer,
        "time": format!("2025-06-{day:02}T10:00:00Z"), "amount": "40", "currency": "CNY"})
}

fn send(bench: &Bench, topic: &str, value: &Value, flags: Option<&str>) {
    let producer: BaseProducer = bench.client(&[("linger.ms", "0")]).create().unwrap();
    let (key, value) = (value["customer_id"].as_str().unwrap(), value.to_string());
    let mut record = BaseRecord::<str, str>::to(topic).key(key).payload(&value);
    let parent = flags.map(|flags| format!("00-{TRACE}-{PARENT}-{flags}"));
    if let Some(parent) = &parent {
        let parent = OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(parent) });
        record = record.headers(parent.insert(Header { key: "tracestate", value: Some("shop=7") }));
    }
    assert!(producer.send(record).is_ok());
    producer.flush(Duration::from_secs(20)).unwrap();
}

/// Ann falls silent and is warned about; then she buys, and the warning is resolved.
fn tell(bench: &Bench, topic: &str) {
    for (customer, day) in [("ann", 1), ("ann", 4), ("bob", 20)] {
        send(bench, topic, &purchase(customer, day), None);
    }
    send(bench, topic, &purchase("carl", 20), Some("00"));
    send(bench, topic, &purchase("ann", 21), Some("01"));
}

type Headers = BTreeMap<String, String>;

/// The alerts about Ann by type, each with its headers, once she is warned about no more.
fn alerts(bench: &Bench) -> BTreeMap<String, Headers> {
    let (begun, topic) = (Instant::now(), bench.settings().file.topics.alerts);
    loop {
        let of_ann = bench.committed(&topic).into_iter().filter(|(_, key, ..)| key == b"ann");
        let alerts: BTreeMap<String, Headers> = of_ann
            .map(|(_, _, value, headers)| {
                let alert: Value = serde_json::from_slice(&value.unwrap()).unwrap();
                (alert["type"].as_str().unwrap().replace("churnwatch.alert.", ""), headers)
            })
            .collect();
        if alerts.contains_key("resolved") {
            return alerts;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{alerts:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn made(brokers: &str, name: &str, more: &str) -> (Bench, String) {
    let bench = Bench::with(brokers, name, &format!("{RULES}{more}"));
    bench.topics(1);
    let topic = bench.settings().file.topics.events[0].clone();
    (bench, topic)
}

/// The one span of that name.
fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let span = found.next().unwrap_or_else(|| panic!("no span is called {name}: {names:?}"));
    assert!(found.next().is_none(), "several spans are called {name}");
    span
}

#[test]
fn a_sampled_event_is_followed_to_the_alert_that_it_caused() {
    let Some(brokers) = broker::broker() else { return };
    let collector = Collector::start();
    let (bench, topic) = made(&brokers, "followed", "");
    let secret = bench.folder().join("headers");
    std::fs::write(&secret, "X-Scope-OrgID: the-shop\n").unwrap();
    bench.configure(&format!(
        "[tracing]\nendpoint = \"{}\"\nsample_ratio = 0.0\nservice_name = \"shop-churn\"\nheaders_file = \"{}\"\n",
        collector.endpoint(),
        secret.display()
    ));
    tell(&bench, &topic);
    let mut replica = bench.serve_with([AT_ONCE].map(|(name, value)| (name, value.to_owned())));
    let alerts = alerts(&bench);
    let spans = collector.spans(7);
    replica.terminate();
    assert_eq!(collector.spans(7).len(), spans.len(), "nothing is told of records that are not sampled");
    assert!(spans.iter().all(|span| hex::encode(&span.trace_id) == TRACE));
    let process = named(&spans, &format!("process {topic}"));
    assert_eq!((process.kind(), hex::encode(&process.parent_span_id)), (SpanKind::Consumer, PARENT.to_owned()));
    let wanted = [
        ("messaging.system", "kafka"),
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", topic.as_str()),
        ("messaging.destination.partition.id", "0"),
        ("messaging.kafka.offset", "4"),
        ("messaging.consumer.group.name", bench.settings().file.kafka.group_id.as_str()),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    for (name, value) in wanted {
        assert_eq!(attribute(process, name), value, "{name}");
    }
    let topics = bench.settings().file.topics;
    for name in ["decode", "step", "wait for transaction", "commit"] {
        let span = named(&spans, name);
        assert_eq!((span.kind(), &span.parent_span_id), (SpanKind::Internal, &process.span_id), "{name}");
        assert!(process.start_time_unix_nano <= span.start_time_unix_nano, "{name}");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{name}");
        assert!(span.end_time_unix_nano <= process.end_time_unix_nano, "{name}");
    }
    assert_eq!(attribute(named(&spans, "step"), "churnwatch.event.outcome"), "applied");
    let sent = named(&spans, &format!("send {}", topics.alerts));
    assert_eq!((sent.kind(), &sent.parent_span_id), (SpanKind::Producer, &process.span_id));
    // What decided the warning was a close, which has no one cause.
    assert_eq!(alerts["opened"].get("traceparent"), None);
    let headers = &alerts["resolved"];
    assert_eq!(headers["traceparent"], format!("00-{TRACE}-{}-01", hex::encode(&sent.span_id)));
    assert_eq!(headers["tracestate"], "shop=7");
    let sent = named(&spans, &format!("send {}", topics.outcomes));
    let headers =
        bench.committed(&topics.outcomes).into_iter().filter_map(|(.., mut headers)| headers.remove("traceparent"));
    assert_eq!(headers.collect::<Vec<_>>(), [format!("00-{TRACE}-{}-01", hex::encode(&sent.span_id))]);
    // Customers stand in no span.
    assert!(!format!("{spans:?}").contains("ann"));
    assert!(collector.services().iter().all(|name| name == "shop-churn"));
    for head in collector.heads() {
        assert!(head.starts_with("post /v1/traces ") && head.contains("x-scope-orgid: the-shop"), "{head}");
    }
}

/// A running command beside `serve`.
fn beside(bench: &Bench, command: &str) -> Replica {
    let child = Command::new(PROGRAM)
        .args([command, "--log-level", "warn", "--config"])
        .arg(bench.path())
        .env(AT_ONCE.0, AT_ONCE.1)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Replica::of(child)
}

/// From a record under any key to the second try of the request: one trace over three programs.
#[test]
fn one_trace_goes_on_through_rekey_serve_and_webhooks() {
    let Some(brokers) = broker::broker() else { return };
    let (collector, receiver) = (Collector::start(), Receiver::start());
    let raw = format!("raw-traced-{}", std::process::id());
    let bench =
        Bench::with(&brokers, "chain", &format!("{RULES}[rekey]\ntopics = [\"{raw}\"]\nlisten = \"127.0.0.1:0\"\n"));
    let secret = bench.folder().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    bench.add_topic("webhook_dead_letters");
    bench.configure(&format!(
        "[tracing]\nendpoint = \"{}\"\nsample_ratio = 0.0\n[webhooks]\nlisten = \"127.0.0.1:0\"\n\
         [[webhooks.endpoints]]\nname = \"crm\"\nurl = \"http://127.0.0.1:{}/hidden\"\nsecret_files = [\"{}\"]\n\
         types = [\"resolved\"]\nstart = \"beginning\"\nfirst_wait = \"10ms\"\n",
        collector.endpoint(),
        receiver.port,
        secret.display()
    ));
    bench.topics(1);
    tell(&bench, &raw);
    let mut running =
        [beside(&bench, "rekey"), bench.serve_with([(AT_ONCE.0, AT_ONCE.1.to_owned())]), beside(&bench, "webhooks")];
    alerts(&bench);
    let spans = collector.spans(15);
    running.iter_mut().for_each(Replica::terminate);
    let topics = bench.settings().file.topics;
    assert!(spans.iter().all(|span| hex::encode(&span.trace_id) == TRACE));
    // Each is the parent of the next, from program to program.
    let way = [
        format!("process {raw}"),
        format!("send {}", topics.events[0]),
        format!("process {}", topics.events[0]),
        format!("send {}", topics.alerts),
        format!("process {}", topics.alerts),
    ];
    let mut parent = hex::decode(PARENT).unwrap();
    for name in &way {
        let span = named(&spans, name);
        assert_eq!(span.parent_span_id, parent, "{name}");
        parent.clone_from(&span.span_id);
    }
    let mut tries: Vec<&Span> = spans.iter().filter(|span| span.name == "POST").collect();
    tries.sort_by_key(|span| span.start_time_unix_nano);
    assert!(tries.iter().all(|span| span.parent_span_id == parent && span.kind() == SpanKind::Client));
    let told = |name: &str| tries.iter().map(|span| attribute(span, name)).collect::<Vec<_>>();
    assert_eq!(told("http.response.status_code"), ["500", "204"]);
    assert_eq!(told("http.request.resend_count"), ["", "1"]);
    assert_eq!(told("error.type"), ["refused", ""]);
    let sent: Vec<String> = tries.iter().map(|span| format!("00-{TRACE}-{}-01", hex::encode(&span.span_id))).collect();
    assert_eq!(receiver.headers("traceparent"), sent);
    assert!(!format!("{spans:?}").contains("hidden"), "the address is told to nobody");
}

/// Whether the collector is away or does not answer: the service works, loses the spans, says so, and ends in time.
#[test]
fn without_a_collector_the_service_works_and_counts_what_is_lost() {
    let Some(brokers) = broker::broker() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [free_port(), silent.local_addr().unwrap().port()];
    let running: Vec<_> = addresses
        .into_iter()
        .enumerate()
        .map(|(at, address)| {
            let endpoint = format!("[tracing]\nendpoint = \"http://127.0.0.1:{address}\"\nsample_ratio = 1.0\n");
            let (bench, topic) = made(&brokers, &format!("away-{at}"), &endpoint);
            tell(&bench, &topic);
            let port = free_port();
            let listen = ("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
            let replica = bench.serve_with([listen, (AT_ONCE.0, AT_ONCE.1.to_owned())]);
            (bench, replica, port)
        })
        .collect();
    for (bench, mut replica, port) in running {
        let headers = &alerts(&bench)["resolved"];
        assert!(headers["traceparent"].starts_with(&format!("00-{TRACE}-")));
        let failed = || {
            let page = page(port, "/metrics").unwrap_or_default();
            let line =
                page.lines().find_map(|line| line.strip_prefix("churnwatch_trace_spans_total{outcome=\"failed\"} "));
            line.map_or(0, |count| count.parse::<u64>().unwrap())
        };
        let begun = Instant::now();
        // Four records are followed: carl's says that it is not sampled. The silent one has as long as an answer may take.
        while failed() < 16 {
            assert!(begun.elapsed() < Duration::from_secs(15), "{} spans were lost", failed());
            std::thread::sleep(Duration::from_millis(50));
        }
        replica.terminate();
    }
}

/// As it is delivered, nothing looks at a trace and nothing hands one on.
#[test]
fn nothing_is_traced_unless_it_is_asked_for() {
    let Some(brokers) = broker::broker() else { return };
    let collector = Collector::start();
    let (bench, topic) = made(&brokers, "untraced", "");
    tell(&bench, &topic);
    // What other programs of the same host may have in their environment does not turn it on.
    let mut replica = bench.serve_with([("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())]);
    let alerts = alerts(&bench);
    replica.terminate();
    assert!(alerts.values().all(BTreeMap::is_empty), "{alerts:?}");
    assert_eq!(collector.heads(), Vec::<String>::new());
}
