//! Documents that cannot drift: what they say is what the program says. `CHURNWATCH_BLESS=1` writes them anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::path::Path;
use std::process::Command;

use churnwatch::config::contracts::Contract;
use churnwatch::config::load::check;
use churnwatch::config::schema::schema;
use churnwatch::engine::alerting::segment::Segments;
use churnwatch::engine::event::{INTERACTION_NAMES, Reason};
use churnwatch::service::doctor::catalogue::document as findings;
use churnwatch::service::http::server::openapi_text;
use churnwatch::service::kafka::topics::whole_plan;
use churnwatch::service::telemetry::document::document;
use churnwatch::wire::tables::columns::Table;
use churnwatch::wire::tables::document::{HEAD, document as columns};
use serde_json::{Value, json};

use support::blessed;

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn same(name: &str, written: &str) {
    if blessed() {
        // At once, since other tests read it.
        let anew = file(&format!("{name}.new"));
        std::fs::write(&anew, written).unwrap();
        std::fs::rename(anew, file(name)).unwrap();
    }
    let kept = std::fs::read_to_string(file(name)).unwrap();
    assert_eq!(kept, written, "{name} is out of date: CHURNWATCH_BLESS=1 cargo test --test documents");
}

#[test]
fn the_metrics_document_is_the_registry() {
    same("docs/metrics.md", &document().unwrap());
}

#[test]
fn the_configuration_schema_is_the_program_s() {
    same("docs/config.schema.json", &(serde_json::to_string_pretty(&schema()).unwrap() + "\n"));
}

#[test]
fn the_schemas_are_the_program_s() {
    for contract in Contract::ALL.into_iter().filter(|contract| *contract != Contract::Config) {
        same(&format!("docs/schemas/{}.json", contract.name()), &(contract.text() + "\n"));
        let printed =
            Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(["schema", contract.name()]).output().unwrap();
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), contract.text() + "\n");
    }
    assert_eq!(Contract::Config.schema(), schema());
}

/// The values of a key of docs/asyncapi.yaml, in order; the file keeps to one line a value.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let of = |line: &'a str| line.trim_start_matches([' ', '-']).strip_prefix(key)?.strip_prefix(": ");
    text.lines().filter_map(of).map(|value| value.trim_matches('\'')).collect()
}

/// The table of findings in docs/operations.md is the doctor's; `CHURNWATCH_BLESS=1` puts it in. No kind is left out.
#[test]
fn the_findings_are_the_doctor_s() {
    let name = "docs/operations.md";
    let text = std::fs::read_to_string(file(name)).unwrap();
    let (before, rest) = text.split_once("| check | finding |").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let table = findings();
    same(name, &format!("{before}{table}\n{after}"));
    let folder = std::fs::read_dir(file("src/service/doctor")).unwrap();
    let sources = folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let code = sources.map(|text| text.split("#[cfg(test)]").next().unwrap().matches(": Kind = Kind {").count());
    assert_eq!(table.lines().count() - 2, code.sum::<usize>());
}

/// The columns in docs/exports.md are those that are written; `CHURNWATCH_BLESS=1` puts them in.
#[test]
fn the_columns_are_those_of_the_exports() {
    let name = "docs/exports.md";
    let mut text = std::fs::read_to_string(file(name)).unwrap();
    for table in Table::ALL {
        let (first, rest) = table.name().split_at(1);
        let section = text.find(&format!("\n## {}{rest}\n", first.to_uppercase())).unwrap();
        let from = section + text[section..].find(HEAD).unwrap();
        let to = text[from..].find("\n\n").map_or(text.len(), |end| from + end + 1);
        text.replace_range(from..to, &columns(table));
    }
    same(name, &text);
}

