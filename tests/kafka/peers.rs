//! Two replicas that speak TLS: each answers for its own customers, says of everybody else's where they are known, and lists
//! and counts all of them together with the other.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use churnwatch::wire::partitioner::partition;
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::bench::{Bench, shop};
use crate::broker::broker;
use crate::support::page::free_port;

const PARTITIONS: u32 = 4;
const TOKEN: &str = "the-word-that-both-replicas-know";

/// One certificate for both, which vouches for itself.
struct Certified {
    folder: tempfile::TempDir,
    pem: String,
}

fn certified() -> &'static Certified {
    static CERTIFIED: OnceLock<Certified> = OnceLock::new();
    CERTIFIED.get_or_init(|| {
        let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let (folder, pem) = (tempfile::tempdir().unwrap(), issued.cert.pem());
        std::fs::write(folder.path().join("certificate.pem"), &pem).unwrap();
        std::fs::write(folder.path().join("key.pem"), issued.signing_key.serialize_pem()).unwrap();
        Certified { folder, pem }
    })
}

fn agent() -> ureq::Agent {
    let root = Certificate::from_pem(certified().pem.as_bytes()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
    let config = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(10))).build().into()
}

fn get(port: u16, path: &str) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let request = agent().get(format!("https://127.0.0.1:{port}{path}"));
    request.header("Authorization", format!("Bearer {TOKEN}")).header("Accept", "*/*").call()
}

/// Status, where to ask instead, and the document.
fn ask(port: u16, path: &str) -> (u16, Option<String>, Value) {
    let mut response = get(port, path).unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), location, response.body_mut().read_json().unwrap())
}

/// A page for people.
fn html(port: u16, path: &str) -> String {
    let mut response = get(port, path).unwrap();
    assert_eq!(response.status().as_u16(), 200, "{path}");
    response.body_mut().read_to_string().unwrap()
}

