//! What the service at this configuration's address answers to probes. It is asked without the token, which no probe needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ureq::Agent;
use ureq::tls::TlsConfig;

use crate::config::settings::Settings;
use crate::service::doctor::figures::Figures;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::http::gate::OPEN;

/// Bound on one answer.
const ANSWER: Duration = Duration::from_secs(3);

/// What was answered.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Where was asked.
    pub address: String,
    /// Its answers, if it is there.
    pub service: Option<Answers>,
}

/// The answers of a service.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Why it does not live, if it does not.
    pub dead: Option<String>,
    /// Why it is not ready, if it is not.
    pub not_ready: Option<String>,
    /// Its metrics.
    pub figures: Figures,
}

/// Asks the listener for probes, or where there is none the one for all.
pub fn look(settings: &Settings, time: TimeLeft) -> Pages {
    let (listen, is_encrypted) = match settings.admin_listen {
        Some(admin) => (admin, false),
        None => (settings.listen, settings.certificate.is_some()),
    };
    let scheme = if is_encrypted { "https" } else { "http" };
    let address = format!("{scheme}://{}", here(listen));
    // Port 0 is a free one that nobody can know.
    let service = if listen.port() == 0 { None } else { answers(&address, time) };
    Pages { address, service }
}

/// Where this machine answers that listens at `listen`.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn answers(address: &str, time: TimeLeft) -> Option<Answers> {
    let [lives, is_ready, _, figures] = OPEN;
    let (_, figures) = get(address, figures, time)?;
    let figures = Figures::new(figures);
    if !figures.are_ours() {
        return None;
    }
    let why = |path: &str| {
        let (status, body) = get(address, path, time)?;
        (status != 200).then(|| detail(&body))
    };
    Some(Answers { dead: why(lives), not_ready: why(is_ready), figures })
}

fn get(address: &str, path: &str, time: TimeLeft) -> Option<(u16, String)> {
    let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(time.bound(ANSWER)));
    // By its number the machine is in no certificate, and nothing secret is asked or told.
    let config = config.tls_config(TlsConfig::builder().disable_verification(true).build());
    let mut response = Agent::new_with_config(config.build()).get(format!("{address}{path}")).call().ok()?;
    let status = response.status().as_u16();
    Some((status, response.body_mut().read_to_string().ok()?))
}

/// The sentence of a problem document.
fn detail(body: &str) -> String {
    let problem = serde_json::from_str::<serde_json::Value>(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.unwrap_or(body).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{detail, here};

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        let asked = |listen: &str| here(listen.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(asked("[::]:8080"), "[::1]:8080");
        assert_eq!(asked("10.0.0.1:8080"), "10.0.0.1:8080");
        assert_eq!(detail(r#"{"detail":"restoring"}"#), "restoring");
        assert_eq!(detail("alive"), "alive");
    }
}
