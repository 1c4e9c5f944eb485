//! Two replicas: each answers for its own customers, and says of everybody else's where they are known.

use std::time::{Duration, Instant};

use churnwatch::wire::partitioner::partition;
use serde_json::Value;

use crate::bench::{Bench, shop};
use crate::broker::broker;
use crate::support::page::{free_port, page};

const PARTITIONS: u32 = 4;

/// Status, where to ask instead, and the document.
fn ask(port: u16, path: &str) -> (u16, Option<String>, Value) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(10))).build().into();
    let mut response = agent.get(format!("http://127.0.0.1:{port}{path}")).call().unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), location, response.body_mut().read_json().unwrap())
}

#[test]
fn a_replica_says_who_knows_a_customer() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "peers", "2026-01-01");
    let path = shop(&bench, "60", "200", "2026-01-01", 13);
    bench.topics(PARTITIONS);
    bench.publish(&path);
    let ports = [free_port(), free_port()];
    let mut replicas = ports.map(|port| bench.serve_at(port));
    let started = Instant::now();
    let customers = |port| {
        let (status, _, list) = ask(port, "/v1/customers?limit=200");
        (status == 200).then(|| list["customers"].as_array().unwrap().clone())
    };
    // Both have joined, and every purchase is known.
    let lists = loop {
        let ready = ports.iter().all(|port| page(*port, "/readyz").is_some());
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
    let (_, _, list) = ask(ports[0], "/v1/customers");
    assert_eq!(list["incomplete"], true, "half of the partitions are the other's");
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
                    let there = format!("http://127.0.0.1:{port}");
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
    let followed = page(ports[0], &format!("/v1/customers/{known}")).unwrap();
    assert!(followed.contains(known));
    assert!((0..20).all(|number| {
        let path = format!("/v1/customers/nobody-{number}");
        let [one, other] = ports.map(|port| ask(port, &path).0);
        [one, other] == [404, 307] || [one, other] == [307, 404]
    }));
    // The one that is left answers for all.
    replicas[1].terminate();
    let started = Instant::now();
    while page(ports[0], &format!("/v1/customers/{known}")).is_none() {
        assert!(started.elapsed() < Duration::from_mins(1), "the other's customers are not taken over");
        std::thread::sleep(Duration::from_millis(200));
    }
    let (status, location, _) = ask(ports[0], "/v1/customers/nobody");
    assert_eq!((status, location), (404, None));
    replicas[0].terminate();
}
