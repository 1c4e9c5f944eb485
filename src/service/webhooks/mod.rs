//! Alerts posted to addresses: each endpoint reads the alerts for itself, and none waits for another.
//!
//! Invariant: an offset is committed only when its alert, and every one before it, was delivered or is a dead letter.

pub mod job;
pub mod backlog;
pub mod waits;
pub mod post;
pub mod letters;
pub mod reader;
pub mod courier;
pub mod life;
pub mod trial;