/// The channels are the topics that `topics create` makes where everything is used, with its policies.
#[test]
fn the_channels_are_the_configured_topics() {
    let text = std::fs::read_to_string(file("docs/asyncapi.yaml")).unwrap();
    let (_, text) = text.split_once("\nchannels:\n").unwrap();
    let (names, policies) = (values(text, "address"), values(text, "cleanup.policy"));
    assert_eq!(values(text, "topic"), names);
    let told = names.into_iter().zip(policies).zip(values(text, "retention.ms"));
    let told: Vec<(String, String, String)> =
        told.map(|((name, policy), keep)| (name.into(), policy.trim_matches(['[', ']']).into(), keep.into())).collect();
    let endpoint = json!({"name": "crm", "url": "https://crm.example", "secret_files": ["secret"]});
    let settings = check(json!({"webhooks": {"endpoints": [endpoint]}, "identity": {"merge": true}})).unwrap();
    let made: Vec<(String, String, String)> =
        whole_plan(&settings).into_iter().map(|(name, policy, keep)| (name, policy.to_owned(), keep)).collect();
    assert_eq!(told, made);
}

/// The OpenAPI document is made from the routes, and what each of them answers has an example that fits its schema.
#[test]
fn the_openapi_document_is_the_program_s() {
    same("docs/openapi.json", openapi_text());
    let document: Value = serde_json::from_str(openapi_text()).unwrap();
    let mut examples = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let answers = item["get"]["responses"].as_object().unwrap().values();
        let shared = document["components"]["responses"].as_object().unwrap().values();
        for (kind, media) in answers.chain(shared).filter_map(|answer| answer["content"].as_object()).flatten() {
            // References lead from the root of what is compiled.
            let mut schema = media["schema"].clone();
            schema["components"] = document["components"].clone();
            let Some(example) = media.get("example") else {
                assert!(schema.get("const").is_some() || path == "/openapi.json", "{path} has no example of {kind}");
                continue;
            };
            let faults: Vec<String> = jsonschema::validator_for(&schema)
                .unwrap()
                .iter_errors(example)
                .map(|fault| fault.to_string())
                .collect();
            assert!(faults.is_empty(), "{path}: {faults:?}");
            examples += 1;
        }
    }
    assert!(examples > 20, "{examples}");
}

/// Every reference leads somewhere, every payload and header has an example that the program wrote or would take.
#[test]
fn the_asyncapi_document_refers_to_what_is_there() {
    let text = std::fs::read_to_string(file("docs/asyncapi.yaml")).unwrap();
    let references = values(&text, "$ref");
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let (path, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        if path.is_empty() {
            let name = pointer.rsplit('/').next().unwrap();
            assert!(text.lines().any(|line| line.trim() == format!("{name}:")), "{reference}");
        } else {
            let schema: Value =
                serde_json::from_str(&std::fs::read_to_string(file("docs").join(path)).unwrap()).unwrap();
            assert!(schema.pointer(pointer).is_some(), "{reference}");
        }
    }
    let golden: Vec<Value> = ["alerts.jsonl", "risk.jsonl", "outcomes.jsonl", "dead-letters.jsonl"]
        .iter()
        .flat_map(|name| {
            let lines = std::fs::read_to_string(file("tests/golden").join(name)).unwrap();
            lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>()
        })
        .collect();
    let event = jsonschema::validator_for(&Contract::Event.schema()).unwrap();
    let examples = [values(&text, "payload"), values(&text, "headers")].concat();
    assert!(examples.len() > 12, "{examples:?}");
    for example in examples {
        let value: Value = serde_json::from_str(example).unwrap();
        let part = |record: &Value| [record.get("headers"), record.get("value")].contains(&Some(&value));
        let known = golden.iter().any(|record| *record == value || part(record));
        assert!(known || event.is_valid(&value), "{example}");
    }
}

#[test]
fn the_events_document_names_every_type_and_reason() {
    let text = std::fs::read_to_string(file("docs/events.md")).unwrap();
    let missing: Vec<&str> = INTERACTION_NAMES
        .iter()
        .copied()
        .chain(Reason::ALL.map(Reason::words))
        .filter(|word| !text.contains(word))
        .collect();
    assert!(missing.is_empty(), "docs/events.md does not name {missing:?}");
}

/// The alert shown whole is the newest of the golden ones that tells what changed; `CHURNWATCH_BLESS=1` puts it in.
#[test]
fn the_alert_shown_whole_is_one_that_was_written() {
    let name = "docs/alerts.md";
    let text = std::fs::read_to_string(file(name)).unwrap();
    let golden = std::fs::read_to_string(file("tests/golden/alerts.jsonl")).unwrap();
    let mut alerts = golden.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = alerts.find(|alert: &Value| alert.pointer("/data/changed").is_some_and(Value::is_object)).unwrap();
    let (before, rest) = text.split_once("```json\n").unwrap();
    let (_, after) = rest.split_once("```").unwrap();
    same(name, &format!("{before}```json\n{}\n```{after}", serde_json::to_string_pretty(&told).unwrap()));
}

