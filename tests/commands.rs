//! The documents' commands, each typed as it stands, document by document, on a real Kafka. None is left out but those
//! that are named here with the reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first thing that is not as it should be")]

#[path = "commands/blocks.rs"]
mod blocks;
#[path = "security/certificates.rs"]
#[allow(dead_code, reason = "the security suite uses the rest")]
mod certificates;
#[path = "commands/props.rs"]
mod props;
#[path = "commands/stage.rs"]
mod stage;
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use blocks::{commands, unlike};
use stage::{Stage, can_enter, enter, path};
use support::did_not_run;

/// What is not typed: how such a command begins, and why.
const NOT_TYPED: [(&str, &str); 14] = [
    ("cargo build", "these tests are run from a build"),
    ("cargo run --release -- demo", "these tests are run from a build; the quickstart types the demo"),
    ("cargo test", "this is it"),
    ("cargo install", "would build for minutes"),
    ("cargo deny", ".ci/deny/run types it"),
    ("docker ", "there is no container engine"),
    ("bwrap ", "needs a root folder that was put together by hand"),
    ("helm ", "there is no cluster; .ci/manifests/run lints and renders the chart"),
    ("kubectl ", "there is no cluster; .ci/manifests/run renders the overlays"),
    ("churnwatch man ", "would write into the machine's own folders; tests/help.rs asks for them"),
    ("churnwatch completions ", "the same"),
    ("deploy/sbom.sh --bundled", "asks cargo about the checkout that it lies in, which is not the folder typed in"),
    ("deploy/sbom.sh ", "needs cargo-cyclonedx, which would build for minutes"),
    ("jq -r '.components[]", "reads what deploy/sbom.sh makes"),
];

/// What is typed by somebody who has files, topics and a service.
const DOCUMENTS: [&str; 5] =
    ["README.md", "docs/effect.md", "docs/models.md", "docs/migration.md", "docs/operations.md"];
/// What is typed by somebody who has nothing yet.
const QUICKSTART: &str = "docs/quickstart.md";
/// Documents whose commands are not typed at all, and why.
const UNTYPED: [(&str, &str); 11] = [
    ("README.zh.md", "its code is the README's, as tests/documents.rs holds"),
    ("docs/quickstart.zh.md", "its code is the quickstart's, as tests/documents.rs holds"),
    ("docs/inputs.md", "tests/inputs.rs and tests/rekey.rs run them, on records of each shape"),
    ("docs/exports.md", ".ci/export/run runs them and others, and reads what they write"),
    ("deploy/connect/README.md", ".ci/connect/run gives the configurations to the runtime"),
    ("docs/webhooks.md", ".ci/webhooks/run runs them, with receivers"),
    ("deploy/consumers/README.md", ".ci/consumers/run runs the programs"),
    ("docs/accuracy.md", "tests/accuracy.rs and tests/backtest.rs do it on the real logs"),
    ("docs/performance.md", "measures for minutes, on a machine that does nothing else"),
    ("docs/testing.md", "runs these tests, for up to hours"),
    ("models/README.md", "makes the model built in, of a real log, and needs scikit-learn"),
];
/// How soon Prometheus has scraped for the first time.
const SCRAPED: Duration = Duration::from_secs(30);

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(root(name)).unwrap()
}

/// How a command that is not typed begins, and why.
fn not_typed(command: &str) -> Option<(&'static str, &'static str)> {
    NOT_TYPED.into_iter().find(|(begin, _)| command.starts_with(begin))
}

fn type_all(stage: &mut Stage, document: &str) {
    println!("{document}");
    for command in commands(&text(document)) {
        if let Some((_, reason)) = not_typed(&command.text) {
            println!("  not typed: {}: {reason}", command.text.trim_end());
            continue;
        }
        let begun = Instant::now();
        loop {
            let printed = stage.run(&command.text);
            let Some(missing) = unlike(&command.shown, &printed) else { break };
            let may_come = command.text.starts_with("promtool query") && begun.elapsed() < SCRAPED;
            assert!(may_come, "{document}: `{}` does not print \"{missing}\":\n{printed}", command.text);
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Whether Kafka, Prometheus and a network of its own can be had; in CI they must be.
fn is_equipped() -> bool {
    let look = "for name in prometheus promtool java curl jq; do command -v $name || exit 1; done";
    let found = Command::new("sh").args(["-c", look]).env("PATH", path()).stdout(Stdio::null()).status();
    let fetch = || Command::new(root("deploy/kafka/kafka.sh")).arg("fetch").status();
    let equipped = found.unwrap().success() && can_enter() && fetch().unwrap().success();
    if !equipped {
        let needs = "Java 17, Maven, curl, jq, Prometheus (.ci/prometheus/install), and leave to unshare a network";
        assert!(std::env::var_os("CI").is_none(), "CI needs {needs}");
        did_not_run(&format!("the documents' commands need {needs}"));
    }
    equipped
}

#[test]
fn every_command_is_typed() {
    if !is_equipped() || enter("every_command_is_typed") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(folder.path());
    props::lay(&mut stage, &text("README.md"));
    let brokers = stage.run("deploy/kafka/kafka.sh start");
    stage.environ("CHURNWATCH_KAFKA__BROKERS", brokers.trim());
    stage.environ("CHURNWATCH_ALERTS__PUBLISH_FROM", "2026-06-01");
    let [files @ .., operations] = DOCUMENTS;
    for document in files {
        type_all(&mut stage, document);
    }
    props::secure(&mut stage);
    props::come_back(&mut stage);
    props::write_letters(brokers.trim());
    stage.run("churnwatch serve --config churnwatch.toml");
    type_all(&mut stage, operations);
    stage.run("deploy/kafka/kafka.sh stop --hard");
}

#[test]
fn the_quickstart_is_walked() {
    if !is_equipped() || enter("the_quickstart_is_walked") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    type_all(&mut Stage::new(folder.path()), QUICKSTART);
}

#[test]
fn what_is_not_typed_is_in_the_documents() {
    let all: Vec<_> = DOCUMENTS.iter().chain([&QUICKSTART]).flat_map(|name| commands(&text(name))).collect();
    let left_out: BTreeSet<_> = all.iter().filter_map(|command| not_typed(&command.text)).collect();
    assert_eq!(left_out, BTreeSet::from(NOT_TYPED));
}

#[test]
fn no_document_with_commands_is_forgotten() {
    let folders = ["", "docs", "models", "deploy", "deploy/connect", "deploy/consumers"].into_iter();
    let paths = folders.flat_map(|folder| std::fs::read_dir(root(folder)).unwrap()).map(|entry| entry.unwrap().path());
    let documents = paths.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let names = documents.map(|path| path.strip_prefix(root("")).unwrap().display().to_string());
    let names = names.filter(|name| !commands(&text(name)).is_empty());
    let known = DOCUMENTS.into_iter().chain([QUICKSTART]).chain(UNTYPED.map(|(name, _)| name));
    assert_eq!(names.collect::<BTreeSet<_>>(), known.map(str::to_owned).collect());
}
