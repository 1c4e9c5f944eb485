//! From a shape to its JSON Schema (draft 2020-12), as written to topics and files or as accepted from them.

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

/// The schema of what this program writes: every field is there, and no other.
pub fn written<T: JsonSchema>() -> Value {
    of::<T>(settings(Contract::Serialize))
}

/// The schema of what this program reads: an optional field is absent, never null.
pub fn accepted<T: JsonSchema>() -> Value {
    of::<T>(settings(Contract::Deserialize).with_transform(RecursiveTransform(no_null)))
}

/// What makes schemas of what this program writes that stand together at `place` of one document.
pub fn written_at(place: &'static str) -> SchemaGenerator {
    settings(Contract::Serialize).with(|settings| settings.definitions_path = place.into()).into_generator()
}

fn settings(contract: Contract) -> SchemaSettings {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.contract = contract);
    settings.with_transform(RecursiveTransform(in_one_line))
}

fn of<T: JsonSchema>(settings: SchemaSettings) -> Value {
    serde_json::to_value(settings.into_generator().into_root_schema_for::<T>()).unwrap_or_default()
}

/// Where a comment's lines break means nothing to a reader of the schema.
fn in_one_line(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<&str>>().join(" ");
    }
}

/// Takes null out of the types that a place allows.
fn no_null(schema: &mut Schema) {
    let is_null = |one: &Value| one.get("type").is_some_and(|kind| kind == "null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    let Some(Value::Array(options)) = schema.get_mut("anyOf") else { return };
    options.retain(|one| !is_null(one));
    if let [Value::Object(only)] = options.as_slice() {
        let only = only.clone();
        schema.remove("anyOf");
        for (key, value) in only {
            schema.ensure_object().entry(key).or_insert(value);
        }
    }
}
