//! The pure core: events and closes in, effects out.
//!
//! Architecture invariant: nothing here knows of I/O, async, serde, logging, clocks, environment or randomness.

pub mod day;
pub mod customer;
pub mod money;
pub mod generations;
pub mod event;
pub mod rfm;
pub mod scoring;
pub mod alerting;
pub mod clock;
pub mod drift;
pub mod effect;
pub mod packed;
pub mod state;
pub mod erasure;
pub mod names;
pub mod assess;
pub mod placing;
pub mod schedule;
pub mod promotion;
pub mod partition;
pub mod step;
pub mod coming;
pub mod course;
pub mod roster;
pub mod episodes;
pub mod merging;
pub mod intake;
pub mod closing;
