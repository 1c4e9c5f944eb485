//! The command line: one file a command, no logic of its own.

pub mod args;
pub mod exit;
pub mod common;
pub mod output;
pub mod generate;
pub mod replay;
pub mod train;
pub mod evaluate;
pub mod config;
pub mod run;
