//! The configuration: one TOML file and the environment, checked whole before anything starts.
//!
//! Architecture invariant: after this room nobody asks whether a setting is valid.

pub mod fault;
pub mod file;
pub mod checker;
pub mod security;
pub mod goals;
pub mod settings;
pub mod schema;
pub mod environment;
pub mod load;
