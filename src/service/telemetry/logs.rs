//! Logs on standard error. Customer ids appear at debug level at most.

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging to `writer`, which leads to standard error; `level` is a level or a filter of tracing-subscriber, `json`
/// for machines.
pub fn start<W>(level: &str, json: bool, writer: W) -> Result<(), String>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level).map_err(|_| format!("--log-level: \"{level}\" is no level such as info"))?;
    let colours = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours);
    let started = if json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|fault| fault.to_string())
}
