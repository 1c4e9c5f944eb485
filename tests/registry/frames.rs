//! Records that Confluent's own serializers framed, fetched schemas and all.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use churnwatch::config::load::check;
use churnwatch::config::settings::Settings;
use churnwatch::engine::day::Millis;
use churnwatch::engine::event::Reason;
use churnwatch::service::doctor::schema_registry::judge;
use churnwatch::service::doctor::time_left::TimeLeft;
use churnwatch::service::registry::client::{Client, Found};
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::inputs::format::Format;
use churnwatch::wire::inputs::told::Told;
use churnwatch::wire::registry::definition::{Definition, WriterSchema};
use churnwatch::wire::registry::frame::split;
use churnwatch::wire::registry::schemas::Known;
use churnwatch::wire::reject::Reject;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::stub::Stub;

/// How often each record is read for its time.
const TIMED: u32 = 2_000;

/// A registry that answers as tests/fixtures/registry/registry.json has it.
fn registry() -> Stub {
    let answers: Value = serde_json::from_str(include_str!("../fixtures/registry/registry.json")).unwrap();
    let (ids, stub) = (answers["ids"].as_object().unwrap(), Stub::start());
    stub.now(|manner| {
        for (id, answer) in ids {
            manner.answers.insert(format!("/schemas/ids/{id}"), answer.clone());
        }
        for (subject, versions) in answers["subjects"].as_object().unwrap() {
            for (version, id) in versions.as_object().unwrap() {
                let answer = ids[&id.to_string()].clone();
                manner.answers.insert(format!("/subjects/{subject}/versions/{version}"), answer);
            }
        }
    });
    stub
}

fn client(url: &str) -> Client {
    let settings = check(json!({"schema_registry": {"url": format!("{url}/")}})).unwrap();
    Client::new(&settings.registry.unwrap(), None).unwrap()
}

fn schema(client: &Client, id: u32) -> WriterSchema {
    match client.schema(id) {
        Ok(Found::Schema(schema)) => schema,
        other => panic!("schema {id}: {other:?}"),
    }
}

#[test]
fn what_confluents_serializers_wrote_is_what_went_in() {
    let stub = registry();
    let (client, mut count) = (client(&stub.url), 0);
    for line in include_str!("../fixtures/registry/framed.jsonl").lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let framed = STANDARD.decode(record["framed"].as_str().unwrap()).unwrap();
        let (id, bytes) = split(&framed).unwrap();
        let (schema, mut out) = (schema(&client, id), Vec::new());
        schema.decode(bytes, &mut out).unwrap();
        let told: Value = serde_json::from_slice(&out).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out)));
        assert_eq!(told, record["told"], "{}", record["name"]);
        let begun = Instant::now();
        for _ in 0..TIMED {
            out.clear();
            schema.decode(black_box(bytes), &mut out).unwrap();
        }
        let nanos = begun.elapsed().as_nanos() / u128::from(TIMED);
        println!("{}: {} bytes to {} in {nanos} ns", record["name"], bytes.len(), out.len());
        // Whatever becomes of it on the way, it is read as something or refused.
        for end in 0..bytes.len() {
            out.clear();
            let read = schema.decode(&bytes[..end], &mut out);
            assert!(read.is_err() || !matches!(schema, WriterSchema::Avro(_)), "{}: {end} bytes", record["name"]);
            for bit in 0..8 {
                let mut wrong = bytes.to_vec();
                wrong[end] ^= 1 << bit;
                out.clear();
                let _ = schema.decode(&wrong, &mut out);
            }
        }
        count += 1;
    }
    println!("{count} records, {} questions", stub.asked().len());
    assert!(count >= 7 && stub.asked().contains(&"/subjects/shop/line.proto/versions/1".to_owned()));
}

