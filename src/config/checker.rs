//! Collects faults while values are read, and reads single values; each fault says what would be right.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use iso_currency::Currency;
use jiff::civil::Date;
use secrecy::SecretString;

use crate::config::fault::Fault;
use crate::engine::day::Day;
use crate::wire::calendar::day;

/// Collects faults while values are read.
pub struct Checker {
    /// The faults so far.
    pub faults: Vec<Fault>,
}

impl Checker {
    /// The value, or its stand-in with a fault noted.
    pub fn take<T>(&mut self, key: &str, value: Result<T, String>, stand_in: T) -> T {
        value.unwrap_or_else(|sentence| {
            self.faults.push(Fault::new(key, sentence));
            stand_in
        })
    }

    /// Notes a fault unless `holds`.
    pub fn must(&mut self, key: &str, holds: bool, sentence: &str) {
        if !holds {
            self.faults.push(Fault::new(key, sentence));
        }
    }
}

/// A date.
pub fn date(text: &str) -> Result<Day, String> {
    text.parse::<Date>().map(day).map_err(|_| format!("\"{text}\" is no date: write it as YYYY-MM-DD"))
}

/// A duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("\"{text}\" is no duration: write it like \"2h\" or \"90s\""))
}

/// A socket address.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is no address: write it like \"127.0.0.1:8080\""))
}

/// Host and port at which others reach something: no wildcard, and nothing else that a URL may have there.
pub fn reachable(text: &str) -> Option<Authority> {
    let known: Authority = text.parse().ok()?;
    let everywhere = ["0.0.0.0", "[::]"].contains(&known.host());
    let has_port = known.port_u16().is_some_and(|port| port != 0);
    (has_port && !everywhere && !known.host().is_empty() && !text.contains('@')).then_some(known)
}

/// Whether what is sent to a URL can be read on the way: it goes over plain HTTP to another machine.
pub fn is_open(uri: &Uri) -> bool {
    uri.scheme_str() == Some("http") && !uri.host().is_some_and(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}

/// Whether a URL names a user, and perhaps a password.
pub fn names_user(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

/// An ISO 4217 code.
pub fn currency(code: &str) -> Result<Currency, String> {
    Currency::from_code(code).ok_or_else(|| format!("\"{code}\" is no ISO 4217 currency code, such as \"EUR\""))
}

/// The secret in a file.
pub fn secret(path: &Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(path).map_err(|fault| format!("cannot read {}: {fault}", path.display()))?;
    let text = text.trim();
    if text.is_empty() { Err(format!("{} is empty", path.display())) } else { Ok(SecretString::from(text)) }
}

/// The secret in a file that may not be asked for.
pub fn optional_secret(path: Option<&PathBuf>) -> Result<Option<SecretString>, String> {
    path.map(|path| secret(path)).transpose()
}
