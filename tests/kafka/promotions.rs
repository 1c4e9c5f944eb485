//! Promotions on a real broker: the switch under load, what is refused, the way back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use churnwatch::engine::day::Millis;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::calendar::day_text;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use crate::bench::{Bench, PROGRAM};
use crate::broker::broker;
use crate::shop;
use crate::support::page::{free_port, page};

const DEFAULT: &[u8] = include_bytes!("../../models/default.json");

/// Writes the default model, and one that warns earlier, into the bench's folder.
fn models(bench: &Bench) -> (PathBuf, PathBuf) {
    let (default, eager) = (bench.folder().join("default.json"), bench.folder().join("eager.json"));
    std::fs::write(&default, DEFAULT).unwrap();
    let artifact = Artifact::read(DEFAULT).unwrap();
    let mut model = artifact.model().unwrap();
    model.silence.intercept += 0.8;
    let earlier = Artifact::new("eager".into(), artifact.currency, &model, artifact.validation, artifact.training);
    std::fs::write(&eager, earlier.write()).unwrap();
    (default, eager)
}

/// Splits a history at midnights into files of its own.
fn parts(path: &Path, at: &[&str]) -> Vec<PathBuf> {
    let mut parts: BTreeMap<usize, String> = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let time = event["time"].as_str().unwrap();
        let part = parts.entry(at.iter().filter(|midnight| time >= **midnight).count()).or_default();
        part.push_str(line);
        part.push('\n');
    }
    let write = |(number, text): (usize, String)| {
        let part = path.with_file_name(format!("part-{number}.jsonl"));
        std::fs::write(&part, text).unwrap();
        part
    };
    parts.into_iter().map(write).collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_mins(2), "{what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Puts a record on the models' topic that is none of `promote`'s.
fn forge(bench: &Bench, key: &str, value: &[u8], day: Option<&str>) {
    let producer: BaseProducer = bench.client(&[]).create().unwrap();
    let topic = bench.settings().file.topics.models;
    let headers = OwnedHeaders::new().insert(Header { key: "effective_day", value: day });
    let record = BaseRecord::to(&topic).key(key.as_bytes()).payload(value).partition(0).headers(headers);
    producer.send(record).map_err(|(fault, _)| fault).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// Three replicas under load go over to a promoted model and back again, one of them killed on the way. What they commit
/// is what `replay` writes with the same promotions, and what the topic's own history gives.
#[test]
fn three_replicas_switch_at_the_open_of_the_day_and_back() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::with(&brokers, "promoted", "[time]\nclock = \"event\"\n");
    let path = shop(&bench, "600", "300", "2026-01-01", 11);
    let parts = parts(&path, &["2025-09-01", "2025-11-01"]);
    let (default, eager) = models(&bench);
    bench.topics(6);
    let read = |parts: &[PathBuf]| {
        let lines = |part: &PathBuf| std::fs::read_to_string(part).unwrap().lines().count();
        let wanted: usize = parts.iter().map(lines).sum();
        until("not read to the end", || {
            let next = |one: &churnwatch::processor::topology::Processor| one.offsets()[0].unwrap_or_default();
            bench.restored(6).iter().map(next).sum::<i64>() == wanted as i64
        });
    };
    let ports = [free_port(), free_port(), free_port()];
    let mut replicas = ports.map(|port| bench.serve_at(port));
    let model = |port: u16| -> Option<Value> { serde_json::from_str(&page(port, "/v1/model")?).ok() };
    let everywhere = |what: &str, holds: &dyn Fn(&Value) -> bool| {
        until(what, || ports.iter().all(|port| model(*port).is_some_and(|model| holds(&model))));
    };
    bench.publish(&parts[0]);
    read(&parts[..1]);
    everywhere("a replica has no partition", &|model| !model["in_force"].as_array().unwrap().is_empty());
    let (code, said) = bench.run(&["promote", eager.to_str().unwrap(), "--effective-day", "2025-09-20"]);
    assert_eq!(code, 0, "{said}");
    everywhere("the promotion is not heard of", &|model| model["pending"]["effective_day"] == "2025-09-20");
    // Nothing of this ever comes into force.
    forge(&bench, "torn", &DEFAULT[..DEFAULT.len() / 2], Some("2025-09-02"));
    let version = Artifact::read(DEFAULT).unwrap().model().unwrap().version;
    forge(&bench, &version, DEFAULT, None);
    let metric = |line: &str| ports.iter().all(|port| page(*port, "/metrics").is_some_and(|text| text.contains(line)));
    until("a broken artifact is not refused", || metric("churnwatch_models_refused_total 2"));
    std::thread::scope(|scope| {
        scope.spawn(|| bench.publish(&parts[1]));
        std::thread::sleep(Duration::from_millis(400));
        replicas[1].kill();
        replicas[1] = bench.serve_at(ports[1]);
    });
    read(&parts[..2]);
    everywhere("the model is not in force", &|model| {
        model["version"].as_str().is_some_and(|version| version.starts_with("eager@")) && model["pending"].is_null()
    });
    until("no metric shows the model", || metric("churnwatch_model_in_force{model=\"eager@"));
    let (code, said) = bench.run(&["promote", "--previous", "--effective-day", "2025-11-20"]);
    assert_eq!(code, 0, "{said}");
    everywhere("the way back is not heard of", &|model| model["pending"]["effective_day"] == "2025-11-20");
    bench.publish(&parts[2]);
    read(&parts);
    everywhere("the model before is not in force", &|model| {
        model["in_force"].as_array().unwrap().iter().all(|one| one["since"] == "2025-11-20")
    });
    for replica in &mut replicas {
        replica.terminate();
    }
    let at = |path: &Path, day: &str| format!("{}@{day}", path.display());
    bench.compare_with_promoted(&path, 6, &[&at(&eager, "2025-09-20"), &at(&default, "2025-11-20")]);
    bench.compare_with_topics(6);
    bench.compare_with_recorded(6);
    let alerts = bench.committed(&bench.settings().file.topics.alerts);
    let by = |name: &str| {
        let told = |value: &[u8]| {
            serde_json::from_slice::<Value>(value).unwrap()["data"]["model"].as_str().unwrap().starts_with(name)
        };
        alerts.iter().filter(|(_, _, value, _)| value.as_deref().is_some_and(told)).count()
    };
    assert!(by("eager@") > 20 && by("online-retail-ii@") > 20, "{} {}", by("eager@"), by("online-retail-ii@"));
}

