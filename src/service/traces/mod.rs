//! Spans of sampled events for OpenTelemetry: where a trace comes from, what of it is told, and how it leaves the process.
//!
//! Invariant: no span waits on a worker's way, and no attribute holds a key or a value of a record.

pub mod context;
pub mod collector;
pub mod tracer;
pub mod way;
pub mod delivery;
