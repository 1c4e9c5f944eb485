//! Probes, metrics and the API.

pub mod problem;
pub mod gate;
pub mod door;
pub mod list_parameters;
pub mod list_query;
pub mod dashboard;
pub mod kept;
pub mod tally;
pub mod proof;
pub mod tagged;
pub mod peers;
pub mod api;
pub mod gather;
pub mod ask;
pub mod openapi;
pub mod probes;
pub mod customers;
pub mod overview;
pub mod server;
pub mod open;
