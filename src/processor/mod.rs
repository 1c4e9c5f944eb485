//! The topology: one partition's records and the time go in, the encoded records of one transaction come out.
//!
//! Replay, the simulation, the tests and the service all run this one type; it never talks to Kafka, files or clocks.

pub mod setup;
pub mod batch;
pub mod stage;
pub mod stats;
pub mod past;
pub mod intake;
pub mod topology;
pub mod commit;
pub mod restoring;
pub mod recorded;
