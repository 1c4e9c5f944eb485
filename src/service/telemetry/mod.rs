//! What the service says about itself: logs for people and machines, metrics for Prometheus.

pub mod business;
pub mod document;
pub mod logs;
pub mod registry;
pub mod metrics;
pub mod modelled;
pub mod process;
pub mod recent;
pub mod register;
pub mod spans;
pub mod base;
pub mod webhooks;
pub mod rekey;
