//! A customer is forgotten on request, with a receipt, and does not come back with its old events.

use std::process::Command;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::bench::{Bench, PROGRAM};
use crate::broker::broker;
use crate::shop;
use crate::support::page::{answer, free_port};

/// The answer once it has this status.
fn wait_for(port: u16, path: &str, status: u16) -> Value {
    let started = Instant::now();
    loop {
        match answer(port, path) {
            Some((found, body)) if found == status => return serde_json::from_str(&body).unwrap(),
            other => assert!(started.elapsed() < Duration::from_mins(1), "{path} does not answer {status}: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_forgotten_customer_gets_a_receipt_and_stays_forgotten() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::with(&brokers, "forgotten", "[erasure]\nsecret_file = \"SECRET\"\n");
    let secret = bench.folder().join("secret");
    std::fs::write(&secret, "of nobody's business").unwrap();
    let text = std::fs::read_to_string(bench.path()).unwrap().replace("SECRET", secret.to_str().unwrap());
    std::fs::write(bench.path(), text).unwrap();
    let path = shop(&bench, "60", "200", "2026-06-01", 8);
    bench.topics(3);
    bench.publish(&path);
    let port = free_port();
    let mut replica = bench.serve_at(port);
    let line: Value = serde_json::from_str(std::fs::read_to_string(&path).unwrap().lines().next().unwrap()).unwrap();
    let customer = line["customer_id"].as_str().unwrap();
    let page = format!("/v1/customers/{customer}");
    wait_for(port, &page, 200);
    let forecast = wait_for(port, "/v1/forecast?days=30", 200);
    assert_eq!((&forecast["days"], &forecast["incomplete"]), (&json!(30), &json!(false)), "{forecast}");
    assert_eq!(answer(port, "/v1/forecast?days=0").unwrap().0, 400);

    let output = Command::new(PROGRAM)
        .args(["forget", customer, "--yes", "--json", "--config"])
        .arg(bench.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let receipt: Value = serde_json::from_slice(&output.stdout).unwrap();
    let whats: Vec<&str> =
        receipt["records"].as_array().unwrap().iter().filter_map(|one| one["what"].as_str()).collect();
    assert_eq!(whats, ["profile erased", "earlier events kept out", "risk erased"], "{receipt}");
    assert!(
        receipt["erased"].is_string()
            && receipt["remaining"].as_array().unwrap().iter().all(|one| one["until"].is_string())
    );
    wait_for(port, &page, 404);

    // Its old events once more, and a new purchase.
    let producer: BaseProducer = bench.client(&[("partitioner", "murmur2_random")]).create().unwrap();
    let topic = bench.settings().file.topics.events[0].clone();
    let send = |event: &Value| {
        producer.send(BaseRecord::to(&topic).key(customer).payload(&event.to_string())).unwrap();
    };
    for line in std::fs::read_to_string(&path).unwrap().lines() {
        let mut event: Value = serde_json::from_str(line).unwrap();
        if event["customer_id"] == customer {
            event["id"] = json!(format!("again-{}", event["id"].as_str().unwrap()));
            send(&event);
        }
    }
    let now = jiff::Timestamp::now().to_string();
    send(
        &json!({"id": "anew", "type": "purchase", "customer_id": customer, "time": now, "amount": "5.00", "currency": "CNY"}),
    );
    producer.flush(Duration::from_secs(10)).unwrap();
    let known = wait_for(port, &page, 200);
    assert_eq!((&known["purchases"], &known["gross_spend"]), (&json!(1), &json!("5.00")), "{known}");
    replica.terminate();

    // Without a service the request stands, and the exit code says that nobody has carried it out.
    let (code, said) = bench.run(&["forget", customer, "--yes", "--wait-seconds", "2"]);
    assert_eq!(code, 1);
    assert!(said.contains("is carried out as soon as"), "{said}");
}
