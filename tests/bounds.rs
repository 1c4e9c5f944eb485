//! Bad input, bounds and erasure on a real Apache Kafka: what is not wanted harms nobody, everything has a limit, and what
//! was erased is gone from disk.
//!
//! `CHURNWATCH_LONG=1` runs the sizes of docs/testing.md, otherwise small ones, for CI.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "bounds/bad.rs"]
mod bad;
#[path = "kafka/bench.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod bench;
#[path = "kafka/broker.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod broker;
#[path = "bounds/crowds.rs"]
mod crowds;
#[path = "bounds/disk.rs"]
mod disk;
#[path = "bounds/erasures.rs"]
mod erasures;
#[path = "bounds/kinds.rs"]
mod kinds;
#[path = "bounds/series.rs"]
mod series;
#[path = "bounds/slow.rs"]
mod slow;
#[path = "bounds/stage.rs"]
mod stage;
#[path = "kafka/stand.rs"]
mod stand;
mod support;
