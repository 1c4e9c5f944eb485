//! The command line: one file a command, no logic of its own.

pub mod exit;
pub mod input_args;
pub mod model_args;
pub mod model_at;
pub mod args;
pub mod common;
pub mod output;
pub mod cast;
pub mod demo;
pub mod demo_table;
pub mod serve;
pub mod publish;
pub mod topics;
pub mod rebuild;
pub mod inspect;
pub mod generate;
pub mod replay;
pub mod play;
pub mod train;
pub mod evaluate;
pub mod backtest;
pub mod compare;
pub mod import;
pub mod promote;
pub mod config;
pub mod run;
