//! What several tests need.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

pub(crate) mod draw;
pub(crate) mod model;
pub(crate) mod logs;
