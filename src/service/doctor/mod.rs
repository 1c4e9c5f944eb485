//! The doctor: what is wrong with a configuration, its Kafka and its service, and what to do about it. One file a subject:
//! how it is looked at, and what that means.
//!
//! Invariant: a look leaves nothing behind but a transactional id of the doctor's own.

pub mod finding;
pub mod time_left;
pub mod addresses;
pub mod configuration;
pub mod named;
pub mod brokers;
pub mod topics;
pub mod layout;
pub mod policies;
pub mod replicas;
pub mod topics_check;
pub mod tail;
pub mod permissions;
pub mod rights;
pub mod logs;
pub mod transactions;
pub mod groups;
pub mod consumers;
pub mod clocks;
pub mod state;
pub mod model;
pub mod letters;
pub mod figures;
pub mod pages;
pub mod service;
pub mod schema_registry;
pub mod memory;
pub mod catalogue;
pub mod report;
pub mod examine;
