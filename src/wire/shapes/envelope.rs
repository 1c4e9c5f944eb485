//! The envelope of alerts and outcomes: CloudEvents 1.0 in structured JSON.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::wire::shapes::scalars::{InstantText, UuidText};

/// The `source` of everything that churnwatch says.
const SOURCE: &str = "/churnwatch";
/// Media type of the data.
const JSON: &str = "application/json";

/// A set of CloudEvents types.
pub trait Kinds {
    /// Name of a `CloudEvent` of these types in a schema.
    const NAME: &'static str;
    /// What such an event tells.
    const MEANING: &'static str;
    /// The types.
    const TYPES: &'static [&'static str];

    /// What the data of each type hold, where types differ: types, and the schemas of their fields.
    fn rules() -> Vec<(&'static [&'static str], Value)> {
        Vec::new()
    }
}

/// A `CloudEvent` of some types, with this data. The attributes stand in the order that they are written in.
#[derive(Debug, Serialize)]
pub struct CloudEvent<'a, K, D> {
    specversion: &'static str,
    id: UuidText,
    r#type: &'static str,
    source: &'static str,
    datacontenttype: &'static str,
    subject: &'a str,
    time: InstantText,
    data: D,
    #[serde(skip)]
    kinds: PhantomData<K>,
}

impl<'a, K: Kinds, D> CloudEvent<'a, K, D> {
    /// The event `id` about a customer; `kind` is one of the types.
    pub fn new(id: Uuid, kind: &'static str, customer: &'a str, time: InstantText, data: D) -> Self {
        debug_assert!(K::TYPES.contains(&kind), "{kind} is no type of {}", K::NAME);
        Self {
            specversion: "1.0",
            id: id.into(),
            r#type: kind,
            source: SOURCE,
            datacontenttype: JSON,
            subject: customer,
            time,
            data,
            kinds: PhantomData,
        }
    }
}

impl<K: Kinds, D: JsonSchema> JsonSchema for CloudEvent<'_, K, D> {
    fn schema_name() -> Cow<'static, str> {
        K::NAME.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "description": K::MEANING,
            "type": "object",
            "properties": {
                "specversion": {"description": "Version of CloudEvents.", "type": "string", "const": "1.0"},
                "id": generator.subschema_for::<UuidText>(),
                "type": {"description": "What happened.", "type": "string", "enum": K::TYPES},
                "source": {"description": "Who says so.", "type": "string", "const": SOURCE},
                "datacontenttype": {
                    "description": "Media type of `data`.", "type": "string", "const": JSON
                },
                "subject": {
                    "description": "The customer's id, which is the record's key too.",
                    "type": "string", "minLength": 1, "maxLength": 128
                },
                "time": generator.subschema_for::<InstantText>(),
                "data": generator.subschema_for::<D>(),
            },
            "required": ["specversion", "id", "type", "source", "datacontenttype", "subject", "time", "data"],
            "additionalProperties": false,
        });
        let rules: Vec<Value> = K::rules().into_iter().map(|(types, fields)| rule(types, &fields)).collect();
        if !rules.is_empty() {
            schema.insert("allOf".to_owned(), rules.into());
        }
        schema
    }
}

/// A `CloudEvent` of these types has data with these fields.
fn rule(types: &[&str], fields: &Value) -> Value {
    json!({
        "if": {"properties": {"type": {"enum": types}}},
        "then": {"properties": {"data": {"properties": fields}}},
    })
}
