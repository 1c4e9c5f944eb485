//! A real Prometheus with the rules of deploy, hurried, and what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rules::{file, hurried, text};
use crate::support::did_not_run;
use crate::support::page::free_port;

/// How long an alert may take to fire or to clear, and anything else to be there.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(200);

/// A program of Prometheus's, in the folder of `.ci/prometheus/install` or on the path; in CI it must be there.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![file("target/tools/bin")];
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {name}: .ci/prometheus/install");
        did_not_run(&format!("the alerts need {name}: .ci/prometheus/install"));
    }
    found
}

/// It ends with the test.
pub(crate) struct Server {
    child: Child,
    port: u16,
    started: Instant,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Scrapes these ports every second as the jobs `churnwatch` and what is behind it; `None`, said plainly, without
    /// Prometheus.
    pub(crate) fn start(jobs: &[(&str, &[u16])]) -> Option<Self> {
        let (program, folder, port) = (tool("prometheus")?, tempfile::tempdir().unwrap(), free_port());
        let job = |(name, ports): &(&str, &[u16])| {
            let targets: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
            format!("{{ job_name: churnwatch{name}, static_configs: [{{ targets: [{}] }}] }}", targets.join(", "))
        };
        let jobs: Vec<String> = jobs.iter().map(job).collect();
        let rules = ["recording.rules.yml", "alerts.rules.yml"].map(|name| {
            let path = folder.path().join(name);
            std::fs::write(&path, hurried(&text(&format!("deploy/prometheus/{name}")))).unwrap();
            path.display().to_string()
        });
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             scrape_configs: [{}]\n\
             rule_files: [{}]\n",
            jobs.join(", "),
            rules.join(", ")
        );
        let path = folder.path().join("prometheus.yml");
        std::fs::write(&path, config).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port, started: Instant::now(), _folder: folder };
        server.until("Prometheus answers", || server.get("query", &[("query", "1")]).is_some());
        Some(server)
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}; alerts: {:?}", self.alerts());
            std::thread::sleep(LOOK);
        }
        println!("{:>5.1} s: {what}", self.started.elapsed().as_secs_f64());
    }

    fn get(&self, what: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let mut request = ureq::get(format!("http://127.0.0.1:{}/api/v1/{what}", self.port));
        for (name, value) in parameters {
            request = request.query(*name, *value);
        }
        request.call().ok()?.body_mut().read_json().ok()
    }

    /// The series that a query gives, with their values as text.
    fn series(&self, query: &str) -> Vec<(Value, String)> {
        let answer = self.get("query", &[("query", query)]).unwrap_or_else(|| panic!("Prometheus refuses {query}"));
        let series = answer["data"]["result"].as_array().unwrap().iter();
        series.map(|one| (one["metric"].clone(), one["value"][1].as_str().unwrap().to_owned())).collect()
    }

    /// Whether a query gives at least one number.
    pub(crate) fn answers(&self, query: &str) -> bool {
        self.series(query).iter().any(|(_, value)| value != "NaN")
    }

    /// The one value of a query.
    pub(crate) fn value(&self, query: &str) -> Option<f64> {
        self.series(query).first().and_then(|(_, value)| value.parse().ok())
    }

    /// The alerts that are pending or firing, with their annotations.
    fn alerts(&self) -> Vec<(String, String, Value)> {
        let answer = self.get("alerts", &[]).unwrap();
        let alerts = answer["data"]["alerts"].as_array().unwrap();
        let word = |alert: &Value, name: &str| alert[name].as_str().unwrap().to_owned();
        let told =
            |alert: &Value| (word(&alert["labels"], "alertname"), word(alert, "state"), alert["annotations"].clone());
        alerts.iter().map(told).collect()
    }

    pub(crate) fn is_firing(&self, name: &str) -> bool {
        self.alerts().iter().any(|(known, state, _)| known == name && state == "firing")
    }

    /// Waits until all of these fire, and their sentences are whole.
    pub(crate) fn fire(&self, names: &[&str]) {
        for name in names {
            self.until(&format!("{name} fires"), || {
                let alerts = self.alerts();
                let firing = alerts.iter().find(|(known, state, _)| known == name && state == "firing");
                firing.is_some_and(|(.., told)| {
                    for part in ["summary", "description", "runbook_url"] {
                        let sentence = told[part].as_str().unwrap();
                        let whole =
                            !sentence.is_empty() && !sentence.contains("<no value>") && !sentence.contains("error");
                        assert!(whole, "{name} says: {told}");
                    }
                    println!("         {}", told["summary"].as_str().unwrap());
                    true
                })
            });
        }
    }

    /// Waits until none of these fires any more.
    pub(crate) fn clear(&self, names: &[&str]) {
        for name in names {
            self.until(&format!("{name} clears"), || self.alerts().iter().all(|(known, ..)| known != name));
        }
    }

    /// Waits until nothing is pending or firing.
    pub(crate) fn nothing_fires(&self, patience: Duration) {
        let begun = Instant::now();
        while !self.alerts().is_empty() {
            assert!(begun.elapsed() < patience, "after {patience:?}: {:?}", self.alerts());
            std::thread::sleep(LOOK);
        }
    }

    /// The states that every alert was in, as Prometheus kept them.
    pub(crate) fn history(&self) -> BTreeMap<String, BTreeSet<String>> {
        let answer = self.get("query", &[("query", "ALERTS[1h]")]).unwrap();
        let mut states: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for series in answer["data"]["result"].as_array().unwrap() {
            let word = |name: &str| series["metric"][name].as_str().unwrap().to_owned();
            states.entry(word("alertname")).or_default().insert(word("alertstate"));
        }
        states
    }
}
