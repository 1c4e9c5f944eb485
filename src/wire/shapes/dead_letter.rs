//! A dead letter: the original key and bytes, and headers that say why.

use schemars::JsonSchema;

use crate::engine::event::Reason;
use crate::wire::shapes::vocabulary::{FieldName, Word};

/// A record that could not be used, as headers, key and value; bytes that are no UTF-8 are shown with replacement
/// characters.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeadLetter {
    /// Why, and where the record stood.
    pub headers: DeadLetterHeaders,
    /// The original key, above 64 KiB its first 64 KiB; null where there was none.
    pub key: Option<String>,
    /// The original bytes, above 900 KiB their first 64 KiB; null where there were none.
    pub value: Option<String>,
}

/// Headers of a dead letter, each a text. Where the record's shape reads headers, those that it had follow, each as
/// `original.NAME`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("patternProperties" = { "^original\\.": { "type": "string" } }))]
pub struct DeadLetterHeaders {
    /// Why the record could not be used.
    pub reason: Word<Reason>,
    /// The input topic that it stood on.
    pub topic: String,
    /// Its partition, in digits.
    #[schemars(regex(pattern = "^[0-9]+$"))]
    pub partition: String,
    /// Its offset, in digits.
    #[schemars(regex(pattern = "^[0-9]+$"))]
    pub offset: String,
    /// Its own timestamp, in milliseconds since 1970; absent where `replay` read a file, whose records have none.
    #[schemars(with = "Timestamp", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The field at fault; absent where it is the record as a whole.
    #[schemars(with = "Word<FieldName>", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Word<FieldName>>,
    /// SHA-256 of the whole value, in hexadecimal digits; only where the value was cut.
    #[schemars(with = "Digest", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Bytes of the whole value; only where it was cut.
    #[schemars(with = "Digits", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// SHA-256 of the whole key; only where the key was cut.
    #[schemars(with = "Digest", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<String>,
    /// Bytes of the whole key; only where it was cut.
    #[schemars(with = "Digits", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_size: Option<String>,
    /// Bytes of the record's own headers; only where they were not kept, being more than 32 KiB.
    #[schemars(with = "Digits", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers_size: Option<String>,
}

/// A SHA-256.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Digest(#[schemars(regex(pattern = "^[0-9a-f]{64}$"))] pub String);

/// A whole number as text.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Digits(#[schemars(regex(pattern = "^[0-9]+$"))] pub String);

/// An instant as text, in milliseconds since 1970.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Timestamp(#[schemars(regex(pattern = "^-?[0-9]+$"))] pub String);