/// A schema that is no whole one is refused in a sentence, whatever is missing of it.
#[test]
fn a_schema_cut_anywhere_is_refused_and_nothing_worse() {
    let answers: Value = serde_json::from_str(include_str!("../fixtures/registry/registry.json")).unwrap();
    let (mut cuts, mut refused) = (0, 0);
    for answer in answers["ids"].as_object().unwrap().values() {
        let text: Vec<char> = answer["schema"].as_str().unwrap().chars().collect();
        for end in (0..text.len()).step_by(5) {
            let cut: String = text[..end].iter().collect();
            let mut answer = answer.clone();
            answer["schema"] = cut.into();
            let definition: Definition = serde_json::from_value(answer).unwrap();
            cuts += 1;
            refused += usize::from(WriterSchema::new(&definition, &[]).is_err_and(|sentence| sentence.len() > 5));
        }
    }
    // A text of Protobuf may end behind a whole message, and JSON Schema is not looked at.
    assert!(cuts > 500 && refused * 10 > cuts * 8, "{refused} of {cuts} refused");
}

/// The inputs of tests/fixtures/inputs, all of them framed.
fn inputs() -> Settings {
    let mut file: Value = toml::from_str(include_str!("../fixtures/inputs/all.toml")).unwrap();
    file["schema_registry"] = json!({"url": "http://127.0.0.1:1"});
    for input in file["inputs"].as_object_mut().unwrap().values_mut() {
        input["encoding"] = "schema_registry".into();
    }
    check(file).unwrap()
}

/// What a record of a topic tells, or why it tells nothing.
fn told(settings: &Settings, format: &Format, value: &[u8]) -> Result<Vec<Value>, Reject> {
    let headers = [("ce_specversion", &b"1.0"[..]), ("ce_type", b"visit"), ("ce_id", b"7"), ("ce_source", b"/")];
    let record = RawRecord::new(Some(b"ann"), Some(value), Millis(1_780_272_000_000));
    let mut told = Told::default();
    format.translate(&RawRecord { headers: &headers, ..record }, &settings.rules, &mut told)?;
    Ok(told.events().iter().map(|event| serde_json::from_slice(&event.text).unwrap()).collect())
}

/// The examples of each specification, framed as JSON Schema, tell what they tell as they are.
#[test]
fn every_shape_reads_framed_records_as_it_reads_others() {
    let (settings, mut count) = (inputs(), 0);
    let framed = settings.shapes.framing().unwrap();
    framed.schemas.tell(7, Known::Schema(Arc::new(WriterSchema::Json)));
    for topic in ["segment", "cloudevents", "shopify", "woocommerce", "debezium", "mapping"] {
        let format = settings.shapes.of(topic);
        for line in std::fs::read_to_string(format!("tests/fixtures/inputs/{topic}.jsonl")).unwrap().lines() {
            let value = [&[0, 0, 0, 0, 7], line.as_bytes()].concat();
            // Where a record has no id its bytes are one, and the frame is among them.
            let but_the_id = |told: Result<Vec<Value>, Reject>| {
                told.map(|mut events| {
                    events.iter_mut().filter(|_| topic == "mapping").for_each(|event| event["id"] = Value::Null);
                    events
                })
            };
            let plain = but_the_id(told(&settings, format.in_files(), line.as_bytes()));
            assert_eq!(but_the_id(told(&settings, format, &value)), plain, "{topic}: {line}");
            count += usize::from(plain.is_ok_and(|events| !events.is_empty()));
        }
    }
    assert!(count > 40, "{count} records told something");
    let strange = [0, 0, 0, 0, 8, b'{', b'}'];
    assert_eq!(framed.missing(Some(&strange)), Some(8));
    framed.schemas.tell(8, Known::Unusable);
    let unknown = Err(Reason::UnknownSchema.into());
    assert_eq!(
        (framed.missing(Some(&strange)), told(&settings, settings.shapes.of("segment"), &strange)),
        (None, unknown)
    );
}

/// An order captured by Debezium and written as Avro: what was taken off its price is given back.
#[test]
fn a_row_as_debezium_writes_it_in_avro_is_an_order() {
    let (stub, settings) = (registry(), inputs());
    let lines = include_str!("../fixtures/registry/framed.jsonl").lines();
    let record = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let record = record.into_iter().find(|record| record["name"] == "avro, as Debezium writes").unwrap();
    let framed = STANDARD.decode(record["framed"].as_str().unwrap()).unwrap();
    let (id, _) = split(&framed).unwrap();
    let known = Known::Schema(Arc::new(schema(&client(&stub.url), id)));
    settings.shapes.framing().unwrap().schemas.tell(id, known);
    let told = told(&settings, settings.shapes.of("debezium"), &framed).unwrap();
    let shown: Vec<_> = told.iter().map(|event| (event["type"].clone(), event["amount"].clone())).collect();
    assert_eq!(shown, [(json!("purchase"), json!("50.00")), (json!("refund"), json!("7.5"))], "{told:?}");
}

