//! Requests to servers of others: endpoints of webhooks, schema registries. No redirect is followed and no proxy asked, and
//! nothing of an address is in what is told.

use std::sync::Arc;
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// Who asks.
const AGENT: &str = concat!("churnwatch/", env!("CARGO_PKG_VERSION"));

/// What kept a request from its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// The certificate is not trusted.
    Tls,
    /// What was answered is not HTTP.
    NotHttp,
}

/// How requests are made that may take so long; `authority` vouches for the certificate, as PEM, where it is not one that
/// browsers trust.
pub fn configured(authority: Option<Vec<u8>>, within: Duration) -> ConfigBuilder<AgentScope> {
    let authority = authority.and_then(|pem| Certificate::from_pem(&pem).ok());
    let roots = authority.map_or(RootCerts::WebPki, |authority| RootCerts::Specific(Arc::new(vec![authority])));
    ureq::Agent::config_builder()
        .timeout_global(Some(within))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(AGENT)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
}

/// What was in the way. ureq's own words may hold the address, so they are not repeated.
pub fn obstacle(fault: &ureq::Error) -> (Obstacle, &'static str) {
    const TIMEOUT: (Obstacle, &str) = (Obstacle::Timeout, "no answer in time");
    const TLS: (Obstacle, &str) =
        (Obstacle::Tls, "its certificate is not trusted: see ca_file, and the name in the address");
    match fault {
        ureq::Error::Timeout(_) => TIMEOUT,
        ureq::Error::HostNotFound => (Obstacle::Unreachable, "the host's name is not known"),
        ureq::Error::ConnectionFailed => (Obstacle::Unreachable, "no connection"),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => TLS,
        ureq::Error::Io(fault) => match fault.kind() {
            std::io::ErrorKind::ConnectionRefused => (Obstacle::Unreachable, "the connection was refused"),
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => TIMEOUT,
            std::io::ErrorKind::InvalidData => TLS,
            _ => (Obstacle::Unreachable, "the connection broke"),
        },
        _ => (Obstacle::NotHttp, "what was answered is not HTTP"),
    }
}
