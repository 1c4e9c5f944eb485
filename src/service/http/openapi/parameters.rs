//! Parameters as the document tells of them, and those that several routes take.

use aide::openapi::{HeaderStyle, Parameter, ParameterData, ParameterSchemaOrContent, PathStyle, QueryStyle};
use serde_json::{Value, json};

use crate::service::http::openapi::parts::plain;

/// A parameter of the query, which may be left out.
pub fn query(name: &str, description: &str, schema: Value, example: Option<Value>) -> Parameter {
    Parameter::Query {
        parameter_data: data(name, description, schema, example),
        allow_reserved: false,
        style: QueryStyle::Form,
        allow_empty_value: None,
    }
}

/// The same, of one or more of these words with commas between them.
pub fn words(name: &str, description: &str, all: &[&str], example: &[&str]) -> Parameter {
    let schema = json!({"type": "array", "minItems": 1, "items": {"type": "string", "enum": all}});
    let explode = Some(false);
    Parameter::Query {
        parameter_data: ParameterData { explode, ..data(name, description, schema, Some(json!(example))) },
        allow_reserved: false,
        style: QueryStyle::Form,
        allow_empty_value: None,
    }
}

/// The customer that a path names.
pub fn customer() -> Parameter {
    let schema = json!({"type": "string", "minLength": 1});
    let data = data("id", "The `customer_id` of the events.", schema, Some(json!("c0000001")));
    Parameter::Path { parameter_data: ParameterData { required: true, ..data }, style: PathStyle::Simple }
}

/// Whom is asked.
pub fn scope() -> Parameter {
    let description = "`all`: the other replicas are asked as well, each for its own, and the answer says `incomplete` where \
                       one does not answer or does not say where it is reached (`http.advertise`). `here`: this replica \
                       alone.";
    query("scope", description, json!({"type": "string", "enum": ["all", "here"], "default": "all"}), None)
}

/// What the client has already.
pub fn known() -> Parameter {
    let description = "The `ETag` of an answer that the client has; what is none is not heeded.";
    let data = data("If-None-Match", description, json!({"type": "string"}), None);
    Parameter::Header { parameter_data: data, style: HeaderStyle::Simple }
}

fn data(name: &str, description: &str, schema: Value, example: Option<Value>) -> ParameterData {
    ParameterData {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(plain(schema)),
        example,
        examples: <_>::default(),
        explode: None,
        extensions: <_>::default(),
    }
}
