//! Logs on standard error. Customer ids appear at debug level at most.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging; `level` is a level or a filter of tracing-subscriber, `json` for machines.
pub fn start(level: &str, json: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|_| format!("--log-level: \"{level}\" is no level such as info"))?;
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    let started = if json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|fault| fault.to_string())
}