/// A registry tells what it does not know; whatever else answers is not believed, or every record would be a dead letter.
#[test]
fn only_a_registry_says_that_a_schema_is_unknown() {
    let stub = registry();
    let client_of = client(&stub.url);
    assert!(matches!(client_of.schema(99), Ok(Found::Unknown)));
    stub.now(|manner| {
        manner.answers.insert("/schemas/ids/50".into(), json!({"schema": "{}", "schemaType": "XML"}));
        manner.answers.insert("/schemas/ids/51".into(), json!({"hello": "world"}));
        let reference = json!([{"name": "a", "subject": "gone", "version": 3}]);
        manner.answers.insert("/schemas/ids/52".into(), json!({"schema": "\"a\"", "references": reference}));
    });
    let said = |id| match client_of.schema(id) {
        Ok(Found::Unreadable(why)) => why,
        Err(trouble) => trouble.said,
        other => panic!("{other:?}"),
    };
    assert!(said(50).contains("type XML"));
    assert!(said(51).contains("nothing that a schema registry says"));
    assert!(said(52).contains("version 3 of gone"));
    stub.now(|manner| manner.wants = Some("Basic dTpw".into()));
    assert!(said(1).contains("does not let us in (401): give schema_registry.username"), "{}", said(1));
    stub.now(|manner| manner.is_gone = true);
    assert!(said(1).contains("look at schema_registry.url"), "{}", said(1));
    let nobody = client("http://127.0.0.1:1").schema(1).unwrap_err();
    assert!(nobody.said.contains("refused: look at schema_registry.url"), "{}", nobody.said);
}

/// The configuration that docs/inputs.md shows is a sound one, once its secret is there.
#[test]
fn the_configuration_shown_is_sound() {
    let text = include_str!("../../docs/inputs.md");
    let section = text.split("## Schema registry").nth(1).unwrap();
    let block = section.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "word").unwrap();
    let block = block.replace("/run/secrets/registry-password", file.path().to_str().unwrap());
    let settings = check(toml::from_str::<Value>(&block).unwrap()).unwrap();
    assert!(settings.shapes.of("shop.orders").framing().is_some() && settings.own_topic() == Some("churn.events"));
    let secret = settings.registry.unwrap().authorization().unwrap().unwrap();
    assert_eq!(secret.expose_secret(), format!("Basic {}", STANDARD.encode("churnwatch:word")));
}

/// The doctor asks whether it answers, and says what to do where it does not.
#[test]
fn the_doctor_asks_the_registry() {
    let stub = Stub::start();
    let found = |table: Value| {
        let input = json!({"churn.events": {"encoding": "schema_registry"}});
        let settings = check(json!({"inputs": input, "schema_registry": table})).unwrap();
        let checked = judge(&settings, TimeLeft::of(Duration::from_secs(5)));
        (checked.seen, checked.findings.into_iter().map(|one| (one.kind.code, one.seen)).next())
    };
    let (seen, nothing) = found(json!({"url": stub.url}));
    assert!(nothing.is_none() && seen.contains("knows 1 kind of schemas: AVRO"), "{seen}");
    stub.now(|manner| manner.wants = Some("Bearer t".into()));
    assert_eq!(found(json!({"url": stub.url, "token": "t"})).1, None);
    let (code, said) = found(json!({"url": stub.url, "token": "other"})).1.unwrap();
    assert!(code == "registry-shut" && said.contains("(401): look at"), "{code}: {said}");
    let (code, said) = found(json!({"url": format!("{}/nowhere", stub.url), "token": "t"})).1.unwrap();
    assert!(code == "registry-unreachable" && said.contains("path of schema_registry.url"), "{code}: {said}");
    let unneeded =
        judge(&check(json!({"schema_registry": {"url": "http://127.0.0.1:1"}})).unwrap(), TimeLeft::of(Duration::ZERO));
    assert!(unneeded.findings.is_empty() && unneeded.seen == "no input needs one");
}
