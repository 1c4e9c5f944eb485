//! The environment as configuration: `CHURNWATCH_KAFKA__BROKERS` is `kafka.brokers`, typed as the schema says.

use serde_json::{Map, Value};

use crate::config::schema::property;

/// Prefix of the variables; a double underscore goes one level down. A name without one is none of ours: Kubernetes
/// sets `CHURNWATCH_PORT` and its like wherever a service is called so.
const PREFIX: &str = "CHURNWATCH_";

/// Lays the variables over a configuration, as far as they are settings.
pub fn overlay(value: &mut Value, schema: &Value, variables: impl Iterator<Item = (String, String)>) {
    let settings = variables.filter_map(|(name, text)| Some((path(&name, schema)?, text)));
    let mut settings: Vec<(Vec<String>, String)> = settings.collect();
    settings.sort();
    for (path, text) in settings {
        put(value, &path, typed(&text, property(schema, &path)));
    }
}

/// `CHURNWATCH_A__B_C` is `a.b_c`; where names are the user's own, as of currencies, letters stay as they are.
fn path(name: &str, schema: &Value) -> Option<Vec<String>> {
    let (table, key) = name.strip_prefix(PREFIX)?.split_once("__")?;
    let mut path = vec![table.to_lowercase()];
    match key.split_once("__") {
        None => path.push(key.to_lowercase()),
        Some((key, below)) => {
            path.push(key.to_lowercase());
            let known = property(schema, &path).is_some_and(|table| table.get("properties").is_some());
            path.push(if known { below.to_lowercase() } else { below.to_owned() });
        }
    }
    Some(path)
}

/// The text as the JSON type that the schema wants; as text where that fails, so that the check names the key.
fn typed(text: &str, schema: Option<&Value>) -> Value {
    let wants = |kind: &str| match schema.and_then(|schema| schema.get("type")) {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    };
    let read = |kind: &str| wants(kind).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    if wants("array") {
        return text.split(',').map(|part| Value::from(part.trim())).collect();
    }
    read("integer").or_else(|| read("number")).or_else(|| read("boolean")).unwrap_or_else(|| text.into())
}

fn put(value: &mut Value, path: &[String], new: Value) {
    match (path, value) {
        ([last], Value::Object(table)) => {
            table.insert(last.clone(), new);
        }
        ([first, rest @ ..], Value::Object(table)) => {
            put(table.entry(first.clone()).or_insert_with(|| Value::Object(Map::new())), rest, new);
        }
        // A table where the file has something else: the check says so.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::overlay;
    use crate::config::schema::schema;

    #[test]
    fn variables_are_typed_by_the_schema_and_strangers_are_left_alone() {
        let mut value = json!({"kafka": {"brokers": "file:1", "group_id": "file"}});
        let variables = [
            ("CHURNWATCH_KAFKA__BROKERS", "a:9092,b:9092"),
            ("CHURNWATCH_SERVICE__INSTANCE", "0"),
            ("CHURNWATCH_SERVICE__WORKERS", "2"),
            ("CHURNWATCH_HOLDOUT__SHARE", "0.25"),
            ("CHURNWATCH_TOPICS__EVENTS", "one, two"),
            ("CHURNWATCH_MONEY__RATES__EUR", "7.8"),
            ("CHURNWATCH_KAFKA__SASL__PASSWORD", "secret"),
            ("CHURNWATCH_ALERTS__CAPACITY_PER_DAY__high", "5"),
            ("CHURNWATCH_KAFKA__CLIENT__socket.timeout.ms", "5000"),
            ("CHURNWATCH_SERVICE_HOST", "10.0.0.1"),
            ("CHURNWATCH_PORT", "tcp://10.0.0.1:8080"),
            ("PATH", "/bin"),
        ];
        overlay(&mut value, &schema(), variables.into_iter().map(|(name, text)| (name.into(), text.into())));
        let expected = json!({
            "kafka": {
                "brokers": "a:9092,b:9092",
                "group_id": "file",
                "client": {"socket.timeout.ms": "5000"},
                "sasl": {"password": "secret"},
            },
            "alerts": {"capacity_per_day": {"high": 5}},
            "service": {"instance": "0", "workers": 2},
            "holdout": {"share": 0.25},
            "topics": {"events": ["one", "two"]},
            "money": {"rates": {"EUR": "7.8"}},
        });
        assert_eq!(value, expected);
    }
}
