//! Protobuf messages as JSON: Protobuf's own mapping (`ProtoJSON`), but with the names that stand in the schema and whole numbers
//! as numbers, so that `customer_id` is `customer_id` and cents can be reckoned with.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use protox::Compiler;
use protox::file::{File, FileResolver, GoogleFileResolver};

use crate::engine::event::Reason;
use crate::wire::registry::confluent_protos::CONFLUENT_PROTOS;
use crate::wire::registry::frame::message_indexes;
use crate::wire::reject::Reject;

/// What the schema itself is called among its imports.
const OWN_NAME: &str = "churnwatch/of-the-record.proto";

/// The messages of a file.
#[derive(Debug)]
pub struct ProtobufSchema {
    pool: DescriptorPool,
}

impl ProtobufSchema {
    /// A file, and those that it imports by their names. The sentence says what can't be read.
    pub fn new(schema: &str, imports: &[(String, String)]) -> Result<Self, String> {
        let sources =
            Sources { schema: schema.to_owned(), imports: imports.to_vec(), google: GoogleFileResolver::new() };
        let mut compiler = Compiler::with_file_resolver(sources);
        compiler.include_imports(true).open_file(OWN_NAME).map_err(|fault| fault.to_string())?;
        Ok(Self { pool: compiler.descriptor_pool() })
    }

    /// The message that stands there in the file.
    fn message(&self, indexes: &[usize]) -> Option<MessageDescriptor> {
        let (first, nested) = indexes.split_first()?;
        let message = self.pool.get_file_by_name(OWN_NAME)?.messages().nth(*first)?;
        // The entries of maps are messages that nobody wrote.
        let written = |message: MessageDescriptor, at: &usize| {
            message.child_messages().filter(|child| !child.is_map_entry()).nth(*at)
        };
        nested.iter().try_fold(message, written)
    }

    /// Writes the message as JSON.
    pub fn decode(&self, framed: &[u8], out: &mut Vec<u8>) -> Result<(), Reject> {
        let (indexes, record) = message_indexes(framed)?;
        let message = self.message(&indexes).ok_or(Reason::BadEncoding)?;
        let message = DynamicMessage::decode(message, record).map_err(|_| Reason::BadEncoding)?;
        let options = SerializeOptions::new().stringify_64_bit_integers(false).use_proto_field_name(true);
        let written = message.serialize_with_options(&mut serde_json::Serializer::new(out), &options);
        written.map_err(|_| Reason::BadEncoding.into())
    }
}

/// Where imports are found: among the references, in the standard library, or among what Confluent's converters bring.
struct Sources {
    schema: String,
    imports: Vec<(String, String)>,
    google: GoogleFileResolver,
}

impl FileResolver for Sources {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        Some(path.to_str()?.to_owned())
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == OWN_NAME {
            return file(name, &self.schema);
        }
        let confluent = CONFLUENT_PROTOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        let import = self.imports.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        match import.or(confluent) {
            Some(text) => file(name, text),
            None => self.google.open_file(name),
        }
    }
}

/// A file as its author wrote it, or as the descriptor in base64 that some serializers register.
fn file(name: &str, text: &str) -> Result<File, protox::Error> {
    let descriptor = STANDARD.decode(text.trim()).ok().and_then(|bytes| FileDescriptorProto::decode(&*bytes).ok());
    match descriptor {
        Some(descriptor) => {
            let named = FileDescriptorProto { name: Some(name.to_owned()), ..descriptor };
            Ok(File::from_file_descriptor_proto(named))
        }
        None => File::from_source(name, text),
    }
}

#[cfg(test)]
mod tests {
    use super::ProtobufSchema;
    use crate::engine::event::Reason;

    const SHOP: &str = r#"
        syntax = "proto3";
        package shop;
        import "shop/line.proto";
        import "google/protobuf/timestamp.proto";
        import "confluent/meta.proto";
        message Other {}
        message Order {
            map<string, string> notes = 1;
            message Inner { string customer_id = 1; int64 total_cents = 2 [(confluent.field_meta).doc = "cents"]; }
            google.protobuf.Timestamp placed_at = 2;
            optional int32 rating = 3;
            int32 score = 4;
            Line line = 5;
            oneof paid { string card = 6; bool cash = 7; }
        }"#;
    const LINE: &str = "syntax = \"proto3\"; package shop; message Line { string sku = 1; }";

    fn shop() -> ProtobufSchema {
        ProtobufSchema::new(SHOP, &[("shop/line.proto".into(), LINE.into())]).unwrap()
    }

    fn read(framed: &[u8]) -> Result<String, Reason> {
        let mut out = Vec::new();
        let read = shop().decode(framed, &mut out).map_err(|reject| reject.reason);
        read.map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_nested_message_is_found_past_the_entries_of_maps() {
        let inner = [4, 2, 0, 0x0a, 1, b'a', 0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40];
        assert_eq!(read(&inner).as_deref(), Ok(r#"{"customer_id":"a","total_cents":36028797018963968}"#));
    }

    #[test]
    fn what_is_not_there_is_left_out_and_what_is_zero_by_choice_is_not() {
        assert_eq!(read(&[2, 2, 0x18, 0, 0x20, 0]).as_deref(), Ok(r#"{"rating":0}"#));
        let order = [2, 2, 0x12, 2, 8, 1, 0x2a, 3, 0x0a, 1, b's', 0x38, 1];
        assert_eq!(
            read(&order).as_deref(),
            Ok(r#"{"placed_at":"1970-01-01T00:00:01Z","line":{"sku":"s"},"cash":true}"#)
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bad in [&[2, 4][..], &[2, 2, 0x12, 9], &[4, 2, 2], &[2, 2, 0x0f], &[]] {
            assert_eq!(read(bad), Err(Reason::BadEncoding), "{bad:?}");
        }
        let fault = ProtobufSchema::new(SHOP, &[]).unwrap_err();
        assert!(fault.contains("shop/line.proto"), "{fault}");
    }
}
