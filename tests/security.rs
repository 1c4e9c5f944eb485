//! Every way to a secured Kafka, with the least ACLs that docs/operations.md lists and the standard authorizer on; and
//! for each wrong credential one sentence, soon, without a secret in it.
//!
//! Runs where Java and Maven or `KAFKA_HOME` are there; in CI their absence is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "security/acls.rs"]
mod acls;
#[allow(dead_code, reason = "the Kafka suite uses the rest of it")]
#[path = "kafka/bench.rs"]
mod bench;
#[path = "security/canaries.rs"]
mod canaries;
#[path = "security/certificates.rs"]
mod certificates;
#[path = "security/secured.rs"]
mod secured;
mod support;
#[path = "security/tokens.rs"]
mod tokens;
#[path = "security/way.rs"]
mod way;
#[path = "security/wrong.rs"]
mod wrong;

use std::process::Command;

use bench::PROGRAM;
use secured::{Secured, secured};
use way::Way;

/// Records of the shop that goes each way.
const RECORDS: usize = 1_000;

/// One way: topics made, a thousand records published and served by the service's own user, the same as `replay` writes.
fn passes(broker: &Secured, way: &Way) {
    let bench = broker.bench(way.tag);
    let shop = bench.folder().join("shop.jsonl");
    let shop_of = ["generate", "--customers", "60", "--days", "300", "--end", "2026-01-01", "--seed", "4", "--output"];
    assert!(Command::new(PROGRAM).args(shop_of).arg(&shop).status().unwrap().success());
    let text = std::fs::read_to_string(&shop).unwrap();
    let lines: Vec<&str> = text.lines().take(RECORDS).collect();
    assert_eq!(lines.len(), RECORDS);
    std::fs::write(&shop, lines.join("\n") + "\n").unwrap();
    let run = |arguments: &[&str]| {
        let (code, said) = way.run(&bench, arguments);
        assert_eq!(code, 0, "{}: {said}", way.tag);
        said
    };
    let made = run(&["topics", "create", "--partitions", "1", "--replication-factor", "1"]);
    assert!(made.contains("7 topics made"), "{made}");
    let published = run(&["publish", shop.to_str().unwrap()]);
    assert!(published.contains("1000 events published"), "{published}");
    let mut replica = way.serve(&bench);
    bench.wait_until_closed(1, "2025-12-31");
    replica.terminate();
    bench.compare_with_replay(&shop, 1);
    println!("{}: {RECORDS} records passed", way.tag);
}

#[test]
fn a_thousand_records_pass_by_tls_with_and_without_a_certificate_of_ours() {
    let Some(broker) = secured() else { return };
    passes(broker, &broker.tls());
    passes(broker, &broker.mutual_tls());
}

#[test]
fn a_thousand_records_pass_by_user_and_password() {
    let Some(broker) = secured() else { return };
    passes(broker, &broker.plain());
    passes(broker, &broker.scram());
}

#[test]
fn a_thousand_records_pass_by_token() {
    let Some(broker) = secured() else { return };
    passes(broker, &broker.oauth());
    assert!(broker.tokens.given() > 0, "the brokers let us in without a token");
}
