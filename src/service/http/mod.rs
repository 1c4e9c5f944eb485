//! Probes, metrics and the API.

pub mod problem;
pub mod gate;
pub mod door;
pub mod list_query;
pub mod listing;
pub mod peers;
pub mod api;
pub mod customers;
pub mod server;
pub mod open;
