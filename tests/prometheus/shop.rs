//! A service by the event clock that a whole shop's history goes through: what its model and its experiment suffer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use churnwatch::wire::artifact::Artifact;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::bench::{Bench, PROGRAM, Replica, shop};
use crate::broker::Nodes;
use crate::server::Server;
use crate::support::page::page;

const PARTITIONS: u32 = 2;
/// The history before is served under a model that does not fit; a fitting one decides from the second on.
const BEFORE: &str = "2025-10-25";
const FITS_FROM: &str = "2025-10-27";
/// What the fitting one is trained on ends here.
const TRAINED: &str = "2025-09-01";

/// The service.
pub(crate) struct Analysed {
    bench: Bench,
    port: u16,
    replica: Replica,
    first: PathBuf,
    second: PathBuf,
    own: PathBuf,
}

/// The default model, which warns of far too many.
fn write_misfit(path: &Path) {
    let artifact = Artifact::read(include_bytes!("../../models/default.json")).unwrap();
    let mut model = artifact.model().unwrap();
    model.silence.intercept += 4.0;
    let misfit = Artifact::new("misfit".into(), artifact.currency, &model, artifact.validation, artifact.training);
    std::fs::write(path, misfit.write()).unwrap();
}

fn run(arguments: &[&str]) {
    let done = Command::new(PROGRAM).args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Somebody calls every held-out customer two days after the warning that nobody should have heard of.
fn contacts(outcomes: &str) -> Vec<String> {
    let outcomes = outcomes.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let opened = outcomes.filter(|one| one["type"] == "churnwatch.outcome.opened" && one["data"]["arm"] == "holdout");
    let contact = |one: Value| {
        let (data, customer) = (&one["data"], &one["subject"]);
        let day: jiff::civil::Date = data["opened_day"].as_str().unwrap().parse().unwrap();
        let time = format!("{}T12:00:00Z", day.checked_add(jiff::Span::new().days(2)).unwrap());
        let id = format!("call-{}", data["episode_id"].as_str().unwrap());
        json!({"id": id, "type": "contacted", "customer_id": customer, "time": time, "episode_id": data["episode_id"], "action": "call"}).to_string()
    };
    opened.map(contact).collect()
}

impl Analysed {
    pub(crate) fn start(nodes: &Nodes, port: u16) -> Self {
        let bench = Bench::with(
            &nodes.brokers,
            "analysed",
            "[time]\nclock = \"event\"\n[holdout]\nshare = 0.3\n[http]\nlisten = \"127.0.0.1:0\"\n",
        );
        let path = |name: &str| bench.folder().join(name);
        let (misfit, own, outcomes) = (path("misfit.json"), path("own.json"), path("outcomes.jsonl"));
        let (first, second) = (path("first.jsonl"), path("second.jsonl"));
        write_misfit(&misfit);
        bench.configure(&format!("[model]\npath = \"{}\"\n", misfit.display()));
        bench.topics(PARTITIONS);
        let log = shop(&bench, "800", "420", "2026-01-01", 5);
        run(&["train", log.to_str().unwrap(), "--at", TRAINED, "--output", own.to_str().unwrap()]);
        let text = std::fs::read_to_string(&log).unwrap();
        let time = |line: &str| serde_json::from_str::<Value>(line).unwrap()["time"].as_str().unwrap().to_owned();
        let (before, after): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| time(line).as_str() < BEFORE);
        std::fs::write(&first, before.join("\n") + "\n").unwrap();
        std::fs::write(&second, after.join("\n") + "\n").unwrap();
        let [config, from, to] = [bench.path(), &first, &outcomes].map(|path| path.to_str().unwrap().to_owned());
        run(&["replay", &from, "--config", &config, "--partitions", "2", "--outcomes", &to, "--alerts", "/dev/null"]);
        let calls = contacts(&std::fs::read_to_string(&outcomes).unwrap());
        assert!(calls.len() > 100, "{} calls", calls.len());
        let mut lines: Vec<String> = before.into_iter().map(str::to_owned).chain(calls).collect();
        lines.sort_by_cached_key(|line| time(line));
        lines.retain(|line| time(line).as_str() < BEFORE);
        std::fs::write(&first, lines.join("\n") + "\n").unwrap();
        let replica = bench.serve_at(port);
        Self { bench, port, replica, first, second, own }
    }

    /// Every fault: a model that does not fit, calls to those held out, a promotion that can't be used.
    pub(crate) fn faults(&self, server: &Server) {
        // What was counted before the first look has no increase.
        let matured = format!("churnwatch_matured_outcomes_total{{instance=\"127.0.0.1:{}\"}}", self.port);
        server.until("the shop's service is measured", || server.value(&matured).is_some());
        self.bench.publish(&self.first);
        server.fire(&["ChurnwatchHoldoutContacted", "ChurnwatchModelMiscalibrated", "ChurnwatchModelDrifted"]);
        self.forge();
        let (code, said) = self.bench.run(&["promote", self.own.to_str().unwrap(), "--effective-day", FITS_FROM]);
        assert_eq!(code, 0, "{said}");
        server.fire(&["ChurnwatchModelRefused"]);
        server.until("the promotion is heard of", || {
            let model = page(self.port, "/v1/model").and_then(|text| serde_json::from_str::<Value>(&text).ok());
            model.is_some_and(|model| model["pending"]["effective_day"] == FITS_FROM)
        });
        self.bench.publish(&self.second);
        server.clear(&["ChurnwatchModelMiscalibrated", "ChurnwatchModelDrifted"]);
        server.clear(&["ChurnwatchModelRefused", "ChurnwatchHoldoutContacted"]);
    }

    /// Ended as it should.
    pub(crate) fn end(&mut self) {
        self.replica.terminate();
    }

    /// Half a model on the topic of promotions.
    fn forge(&self) {
        let producer: BaseProducer = self.bench.client(&[]).create().unwrap();
        let (topic, half) = (self.bench.settings().file.topics.models, br#"{"format": "#);
        let headers = OwnedHeaders::new().insert(Header { key: "effective_day", value: Some(FITS_FROM) });
        let record = BaseRecord::to(&topic).key(b"torn").payload(half).partition(0).headers(headers);
        producer.send(record).map_err(|(fault, _)| fault).unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();
    }
}
