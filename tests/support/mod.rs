//! What several tests need.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::io::Write;

/// Says that a test did not run, past the harness, which keeps what passing tests print to itself.
pub(crate) fn did_not_run(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "did not run: {sentence}");
}

/// Whether kept files are to be written anew: `CHURNWATCH_BLESS` is set, and not to nothing.
pub(crate) fn blessed() -> bool {
    std::env::var_os("CHURNWATCH_BLESS").is_some_and(|value| !value.is_empty())
}

pub(crate) mod draw;
pub(crate) mod model;
pub(crate) mod logs;
pub(crate) mod bad;
pub(crate) mod shop;
pub(crate) mod recipe;
pub(crate) mod responses;
pub(crate) mod chain;
pub(crate) mod desk;
