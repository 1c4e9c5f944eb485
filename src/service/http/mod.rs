//! Probes, metrics and the API.

pub mod problem;
pub mod gate;
pub mod door;
pub mod server;
pub mod open;
