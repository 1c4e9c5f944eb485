//! What is wrong with a configuration: the key, and a sentence that says what to do.

use std::fmt;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Dotted path of the key, or "" for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub sentence: String,
}

impl Fault {
    /// A fault of a key.
    pub fn new(key: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { key: key.into(), sentence: sentence.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return formatter.write_str(&self.sentence);
        }
        write!(formatter, "{}: {}", self.key, self.sentence)
    }
}
