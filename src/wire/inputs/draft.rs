//! One of our own events while it is written. What it must hold, and whether that is believable, the parser says.

use serde::Serialize;
use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3;

use crate::engine::customer::MAX_ID_BYTES;

/// An event's fields; those without a value are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Draft(Map<String, Value>);

impl Draft {
    /// An event of this type.
    pub fn of(kind: &str) -> Self {
        Self::default().with("type", kind)
    }

    /// The event with a field more. An absent or null value adds none.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value.into());
        self
    }

    /// Sets a field; null sets none.
    pub fn set(&mut self, name: &str, value: Value) {
        if !value.is_null() {
            self.0.insert(name.into(), value);
        }
    }

    /// Whether a field is set.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The customer's id, "" where there is none.
    pub fn customer(&self) -> &str {
        self.0.get("customer_id").and_then(Value::as_str).unwrap_or_default()
    }
}

/// An id made of several parts, readable where it fits.
pub fn joined(parts: &[&str]) -> String {
    let whole = parts.join(":");
    if whole.len() <= MAX_ID_BYTES {
        return whole;
    }
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{:032x}", hasher.digest128())
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn long_ids_are_hashed_and_stay_distinct() {
        assert_eq!(joined(&["shopify", "order", "7"]), "shopify:order:7");
        let (long, other) = ("a".repeat(130), "a".repeat(131));
        assert_eq!(joined(&[&long]).len(), 32);
        assert_ne!(joined(&[&long, "a"]), joined(&[&other, ""]));
    }
}
