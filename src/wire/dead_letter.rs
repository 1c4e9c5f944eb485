//! Dead letters: the original bytes with the reason in the headers. Giants are cut, their digest kept.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::wire::event::RawRecord;
use crate::wire::reject::Reject;

/// Values up to here are kept whole, in bytes.
pub const MAX_WHOLE_BYTES: usize = 900 * 1024;
/// What is kept of a larger value, or of a larger key, in bytes: together they always fit a message.
pub const CUT_BYTES: usize = 64 * 1024;
/// Headers of the record itself are kept up to here, in bytes of names and values together, or not at all.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// How the name of a header begins that the record itself had.
pub const ORIGINAL: &str = "original.";

/// One header of a record.
pub type Header = (Cow<'static, str>, Box<[u8]>);

/// Where a record stood in the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Name of the topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: u32,
    /// Offset.
    pub offset: i64,
}

/// A header of that name.
pub fn header(name: &'static str, text: &str) -> Header {
    (Cow::Borrowed(name), Box::from(text.as_bytes()))
}

/// Names and values of headers.
pub fn pairs(headers: &[Header]) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (&**name, &**value))
}

/// The headers of a dead letter. Those of the record itself follow, where its shape has read them.
pub fn headers(reject: Reject, origin: Origin<'_>, record: &RawRecord<'_>) -> Vec<Header> {
    let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
    let mut headers = vec![
        header("reason", reject.reason.words()),
        header("topic", origin.topic),
        header("partition", &origin.partition.to_string()),
        header("offset", &origin.offset.to_string()),
        header("timestamp", &record.timestamp.0.to_string()),
    ];
    if !reject.field.is_empty() {
        headers.push(header("field", reject.field));
    }
    if value.len() > MAX_WHOLE_BYTES {
        headers.push(header("sha256", &hex::encode(Sha256::digest(value))));
        headers.push(header("size", &value.len().to_string()));
    }
    if key.len() > CUT_BYTES {
        headers.push(header("key_sha256", &hex::encode(Sha256::digest(key))));
        headers.push(header("key_size", &key.len().to_string()));
    }
    let own = record.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    if own > MAX_HEADER_BYTES {
        headers.push(header("headers_size", &own.to_string()));
    } else {
        let named = |(name, value): &(&str, &[u8])| (Cow::Owned(format!("{ORIGINAL}{name}")), Box::from(*value));
        headers.extend(record.headers.iter().map(named));
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
