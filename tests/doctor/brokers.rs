//! Planted in the way to the brokers, and in what they allow.

use std::net::TcpListener;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::bench::Bench;
use crate::stage::{FORBIDDEN, PASSWORD, Stage, USER, doctor, tag};

/// A group that has never read: a note in most of these.
const NEVER: (&str, &str) = ("never-served", "start `churnwatch serve`");

pub(crate) fn nobody_is_there(stage: &Stage, name: &str) {
    let bench = stage.bare(name, "");
    let report = doctor(&bench, &[("KAFKA__BROKERS", "127.0.0.1:1")]);
    report.finds(name, &[("no-broker", "start Kafka, or mend kafka.brokers")]);
    assert_eq!((report.result("topics"), report.result("model")), ("skipped", "ok"));
}

pub(crate) fn a_port_says_nothing(stage: &Stage, name: &str) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let report = doctor(&stage.bare(name, ""), &[("KAFKA__BROKERS", &address)]);
    report.finds(name, &[("no-broker", "a port that takes connections and says nothing")]);
}

pub(crate) fn one_address_of_three_is_right(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let brokers = format!("{},127.0.0.1:1,no-such-host.invalid:9092", stage.plain);
    let report = doctor(&bench, &[("KAFKA__BROKERS", &brokers)]);
    let closed = ("address-closed", "start the broker at 127.0.0.1:1");
    report.finds(name, &[closed, ("address-unknown", "mend the host no-such-host.invalid:9092"), NEVER]);
    assert_eq!(report.code, 0, "warnings alone are no failure");
}

pub(crate) fn a_broker_calls_itself_otherwise(stage: &Stage, name: &str) {
    let report = doctor(&stage.bench(name, 1, ""), &[("KAFKA__BROKERS", &stage.elsewhere)]);
    report.finds(
        name,
        &[("broker-unreachable", "otherwise mend its advertised.listeners, or open the way from here to 127.0.0.1:1")],
    );
}

/// The worst: the first answer names an address that takes connections and never says a word.
pub(crate) fn everything_hangs_behind_the_first_answer(stage: &Stage, name: &str) {
    let report = doctor(&stage.bench(name, 1, ""), &[("KAFKA__BROKERS", &stage.mute)]);
    let codes: Vec<&str> = report.findings().into_iter().map(|(code, ..)| code).collect();
    // By chance the client gets its answer before it turns to that address, or not.
    let expected = [&["no-broker"][..], &["look-failed", "topic-unanswered"]];
    assert!(expected.iter().any(|all| all.iter().all(|code| codes.contains(code))), "{codes:?}");
    println!("{name}: {codes:?} after {} s", report.json["seconds"]);
}

pub(crate) fn the_password_is_wrong(stage: &Stage, name: &str) {
    let login = login(stage);
    let mut login: Vec<(&str, &str)> = login.iter().map(|(name, value)| (*name, value.as_str())).collect();
    login.retain(|(name, _)| !name.ends_with("PASSWORD"));
    login.push(("KAFKA__SASL__PASSWORD", "canary-wrong-5c20"));
    let report = doctor(&stage.bare(name, ""), &login);
    report.finds(name, &[("broker-refuses", "what kafka.sasl.password_file holds")]);
    assert!(!report.json.to_string().contains("canary"), "{}", report.json);
}

/// With the ACLs of docs/operations.md nothing is missing.
pub(crate) fn all_permissions_are_there(stage: &Stage, name: &str) {
    let (bench, login) = (stage.bench(name, 2, ""), login(stage));
    let login: Vec<(&str, &str)> = login.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let before = ends(&bench);
    let report = doctor(&bench, &login);
    report.finds(name, &[NEVER]);
    assert_eq!((report.result("permissions"), report.result("dead-letters"), report.code), ("ok", "ok", 0));
    assert_eq!(ends(&bench), before, "something was written");
}

pub(crate) fn permissions_are_missing(stage: &Stage, name: &str) {
    let (bench, login) = (stage.bench(name, 1, ""), login(stage));
    let login: Vec<(&str, &str)> = login.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let report = doctor(&bench, &login);
    let found: Vec<_> = report.findings().into_iter().filter(|(code, ..)| *code == "permission-missing").collect();
    assert_eq!(found.len(), FORBIDDEN.len(), "{:#}", report.json);
    for (operation, resource, end) in FORBIDDEN {
        let option = format!("--operation {operation} ");
        let name = format!("{resource} {}", tag(name));
        let told = |remedy: &str| remedy.contains(&option) && remedy.contains(&name) && remedy.contains(end);
        let one = found.iter().find(|(.., remedy)| told(remedy));
        println!("{}", one.unwrap_or_else(|| panic!("{operation} {resource} {end}: {found:#?}")).3);
    }
    // Neither the topics' settings may be seen, nor the group be asked for.
    assert!(report.findings().iter().any(|(code, ..)| *code == "policies-hidden"), "{:#}", report.json);
    assert_eq!(report.result("consumers"), "skipped");
}

fn login(stage: &Stage) -> [(&'static str, String); 3] {
    [
        ("KAFKA__BROKERS", stage.login.clone()),
        ("KAFKA__SASL__USERNAME", USER.into()),
        ("KAFKA__SASL__PASSWORD", PASSWORD.into()),
    ]
}

/// The end of the first partition of every topic.
fn ends(bench: &Bench) -> Vec<i64> {
    let asking: BaseConsumer = bench.client(&[]).create().unwrap();
    let topics = bench.settings().file.topics;
    let names =
        [&topics.events[0], &topics.alerts, &topics.risk, &topics.outcomes, &topics.profiles, &topics.dead_letters];
    // A partition that was made a moment ago may have no leader yet.
    let ask = |name: &str| {
        let _ = asking.fetch_metadata(Some(name), Duration::from_secs(1));
        std::thread::sleep(Duration::from_millis(100));
        asking.fetch_watermarks(name, 0, Duration::from_secs(1)).ok()
    };
    let end = |name: &&String| (0..50).find_map(|_| ask(name)).unwrap().1;
    names.iter().map(end).collect()
}
