//! Records framed for a schema registry: which schema each names, and its bytes as the JSON that the schemas of inputs read.
//!
//! Architecture invariant: nothing here fetches. A schema that is not here is asked for, and the service brings it.

pub mod frame;
pub mod plain_text;
pub mod avro_schema;
pub mod avro;
pub mod confluent_protos;
pub mod protobuf;
pub mod definition;
pub mod schemas;
pub mod framed;
