//! The configuration: one TOML file and the environment, checked whole before anything starts.
//!
//! Architecture invariant: after this room nobody asks whether a setting is valid.

pub mod fault;
pub mod toml_file;
pub mod checker;
pub mod segments;
pub mod file_kafka;
pub mod file_http;
pub mod file_inputs;
pub mod file_webhooks;
pub mod file_registry;
pub mod file_tracing;
pub mod file;
pub mod security;
pub mod http_tls;
pub mod registry;
pub mod inputs;
pub mod goals;
pub mod schema;
pub mod price_guard;
pub mod uplift;
pub mod playbook;
pub mod contracts;
pub mod webhooks;
pub mod tracing;
pub mod ranges;
pub mod settings;
pub mod environment;
pub mod load;
