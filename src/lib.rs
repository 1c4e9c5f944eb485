//! churnwatch: which customers are slipping away, why, what it is worth and what to do.
//!
//! The rooms stand in the order in which data may depend on them: each may use only rooms above itself.

pub mod engine;
pub mod wire;
pub mod shop;
pub mod processor;
pub mod training;
pub mod effect_study;
pub mod config;
pub mod service;
pub mod cli;
