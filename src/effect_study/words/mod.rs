//! What the report says, in each language. Numbers and names come from elsewhere.

pub mod table;
pub mod en;
pub mod zh;
