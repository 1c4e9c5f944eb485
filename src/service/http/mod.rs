//! Probes, metrics and the API.

pub mod problem;
pub mod server;
