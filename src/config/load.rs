//! From file and environment to checked settings. Every fault is reported, not only the first.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Serialized};
use serde_json::Value;

use crate::config::fault::Fault;
use crate::config::file::ConfigFile;
use crate::config::settings::Settings;

/// Largest configuration file, bytes.
const MAX_BYTES: usize = 1 << 20;
/// Prefix of the environment's keys; a double underscore goes one level down.
const PREFIX: &str = "CHURNWATCH_";
/// Environment variables of ours that are no configuration.
const NOT_SETTINGS: [&str; 4] = ["data", "bless", "test_brokers", "log"];

/// Reads the file, if any, lays the environment over it, and checks the whole.
pub fn load(path: Option<&Path>) -> Result<Settings, Vec<Fault>> {
    let file = path.map(read_file).transpose()?.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let env = Env::prefixed(PREFIX).ignore(&NOT_SETTINGS).split("__");
    let merged: Result<Value, _> = Figment::from(Serialized::defaults(file)).merge(env).extract();
    let merged = merged.map_err(|fault| vec![Fault::new("", format!("the environment cannot be read: {fault}"))])?;
    check(&merged)
}

/// Checks a configuration that is already one JSON value.
pub fn check(value: &Value) -> Result<Settings, Vec<Fault>> {
    let mut faults = shape_faults(value);
    let mut sound = value.clone();
    for fault in &faults {
        remove(&mut sound, &fault.key);
    }
    // What is left has the right shape, so its values can be checked too and all faults come at once.
    match serde_json::from_value::<ConfigFile>(sound) {
        Ok(file) => match Settings::check(file) {
            Ok(settings) if faults.is_empty() => return Ok(settings),
            Ok(_) => {}
            Err(more) => faults.extend(more),
        },
        Err(fault) => faults.push(Fault::new("", fault.to_string())),
    }
    faults.sort();
    faults.dedup();
    Err(faults)
}

fn read_file(path: &Path) -> Result<Value, Vec<Fault>> {
    let fault = |sentence: String| vec![Fault::new("", sentence)];
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| fault(format!("cannot read {name}: {error}")))?;
    if bytes.len() > MAX_BYTES {
        return Err(fault(format!(
            "{name} has {} bytes, a configuration has at most {MAX_BYTES}: is it the right file?",
            bytes.len()
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| fault(format!("{name} is not UTF-8 text: save it as UTF-8")))?;
    if text.trim().is_empty() {
        return Err(fault(format!(
            "{name} is empty: the smallest configuration is\n  [kafka]\n  brokers = \"host:9092\""
        )));
    }
    toml::from_str::<Value>(&text)
        .map_err(|error| fault(format!("{name} is not TOML: {}", error.to_string().trim_end())))
}

/// Faults of the shape: unknown keys and wrong types, by the JSON Schema of the file.
fn shape_faults(value: &Value) -> Vec<Fault> {
    let schema = schema();
    let Ok(validator) = jsonschema::validator_for(&schema) else {
        return vec![Fault::new("", "the built-in schema of the configuration is broken: please report this")];
    };
    validator.iter_errors(value).flat_map(|error| faults_of(&error, &schema)).collect()
}

fn faults_of(error: &jsonschema::ValidationError<'_>, schema: &Value) -> Vec<Fault> {
    let path = dotted(&error.instance_path().to_string());
    match error.kind() {
        jsonschema::error::ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known_keys(schema, &path);
            unexpected.iter().map(|key| Fault::new(join(&path, key), unknown_key(key, &known))).collect()
        }
        _ => vec![Fault::new(path, format!("{error}"))],
    }
}

fn unknown_key(key: &str, known: &[String]) -> String {
    let nearest = known.iter().max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    match nearest {
        Some(nearest) if strsim::jaro_winkler(key, nearest) > 0.7 => {
            format!("unknown key; did you mean \"{nearest}\"?")
        }
        _ => format!("unknown key; known here are {}", known.join(", ")),
    }
}

/// Keys that the schema knows at a path of at most one table.
fn known_keys(schema: &Value, path: &str) -> Vec<String> {
    let properties = |table: &Value| -> Vec<String> {
        table
            .get("properties")
            .and_then(Value::as_object)
            .map(|keys| keys.keys().cloned().collect())
            .unwrap_or_default()
    };
    if path.is_empty() {
        return properties(schema);
    }
    let table = schema.pointer(&format!("/properties/{path}"));
    let reference = table.and_then(|table| table.get("$ref")).and_then(Value::as_str);
    let target = reference.and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
    target.or(table).map(properties).unwrap_or_default()
}

/// The JSON Schema of the configuration file.
pub fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!(ConfigFile)).unwrap_or_default()
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

fn remove(value: &mut Value, key: &str) {
    let pointer = key.rsplit_once('.').map_or(String::new(), |(parent, _)| format!("/{}", parent.replace('.', "/")));
    let last = key.rsplit('.').next().unwrap_or(key);
    if let Some(table) = value.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        table.remove(last);
    }
}
