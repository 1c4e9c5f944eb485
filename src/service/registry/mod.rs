//! The schema registry: schemas are fetched beside whoever reads records, and records wait for theirs.

pub mod client;
pub mod fetcher;
pub mod at_once;
