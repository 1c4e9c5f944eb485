//! deploy/retrain.sh on a real broker: history from the topic, a gate, one promotion however often it runs.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use churnwatch::wire::artifact::Artifact;
use serde_json::Value;

use crate::bench::{Bench, PROGRAM};
use crate::broker::broker;
use crate::shop;
use crate::support::page::{free_port, page};

/// The midnight that divides training from judging: one horizon before the shop's history ends.
const AT: &str = "2025-10-03";

fn retrain(bench: &Bench, program: &Path) -> Output {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/retrain.sh"))
        .env("CHURNWATCH_BIN", program)
        .env("CHURNWATCH_CONFIG", bench.path())
        .env("CHURNWATCH_REPORTS", bench.folder().join("retraining"))
        .env("CHURNWATCH_AT", AT)
        .output()
        .unwrap()
}

/// A program that trains badly: whatever it is asked for, everybody is nearly gone.
fn careless(bench: &Bench, model: &Path) -> std::path::PathBuf {
    let artifact = Artifact::read(&std::fs::read(model).unwrap()).unwrap();
    let mut bad = artifact.model().unwrap();
    bad.silence.intercept += 3.0;
    bad.forward.intercept += 3.0;
    let bad = Artifact::new("bad".into(), artifact.currency, &bad, artifact.validation, artifact.training);
    let (kept, program) = (bench.folder().join("bad.json"), bench.folder().join("careless.sh"));
    std::fs::write(&kept, bad.write()).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = train ]; then while [ \"$1\" != --output ]; do shift; done; exec cp {} \"$2\"; fi\nexec {PROGRAM} \"$@\"\n",
        kept.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    program
}

#[test]
fn retraining_twice_promotes_once_and_a_worse_model_is_stopped() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::with(&brokers, "retraining", "");
    let path = shop(&bench, "1500", "420", "2026-01-01", 5);
    bench.topics(3);
    bench.publish(&path);
    let promoted = || bench.committed(&bench.settings().file.topics.models).len();
    for run in 0..2 {
        let output = retrain(&bench, Path::new(PROGRAM));
        let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}{told}");
        println!("{said}");
        let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        assert_eq!(last["published"], run == 0, "{said}");
        assert!(last["version"].as_str().unwrap().starts_with("retrained-2025-10-03@"), "{said}");
        assert_eq!(promoted(), 1);
    }
    let report = bench.folder().join("retraining").join(AT);
    for name in
        ["model.json", "model.md", "model-silence-reliability.svg", "compare.json", "compare.txt", "promote.json"]
    {
        assert!(std::fs::metadata(report.join(name)).unwrap().len() > 0, "{name} is empty");
    }
    let program = careless(&bench, &report.join("model.json"));
    let output = retrain(&bench, &program);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("compare.json says why"), "{told}");
    let compared: Value = serde_json::from_slice(&std::fs::read(report.join("compare.json")).unwrap()).unwrap();
    assert_eq!(compared["may_be_promoted"], false);
    assert!(!compared["objections"].as_array().unwrap().is_empty());
    assert_eq!(promoted(), 1, "a model that the gate stopped was promoted");
}

/// The service's forward score of a customer is that of `evaluate` at the same midnight, bit for bit.
#[test]
fn the_service_scores_as_evaluate_does() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::new(&brokers, "agreement", AT);
    let path = shop(&bench, "300", "400", "2026-01-01", 6);
    bench.topics(2);
    bench.publish(&path);
    let port = free_port();
    // Asks for everybody at once.
    let listen = ("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let mut replica = bench.serve_with([listen, ("CHURNWATCH_HTTP__REQUESTS_PER_SECOND", "0".to_owned())]);
    bench.wait_until_closed(2, "2025-10-02");
    let scores = bench.folder().join("scores.jsonl");
    let evaluated = Command::new(PROGRAM)
        .args(["evaluate", path.to_str().unwrap(), "--at", AT, "--scores", scores.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(evaluated.status.success(), "{}", String::from_utf8_lossy(&evaluated.stderr));
    let mut compared = 0;
    for line in std::fs::read_to_string(scores).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["customer_id"].as_str().unwrap();
        let customer: Value = serde_json::from_str(&page(port, &format!("/v1/customers/{id}")).unwrap()).unwrap();
        assert_eq!(customer["day"], "2025-10-02");
        let [served, expected] = [&customer, &row].map(|one| one["forward_score"].as_f64().unwrap().to_bits());
        assert_eq!(served, expected, "{id}");
        compared += 1;
    }
    assert!(compared > 200, "{compared}");
    replica.terminate();
}
