//! A TOML file as one JSON value, or the sentence that says why not. Nothing of its content is repeated: it may be secret.

use std::path::Path;

use serde_json::Value;

use crate::config::fault::Fault;

/// Largest file, bytes.
const MAX_BYTES: usize = 1 << 20;

/// A TOML file as JSON.
pub fn read_file(path: &Path) -> Result<Value, Vec<Fault>> {
    let fault = |sentence: String| vec![Fault::new("", sentence)];
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| fault(format!("cannot read {name}: {error}")))?;
    read_bytes(&name, bytes)
}

/// The bytes of a TOML file as JSON; `name` is the file's, for the sentence.
pub fn read_bytes(name: &str, bytes: Vec<u8>) -> Result<Value, Vec<Fault>> {
    let fault = |sentence: String| vec![Fault::new("", sentence)];
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
    let table = toml::from_str::<toml::Table>(&text).map_err(|error| {
        // The place, but not the line itself: it may hold a password.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        fault(format!("{name} is not TOML, line {}: {}", before.matches('\n').count() + 1, error.message()))
    })?;
    Ok(json(toml::Value::Table(table)))
}

/// TOML as JSON; a date is the text that it was written as.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(yes) => yes.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect()),
    }
}