/// Each of the two lists, counts and foretells for both.
fn together(ports: [u16; 2], lists: &[Vec<Value>]) {
    let mut everybody: Vec<&Value> = lists.iter().flatten().collect();
    let money = |one: &Value| one["value_at_risk"].as_str().unwrap().parse::<f64>().unwrap();
    everybody.sort_by(|one, other| money(other).total_cmp(&money(one)));
    let count = |document: &Value, pointer: &str| document.pointer(pointer).unwrap().as_u64().unwrap();
    for port in ports {
        let (mut listed, mut after) = (Vec::new(), String::new());
        loop {
            let (status, _, page) = ask(port, &format!("/v1/customers?limit=7{after}"));
            assert!(status == 200 && page["incomplete"] == false, "{status} {page}");
            assert_eq!(count(&page, "/count") as usize, everybody.len());
            listed.extend(page["customers"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(
            listed.iter().map(money).collect::<Vec<_>>(),
            everybody.iter().map(|one| money(one)).collect::<Vec<_>>()
        );
        let ids = |list: &mut dyn Iterator<Item = &Value>| {
            list.map(|one| one["customer_id"].as_str().unwrap().to_owned()).collect::<BTreeSet<String>>()
        };
        assert_eq!(ids(&mut listed.iter()), ids(&mut everybody.iter().copied()));
        assert_eq!(listed.len(), everybody.len(), "nobody twice");
    }
    for path in ["/v1/summary", "/v1/forecast?days=30"] {
        let [one, other] = ports.map(|port| ask(port, path).2);
        assert!(one == other && one["incomplete"] == false, "{path}: {one} {other}");
        let joiner = if path.contains('?') { '&' } else { '?' };
        let parts = ports.map(|port| ask(port, &format!("{path}{joiner}scope=here")).2);
        let pointers: &[&str] = match path {
            "/v1/summary" => &["/partitions", "/customers", "/bands/low", "/bands/watch", "/open/low/count"],
            _ => &["/partitions", "/warnings/low/count", "/warnings/mid/count", "/warnings/high/count"],
        };
        for pointer in pointers {
            let sum: u64 = parts.iter().map(|part| count(part, pointer)).sum();
            assert_eq!(count(&one, pointer), sum, "{path} {pointer}");
        }
    }
}

#[test]
fn a_replica_says_who_knows_a_customer() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "peers", "2026-01-01");
    let path = shop(&bench, "60", "200", "2026-01-01", 13);
    bench.topics(PARTITIONS);
    bench.publish(&path);
    let ports = [free_port(), free_port()];
    let token = bench.folder().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let mut replicas = ports.map(|port| {
        let listen = ("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
        let file = |name: &str| certified().folder.path().join(name).display().to_string();
        bench.serve_with([
            listen,
            ("CHURNWATCH_HTTP__TOKEN_FILE", token.display().to_string()),
            ("CHURNWATCH_HTTP__TLS__CERTIFICATE_FILE", file("certificate.pem")),
            ("CHURNWATCH_HTTP__TLS__KEY_FILE", file("key.pem")),
            ("CHURNWATCH_HTTP__TLS__CA_FILE", file("certificate.pem")),
        ])
    });
    let started = Instant::now();
    let customers = |port| {
        let (status, _, list) = ask(port, "/v1/customers?limit=200&scope=here");
        (status == 200).then(|| list["customers"].as_array().unwrap().clone())
    };
    // Both have joined, and every purchase is known.
    let lists = loop {
        let ready = ports.iter().all(|port| get(*port, "/readyz").is_ok_and(|answer| answer.status() == 200));
        let lists: Option<Vec<Vec<Value>>> =
            ready.then(|| ports.iter().map(|port| customers(*port)).collect()).flatten();
        if let Some(lists) = lists
            .filter(|lists| bench.closed_through(PARTITIONS, "2025-12-31") && lists.iter().all(|list| !list.is_empty()))
        {
            break lists;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "the two don't share the customers");
        std::thread::sleep(Duration::from_millis(500));
    };
    let (_, _, list) = ask(ports[0], "/v1/customers?scope=here");
    assert_eq!(list["incomplete"], true, "half of the partitions are the other's");
    together(ports, &lists);
    let mut elsewhere = 0;
    for (port, list) in ports.iter().zip(&lists) {
        for customer in list {
            let id = customer["customer_id"].as_str().unwrap();
            for page in [format!("/v1/customers/{id}"), format!("/v1/customers/{id}/what-if?amount=5")] {
                for asked in ports {
                    let (status, location, document) = ask(asked, &page);
                    if asked == *port {
                        assert!(status == 200 && document["customer_id"] == id, "{page}: {status} {document}");
                        continue;
                    }
                    let there = format!("https://127.0.0.1:{port}");
                    assert_eq!((status, location), (307, Some(format!("{there}{page}"))), "{page}");
                    let detail = document["detail"].as_str().unwrap();
                    let number = partition(id.as_bytes(), PARTITIONS);
                    assert!(detail.contains(&there) && detail.contains(&format!("partition {number}")), "{detail}");
                    elsewhere += 1;
                }
            }
        }
    }
    assert!(elsewhere > 40, "{elsewhere}");
    // Followed, it is answered; nobody knows who is nobody.
    let known = lists[1][0]["customer_id"].as_str().unwrap();
    let shown = |port| html(port, &format!("/customers/{known}"));
    assert!(shown(ports[0]).contains(known) && shown(ports[0]) == shown(ports[1]), "a page shows whom the other knows");
    assert!((0..20).all(|number| {
        let path = format!("/v1/customers/nobody-{number}");
        let [one, other] = ports.map(|port| ask(port, &path).0);
        [one, other] == [404, 307] || [one, other] == [307, 404]
    }));
    // The one that is left answers for all.
    replicas[1].terminate();
    let started = Instant::now();
    while ask(ports[0], &format!("/v1/customers/{known}")).0 != 200 {
        assert!(started.elapsed() < Duration::from_mins(1), "the other's customers are not taken over");
        std::thread::sleep(Duration::from_millis(200));
    }
    let (status, location, _) = ask(ports[0], "/v1/customers/nobody");
    assert_eq!((status, location), (404, None));
    replicas[0].terminate();
}
