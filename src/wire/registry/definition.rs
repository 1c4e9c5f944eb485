//! What a registry says of a schema, and the schema made ready for reading.

use serde::Deserialize;

use crate::engine::event::Reason;
use crate::wire::registry::avro;
use crate::wire::registry::avro_schema::AvroSchema;
use crate::wire::registry::protobuf::ProtobufSchema;
use crate::wire::reject::Reject;

/// A registry's answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Definition {
    /// Its text.
    pub schema: String,
    /// AVRO, which is not always said, JSON or PROTOBUF.
    #[serde(default, rename = "schemaType")]
    kind: Option<String>,
    /// The schemas that it refers to.
    #[serde(default)]
    pub references: Option<Vec<Reference>>,
}

/// Where a schema that another refers to is registered.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// What it is called there: a name of Avro, an import of Protobuf.
    pub name: String,
    /// Under which subject it is registered.
    pub subject: String,
    /// Under which of its versions.
    pub version: u32,
}

/// A schema by which records can be read.
#[derive(Debug)]
pub enum WriterSchema {
    /// Avro.
    Avro(AvroSchema),
    /// Protobuf.
    Protobuf(ProtobufSchema),
    /// JSON Schema. Behind the frame stands JSON, which the parsers of inputs judge as always: whoever wrote it was held to its
    /// schema when it did, and what they let through besides is no fault here.
    Json,
}

impl WriterSchema {
    /// Makes a schema ready. `references` are named texts, each before whoever refers to it. The sentence says why it can't be.
    pub fn new(definition: &Definition, references: &[(String, String)]) -> Result<Self, String> {
        match definition.kind.as_deref().unwrap_or("AVRO") {
            "AVRO" => {
                AvroSchema::new(&definition.schema, references.iter().map(|(_, text)| text.as_str())).map(Self::Avro)
            }
            "PROTOBUF" => ProtobufSchema::new(&definition.schema, references).map(Self::Protobuf),
            "JSON" => Ok(Self::Json),
            other => Err(format!("schemas of the type {other} are not known here")),
        }
    }

    /// Writes what stands behind a frame as JSON.
    pub fn decode(&self, framed: &[u8], out: &mut Vec<u8>) -> Result<(), Reject> {
        match self {
            Self::Avro(schema) => avro::decode(schema, framed, out),
            Self::Protobuf(schema) => schema.decode(framed, out),
            Self::Json if framed.is_empty() => Err(Reason::BadEncoding.into()),
            Self::Json => {
                out.extend_from_slice(framed);
                Ok(())
            }
        }
    }
}