#[test]
fn a_model_is_promoted_once_and_the_previous_one_comes_back() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "promote", "2026-01-01");
    bench.topics(2);
    let (_, eager) = models(&bench);
    let eager = eager.to_str().unwrap();
    let promote = |arguments: &[&str]| -> Value {
        let output = Command::new(PROGRAM)
            .args(["promote", "--json"])
            .args(arguments)
            .arg("--config")
            .arg(bench.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let records = || bench.committed(&bench.settings().file.topics.models);
    let says = |arguments: &[&str], code: i32, words: &str| {
        let (exit, said) = bench.run(arguments);
        assert_eq!(exit, code, "{said}");
        assert!(said.contains(words), "{said}");
    };
    says(&["promote"], 64, "<M|--previous>");
    says(&["promote", "--previous"], 1, "no model was promoted yet");
    says(&["promote", "/nowhere.json"], 64, "cannot read the model /nowhere.json");
    let would = promote(&[eager, "--dry-run"]);
    assert_eq!((&would["published"], &would["dry_run"], records().len()), (&false.into(), &true.into(), 0), "{would}");
    let first = promote(&[eager]);
    assert_eq!(first["published"], true);
    let now = Millis(jiff::Timestamp::now().as_millisecond());
    let tomorrow = day_text(bench.settings().rules.day(now).plus(1));
    assert_eq!(first["effective_day"], tomorrow);
    let (_, key, value, headers) = records().remove(0);
    assert_eq!(String::from_utf8(key).unwrap(), first["version"].as_str().unwrap());
    assert_eq!(value.unwrap(), std::fs::read(eager).unwrap());
    assert_eq!(headers, BTreeMap::from([("effective_day".to_owned(), tomorrow)]));
    assert_eq!(promote(&[eager])["published"], false);
    says(&["promote", eager], 0, "nothing was published");
    assert_eq!(records().len(), 1);
    assert_eq!(promote(&[eager, "--effective-day", "2030-01-01"])["published"], true);
    assert_eq!(promote(&[eager, "--effective-day", "2030-01-01"])["published"], false);
    // Only one was ever promoted, so the one before it is the configured one; after that the two take turns.
    let back = promote(&["--previous", "--effective-day", "2030-01-02"]);
    assert!(back["version"].as_str().unwrap().starts_with("online-retail-ii@"), "{back}");
    assert_eq!(promote(&["--previous"])["version"], first["version"]);
    assert_eq!(promote(&["--previous"])["version"], back["version"]);
    // However much is compacted meanwhile, the newest record is the newest promotion.
    let (_, key, _, _) = records().pop().unwrap();
    assert_eq!(String::from_utf8(key).unwrap(), back["version"].as_str().unwrap());
    // A broken record is passed over.
    forge(&bench, "torn", b"{", Some("2030-01-01"));
    assert_eq!(promote(&["--previous"])["version"], first["version"]);
    bench.configure("[money]\ncurrency = \"EUR\"\n");
    says(&["promote", eager], 64, "the model was trained on amounts in CNY, money.currency is EUR");
    bench.configure("[churn]\nhorizon_days = 60\n");
    says(&["promote", eager], 64, "horizon of 90 days");
}
