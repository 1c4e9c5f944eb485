//! What loading the configuration lets pass and an operator would want to know all the same.

use crate::config::file::Clock;
use crate::config::settings::Settings;
use crate::service::doctor::addresses::{Address, addresses};
use crate::service::doctor::finding::{Checked, Kind, count};
use crate::wire::shapes::doctor::{Check, Severity};

/// A password on the wire.
const PASSWORD_IN_CLEAR: Kind = Kind {
    code: "password-in-clear",
    severity: Severity::Warning,
    means: "PLAIN sends the password itself, and nothing encrypts it",
    remedy: "add [kafka.tls] and name the brokers' TLS port in kafka.brokers, or use SCRAM-SHA-512",
};
/// Customer data on the wire.
const HTTP_IN_CLEAR: Kind = Kind {
    code: "http-in-clear",
    severity: Severity::Note,
    means: "HTTP is open to other machines without encryption, token and customers in clear text",
    remedy: "give [http.tls], or let nobody but a proxy that encrypts reach {address}",
};
/// Threads that wait for each other.
const TOO_MANY_WORKERS: Kind = Kind {
    code: "too-many-workers",
    severity: Severity::Warning,
    means: "more workers than cores: commits take longer and longer",
    remedy: "set service.workers to {cores} at most, and start more replicas on other machines",
};

/// What may be found here.
pub const KINDS: [&Kind; 3] = [&PASSWORD_IN_CLEAR, &HTTP_IN_CLEAR, &TOO_MANY_WORKERS];

/// Looks at the settings; `cores` are this machine's.
pub fn judge(settings: &Settings, cores: usize) -> Checked {
    let file = &settings.file;
    let mut findings = Vec::new();
    let is_plain = file.kafka.sasl.as_ref().is_some_and(|sasl| sasl.mechanism == "PLAIN");
    let is_here = addresses(&file.kafka.brokers).iter().all(Address::is_here);
    if is_plain && file.kafka.tls.is_none() && !is_here {
        findings.push(PASSWORD_IN_CLEAR.found("kafka.sasl.mechanism", "PLAIN without [kafka.tls]", &[]));
    }
    if !settings.listen.ip().is_loopback() && settings.certificate.is_none() {
        let address = settings.listen.to_string();
        let seen = format!("{address} without [http.tls]");
        findings.push(HTTP_IN_CLEAR.found("http.listen", seen, &[("address", &address)]));
    }
    let workers = file.service.workers as usize;
    if workers > cores {
        let seen = format!("{workers} workers, {}", count(cores, "core"));
        findings.push(TOO_MANY_WORKERS.found("service.workers", seen, &[("cores", &cores.to_string())]));
    }
    let clock = match file.time.clock {
        Clock::Wall => "wall",
        Clock::Event => "event",
    };
    let seen = format!(
        "{} on {}, {clock} clock, days of {}, amounts in {}, a horizon of {} days",
        count(workers, "worker"),
        count(cores, "core"),
        file.time.zone,
        file.money.currency,
        file.churn.horizon_days
    );
    Checked::new(Check::Configuration, seen, findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::judge;
    use crate::config::load::check;

    #[test]
    fn clear_text_and_crowded_cores_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "0123456789abcdef0123").unwrap();
        let codes = |kafka: serde_json::Value| {
            let settings = check(json!({
                "kafka": kafka,
                "http": {"listen": "0.0.0.0:8080", "token_file": token},
                "service": {"workers": 4},
            }));
            judge(&settings.unwrap(), 2).findings.into_iter().map(|one| one.kind.code).collect::<Vec<_>>()
        };
        let plain = json!({"mechanism": "PLAIN", "username": "u", "password": "p"});
        let far = codes(json!({"brokers": "kafka.example:9092", "sasl": plain}));
        assert_eq!(far, ["password-in-clear", "too-many-workers", "http-in-clear"]);
        let near = codes(json!({"brokers": "localhost:9092,127.0.0.1:9093", "sasl": plain}));
        assert_eq!(near, ["too-many-workers", "http-in-clear"]);
        let healthy = judge(&check(json!({})).unwrap(), 2);
        assert!(healthy.findings.is_empty() && healthy.seen.starts_with("1 worker on 2 cores, wall clock"));
    }
}
