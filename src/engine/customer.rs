//! Customer ids and the hashes drawn from them. A hash is stable for ever: holdout arms and ranking ties hang on it.

use std::num::NonZeroU64;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Longest customer or event id, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// The stable 64-bit hash of a customer id (XXH3).
pub fn customer_hash(customer: &str) -> u64 {
    xxh3_64(customer.as_bytes())
}

/// A number in [0, 1) drawn from the parts, the same on every machine; parts are separated, so ("ab", "c") ≠ ("a", "bc").
pub fn uniform(parts: &[&[u8]]) -> f64 {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    (hasher.digest() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A 48-bit tag of an event or order id, which deduplication within one customer compares, or of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(
    /// The bits and one: a tag that may be absent takes no more room than one that is there.
    NonZeroU64,
);

impl Default for Tag {
    fn default() -> Self {
        Self::from_bits(0)
    }
}

impl Tag {
    /// Largest value of a tag.
    pub const MAX: u64 = (1 << 48) - 1;

    /// The tag of an id as it stands in the event.
    pub fn of(id: &str) -> Self {
        Self::from_bits(xxh3_64(id.as_bytes()))
    }

    /// A tag read back from the changelog; higher bits are cut off.
    pub const fn from_bits(bits: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(bits & Self::MAX))
    }

    /// The 48 bits.
    pub const fn bits(self) -> u64 {
        self.0.get() - 1
    }
}
