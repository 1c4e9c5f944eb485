//! One way to the brokers: an address, and what the environment says about security.

use std::process::{Command, Stdio};

use crate::bench::{Bench, PROGRAM, Replica};

/// A way.
#[derive(Clone)]
pub(crate) struct Way {
    /// What topics and group are called after.
    pub(crate) tag: &'static str,
    brokers: String,
    /// Below `[kafka]`, as `TLS__CA_FILE`.
    settings: Vec<(String, String)>,
}

impl Way {
    pub(crate) fn new(tag: &'static str, brokers: &str) -> Self {
        Self { tag, brokers: brokers.into(), settings: Vec::new() }
    }

    /// The same with a setting of its own, or without one.
    pub(crate) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.into(), value.to_string()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// The same under another name.
    pub(crate) fn called(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// The same at another address.
    pub(crate) fn at(mut self, brokers: &str) -> Self {
        self.brokers = brokers.into();
        self
    }

    /// A command that goes this way.
    pub(crate) fn command(&self, bench: &Bench, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--config").arg(bench.path()).env("CHURNWATCH_KAFKA__BROKERS", &self.brokers);
        command.envs(self.settings.iter().map(|(name, value)| (format!("CHURNWATCH_KAFKA__{name}"), value)));
        command
    }

    /// Runs a command to its end: exit code, and what it said on standard error.
    pub(crate) fn run(&self, bench: &Bench, arguments: &[&str]) -> (i32, String) {
        let output = self.command(bench, arguments).output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    pub(crate) fn serve(&self, bench: &Bench) -> Replica {
        Replica::of(self.command(bench, &["serve", "--log-level", "warn"]).stdout(Stdio::null()).spawn().unwrap())
    }
}
