//! The small parts of the document: schemas, headers and answers.

use aide::openapi::{Header, HeaderStyle, MediaType, ParameterSchemaOrContent, Response, SchemaObject};
use schemars::Schema;
use serde_json::Value;

/// The schema of a type.
pub const fn schema_object(json_schema: Schema) -> SchemaObject {
    SchemaObject { json_schema, external_docs: None, example: None }
}

/// The schema of what is no type of its own.
pub fn plain(schema: Value) -> SchemaObject {
    schema_object(schema.try_into().unwrap_or_default())
}

/// An answer of one kind.
pub fn response(description: &str, kind: &str, schema: SchemaObject, example: Option<Value>) -> Response {
    let media = MediaType { schema: Some(schema), example, ..MediaType::default() };
    Response {
        description: description.to_owned(),
        content: [(kind.to_owned(), media)].into_iter().collect(),
        ..Response::default()
    }
}

/// A header that an answer always has.
pub fn header(description: &str, schema: Value, example: Value) -> Header {
    Header {
        description: Some(description.to_owned()),
        style: HeaderStyle::Simple,
        required: true,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(plain(schema)),
        example: Some(example),
        examples: <_>::default(),
        extensions: <_>::default(),
    }
}
