//! From file and environment to checked settings. Every fault is reported, not only the first.

use std::path::Path;

use serde_json::{Map, Value};

use crate::config::environment::overlay;
use crate::config::fault::Fault;
use crate::config::file::ConfigFile;
use crate::config::schema::{schema, shape_faults};
use crate::config::settings::Settings;
use crate::config::toml_file::read_file;

/// Reads the file, if any, lays the environment over it, and checks the whole.
pub fn load(path: Option<&Path>) -> Result<Settings, Vec<Fault>> {
    let mut value = path.map(read_file).transpose()?.unwrap_or_else(|| Value::Object(Map::new()));
    // Names and values that are not UTF-8 are none of ours.
    let variables =
        std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
    overlay(&mut value, &schema(), variables);
    check(value)
}

/// Checks a configuration that is already one JSON value.
pub fn check(mut value: Value) -> Result<Settings, Vec<Fault>> {
    if let Some(client) = value.pointer_mut("/kafka/client") {
        *client = flat_texts(client);
    }
    let shape = shape_faults(&value, &schema());
    for fault in &shape {
        remove(&mut value, &fault.place);
    }
    for list in ["/segments", "/webhooks/endpoints"] {
        if let Some(tables) = value.pointer_mut(list).and_then(Value::as_array_mut) {
            tables.retain(Value::is_object);
        }
    }
    let horizon_stated = value.pointer("/churn/horizon_days").is_some();
    let mut faults: Vec<Fault> = shape.into_iter().map(|shape| shape.fault).collect();
    // What is left has the right shape, so its values can be checked too and all faults come at once.
    match serde_json::from_value::<ConfigFile>(value) {
        Ok(file) => match Settings::check(file, horizon_stated) {
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

/// librdkafka's properties: `security.protocol` without quotes is a table in TOML, and every value is text in the end.
fn flat_texts(value: &Value) -> Value {
    fn walk(prefix: &str, value: &Value, flat: &mut Map<String, Value>) {
        match value {
            Value::Object(table) => {
                for (key, value) in table {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&name, value, flat);
                }
            }
            Value::Number(_) | Value::Bool(_) => {
                flat.insert(prefix.into(), value.to_string().into());
            }
            Value::String(_) | Value::Array(_) | Value::Null => {
                flat.insert(prefix.into(), value.clone());
            }
        }
    }
    if !value.is_object() {
        return value.clone();
    }
    let mut flat = Map::new();
    walk("", value, &mut flat);
    Value::Object(flat)
}

fn remove(value: &mut Value, place: &[String]) {
    let Some((last, path)) = place.split_last() else { return };
    let parent = path.iter().try_fold(value, |parent, key| match parent {
        Value::Array(values) => values.get_mut(key.parse::<usize>().ok()?),
        parent => parent.get_mut(key),
    });
    match parent {
        Some(Value::Object(table)) => {
            table.remove(last);
        }
        // Places in a list stay what they are, so that several faults of it can be taken out.
        Some(Value::Array(values)) => {
            let place = last.parse::<usize>().ok().and_then(|at| values.get_mut(at));
            if let Some(place) = place {
                *place = Value::from("");
            }
        }
        Some(_) | None => {}
    }
}
