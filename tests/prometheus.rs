//! The alerts and dashboards of deploy, on paper and for real: promtool tests the rules as they are; then a real Prometheus
//! scrapes two real services, `rekey` and `webhooks` on a real Kafka, every fault is caused, every alert is seen to fire and to
//! clear, and every query of the dashboards finds something.
//!
//! Needs Prometheus and promtool (`.ci/prometheus/install`); in CI their absence is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "kafka/bench.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod bench;
#[path = "prometheus/boards.rs"]
mod boards;
#[path = "kafka/broker.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod broker;
#[path = "prometheus/companions.rs"]
mod companions;
#[path = "prometheus/daily.rs"]
mod daily;
#[path = "prometheus/feed.rs"]
mod feed;
#[path = "prometheus/rules.rs"]
mod rules;
#[path = "prometheus/server.rs"]
mod server;
#[path = "prometheus/shop.rs"]
mod shop;
#[path = "registry/stub.rs"]
#[allow(dead_code, reason = "the suite of the registry uses the rest")]
mod stub;
mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use broker::Nodes;
use companions::Companions;
use daily::Daily;
use rules::{alerts, file, text};
use server::{Server, tool};
use shop::Analysed;
use support::page::{free_port, page};

/// Where the documents of the alerts are.
const RUNBOOKS: &str = "docs/operations.md";

/// What a tool of Prometheus's says to these arguments, and to this on its standard input; it must find nothing wrong.
fn promtool(arguments: &[&str], input: &str) -> bool {
    let Some(promtool) = tool("promtool") else { return false };
    let given = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut &given, input.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut &given).unwrap();
    let done = Command::new(promtool).args(arguments).stdin(given).current_dir(file("")).output().unwrap();
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("");
    assert!(done.status.success() && !said.contains("error"), "promtool {arguments:?}: {said}");
    true
}

#[test]
fn the_rules_do_on_paper_what_they_say() {
    promtool(&["check", "config", "deploy/prometheus/prometheus.yml"], "");
    for name in ["alerts", "alerts-of-days", "recording"] {
        promtool(&["test", "rules", &format!("tests/prometheus/{name}.test.yml")], "");
    }
}

/// No tool is needed for that: names that agree.
#[test]
fn every_alert_is_tested_explained_and_made_of_metrics_that_exist() {
    let tests = ["alerts", "alerts-of-days"].map(|name| text(&format!("tests/prometheus/{name}.test.yml"))).join("\n");
    let (runbooks, rules) = (text(RUNBOOKS), text("deploy/prometheus/alerts.rules.yml"));
    let names = alerts();
    assert!(names.len() > 15 && names.iter().collect::<BTreeSet<_>>().len() == names.len(), "{names:?}");
    for name in &names {
        let tested = format!("count(ALERTS{{alertname=\"{name}\", alertstate=\"firing\"}}) or vector(0)");
        let values = tests.split(&tested).skip(1).map(|rest| rest.split("value: ").nth(1).unwrap().chars().next());
        let values: BTreeSet<_> = values.collect();
        assert_eq!(values, BTreeSet::from([Some('0'), Some('1')]), "{name} is not seen to fire and to clear");
        let anchor = format!("runbook_url: {RUNBOOKS}#{}\n", name.to_lowercase());
        assert_eq!(rules.matches(&anchor).count(), 1, "{name} has no {anchor}");
        assert!(runbooks.contains(&format!("\n#### {name}\n")), "{RUNBOOKS} does not explain {name}");
    }
    assert_eq!(runbooks.matches("\n#### Churnwatch").count(), names.len(), "an alert is explained that is none");
    let known = text("docs/metrics.md");
    let recorded = rules::recorded();
    let queries = boards::queries().into_iter().map(|(_, query)| query);
    let written = [rules, text("deploy/prometheus/recording.rules.yml")].into_iter().chain(queries);
    for name in written.flat_map(|text| rules::metrics(&text)) {
        let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let there = known.contains(&format!("`{stem}`")) || recorded.contains(&name);
        assert!(there, "{name} is neither a metric nor recorded");
    }
}

#[test]
fn every_alert_fires_by_its_fault_and_clears_and_no_panel_is_empty() {
    let ports: [u16; 4] = std::array::from_fn(|_| free_port());
    let [daily_port, shop_port, rekey_port, webhooks_port] = ports;
    let jobs = [("", &ports[..2]), ("-rekey", &ports[2..3]), ("-webhooks", &ports[3..])];
    let Some(server) = Server::start(&jobs) else { return };
    let Some(nodes) = Nodes::start("prometheus", 1, 24_000 + std::process::id() % 400 * 3, None) else { return };
    let started = Instant::now();
    let mut daily = Daily::start(&nodes, daily_port);
    let (mut analysed, mut companions) = std::thread::scope(|scope| {
        let shop = scope.spawn(|| {
            let analysed = Analysed::start(&nodes, shop_port);
            analysed.faults(&server);
            analysed
        });
        let beside = scope.spawn(|| {
            let mut companions = Companions::start(&nodes, [rekey_port, webhooks_port]);
            companions.faults(&server);
            companions
        });
        daily.faults(&server);
        (shop.join().unwrap(), beside.join().unwrap())
    });
    server.nothing_fires(Duration::from_secs(40));
    println!("every fault was there and went: {:.0} s", started.elapsed().as_secs_f64());
    let seen = server.history();
    for name in alerts() {
        let states = seen.get(&name).cloned().unwrap_or_default();
        assert!(states.contains("firing"), "{name} never fired");
        assert_eq!(states.contains("pending"), rules::waits(&name), "{name} was {states:?}");
    }
    for port in ports {
        promtool(&["check", "metrics"], &page(port, "/metrics").unwrap());
    }
    let queries = boards::queries();
    assert!(queries.len() > 60, "{} queries", queries.len());
    let empty: Vec<&(String, String)> =
        queries.iter().filter(|(_, query)| !server.answers(&boards::filled(query))).collect();
    assert!(empty.is_empty(), "{} of {} queries found nothing: {empty:#?}", empty.len(), queries.len());
    println!("{} queries of two dashboards found something; {:.0} s", queries.len(), started.elapsed().as_secs_f64());
    daily.end();
    analysed.end();
    companions.end();
}
