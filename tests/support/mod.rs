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

/// Whether what docs/testing.md calls the long form is asked for, by `CHURNWATCH_LONG=1`.
pub(crate) fn is_long() -> bool {
    std::env::var_os("CHURNWATCH_LONG").is_some_and(|value| value == "1")
}

/// How large a thing is, or how often it is done: in the long form, and in CI.
pub(crate) fn size(long: usize, short: usize) -> usize {
    if is_long() { long } else { short }
}

/// What a test draws its moments from.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("CHURNWATCH_SEED").ok().map_or(7, |seed| seed.parse().unwrap());
    println!("seed {seed}; repeat with CHURNWATCH_SEED={seed}");
    seed
}

pub(crate) mod draw;
pub(crate) mod page;
pub(crate) mod request;
pub(crate) mod model;
pub(crate) mod logs;
pub(crate) mod bad;
pub(crate) mod shop;
pub(crate) mod recipe;
pub(crate) mod responses;
pub(crate) mod chain;
pub(crate) mod desk;