/// The table of segments in docs/profile.md is the one that a company without its own has.
#[test]
fn the_segments_shown_are_the_default_ones() {
    let text = std::fs::read_to_string(file("docs/profile.md")).unwrap();
    let block = text.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let shown = check(toml::from_str(block).unwrap()).unwrap().policy.segments;
    assert_eq!(shown, Segments::default());
}

/// Every churnwatch command in the consoles of these documents exists with the options it is given. Those of the others are
/// run by tests/commands.rs.
#[test]
fn the_commands_that_are_not_run_are_understood() {
    let names = ["docs/accuracy.md", "docs/exports.md", "docs/performance.md", "models/README.md"];
    let text = names.map(|name| std::fs::read_to_string(file(name)).unwrap()).join("\n");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ churnwatch ")).collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let name: Vec<&str> = arguments
            .iter()
            .copied()
            .take_while(|word| {
                !word.starts_with('-') && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
            })
            .collect();
        let help = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(&name).arg("--help").output().unwrap();
        assert!(help.status.success(), "churnwatch {command}");
        let help = String::from_utf8(help.stdout).unwrap();
        for option in arguments.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "churnwatch {command}: {option} is unknown");
        }
    }
}

/// What is there in Chinese is what is there in English: as many headings of each level, the very same code, and links to
/// the same places, in Chinese where they are.
#[test]
fn chinese_documents_are_the_english_ones() {
    let code = |text: &str| -> Vec<String> { text.split("```").skip(1).step_by(2).map(str::to_owned).collect() };
    let prose = |text: &str| -> String { text.split("```").step_by(2).collect() };
    let headings = |text: &str| -> Vec<usize> {
        let level = |line: &str| line.bytes().take_while(|byte| *byte == b'#').count();
        prose(text).lines().map(level).filter(|level| *level > 0).collect()
    };
    // Headings of the same document are named in its language.
    let links = |text: &str, itself: &str| -> Vec<String> {
        let prose = prose(text);
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let targets = targets.map(|target| target.replace(".zh.md", ".md"));
        targets.filter(|target| target != itself && !target.starts_with('#')).collect()
    };
    for (folder, name) in [("", "README"), ("docs/", "quickstart")] {
        let [itself, translated] = [format!("{name}.md"), format!("{name}.zh.md")];
        let read = |name: &str| std::fs::read_to_string(file(&format!("{folder}{name}"))).unwrap();
        let [english, chinese] = [&itself, &translated].map(|name| read(name));
        assert_eq!(code(&english), code(&chinese), "{name}");
        assert_eq!(headings(&english), headings(&chinese), "{name}");
        assert_eq!(links(&english, &itself), links(&chinese, &itself), "{name}");
        assert!(english.contains(&format!("]({translated})")) && chinese.contains(&format!("]({itself})")), "{name}");
    }
}

/// What a heading is called in a link, as GitHub does.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The headings of a document, as links call them.
fn anchors(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let prose: String = text.split("```").step_by(2).collect();
    prose.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

/// Every link from one document to another, or to a heading, leads somewhere.
#[test]
fn links_lead_somewhere() {
    let in_folder = |name: &str| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(file(name)).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let files =
        ["", "docs", "docs/decisions", "deploy/consumers", "deploy/connect", "models"].into_iter().flat_map(in_folder);
    let mut seen = 0;
    for path in files.filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let prose: String = text.split("```").step_by(2).collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (name, heading) = target.split_once('#').unwrap_or((target, ""));
            let to = if name.is_empty() { path.clone() } else { path.parent().unwrap().join(name) };
            assert!(to.exists(), "{}: {target} is not there", path.display());
            let named = heading.is_empty() || anchors(&to).iter().any(|known| known == heading);
            assert!(named, "{}: {target} is no heading there", path.display());
            seen += 1;
        }
    }
    assert!(seen > 150, "{seen} links");
}
