//! Dead letters: the original bytes with the reason in the headers. Giants are cut, their digest kept.

use sha2::{Digest, Sha256};

use crate::engine::day::Millis;
use crate::wire::reject::Reject;

/// Values up to here are kept whole, in bytes.
pub const MAX_WHOLE_BYTES: usize = 900 * 1024;
/// What is kept of a larger value, or of a larger key, in bytes: together they always fit a message.
pub const CUT_BYTES: usize = 64 * 1024;

/// One header of a record.
pub type Header = (&'static str, Box<[u8]>);

/// Where a record stood in the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Name of the topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: u32,
    /// Offset.
    pub offset: i64,
    /// The record's own timestamp, which some rules go by.
    pub timestamp: Millis,
}

/// The headers of a dead letter.
pub fn headers(reject: Reject, origin: Origin<'_>, key: &[u8], value: &[u8]) -> Vec<Header> {
    let Origin { topic, partition, offset, timestamp } = origin;
    let text = |text: &str| Box::from(text.as_bytes());
    let mut headers = vec![
        ("reason", text(reject.reason.words())),
        ("topic", text(topic)),
        ("partition", text(&partition.to_string())),
        ("offset", text(&offset.to_string())),
        ("timestamp", text(&timestamp.0.to_string())),
    ];
    if !reject.field.is_empty() {
        headers.push(("field", text(reject.field)));
    }
    if value.len() > MAX_WHOLE_BYTES {
        headers.push(("sha256", text(&hex::encode(Sha256::digest(value)))));
        headers.push(("size", text(&value.len().to_string())));
    }
    if key.len() > CUT_BYTES {
        headers.push(("key_sha256", text(&hex::encode(Sha256::digest(key)))));
        headers.push(("key_size", text(&key.len().to_string())));
    }
    headers
}

/// What is kept of a value.
pub fn kept(value: &[u8]) -> &[u8] {
    if value.len() > MAX_WHOLE_BYTES { value.get(..CUT_BYTES).unwrap_or(value) } else { value }
}

/// What is kept of a key.
pub fn kept_key(key: &[u8]) -> &[u8] {
    key.get(..CUT_BYTES).unwrap_or(key)
}
