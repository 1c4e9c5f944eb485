//! Records framed for a schema registry.

use std::sync::LazyLock;

use churnwatch::wire::event::MAX_VALUE_BYTES;
use churnwatch::wire::registry::definition::{Definition, WriterSchema};
use churnwatch::wire::registry::frame::split;
use serde_json::Value;

static REGISTRY: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../tests/fixtures/registry/registry.json")).expect("JSON")
});

static SCHEMAS: LazyLock<Vec<Option<WriterSchema>>> = LazyLock::new(|| (0..16).map(schema).collect());

fn definition(id: &Value) -> Option<Definition> {
    serde_json::from_value(REGISTRY["ids"].get(id.to_string())?.clone()).ok()
}

fn schema(id: u32) -> Option<WriterSchema> {
    let (definition, mut texts) = (definition(&id.into())?, Vec::new());
    gather(&definition, &mut texts);
    Some(WriterSchema::new(&definition, &texts).expect("a schema that can be read"))
}

/// What a schema refers to, the innermost first and each once.
fn gather(of: &Definition, texts: &mut Vec<(String, String)>) {
    for reference in of.references.iter().flatten() {
        let id = &REGISTRY["subjects"][&reference.subject][reference.version.to_string()];
        let found = definition(id).expect("a registered reference");
        gather(&found, texts);
        if texts.iter().all(|(name, _)| *name != reference.name) {
            texts.push((reference.name.clone(), found.schema));
        }
    }
}

/// What is read of a record is JSON within bounds, the same each time; behind a JSON Schema stands whatever was sent.
pub(super) fn framed(bytes: &[u8]) {
    let Some((id, record)) = split(bytes) else { return };
    let Some(Some(schema)) = SCHEMAS.get(id as usize) else { return };
    let (mut out, mut again) = (Vec::new(), Vec::new());
    let read = schema.decode(record, &mut out);
    assert_eq!(read, schema.decode(record, &mut again));
    assert!(out.len() <= 8 * MAX_VALUE_BYTES.max(bytes.len()), "{} bytes of {}", out.len(), bytes.len());
    if read.is_ok() && !matches!(schema, WriterSchema::Json) {
        let told: Value = serde_json::from_slice(&out).expect("JSON");
        assert!(told.is_object());
        let same: Value = serde_json::from_slice(&again).expect("JSON");
        assert_eq!(told, same);
    }
}
