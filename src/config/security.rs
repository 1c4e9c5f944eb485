//! Encryption, login and single properties of librdkafka: what a company may set, and what delivery rests on.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::checker::{Checker, optional_secret};
use crate::config::file::ConfigFile;
use crate::config::file_kafka::{Sasl, Tls};

/// Properties of librdkafka whose names hold one of these are secrets.
const SECRET_WORDS: [&str; 9] =
    ["password", "passphrase", "secret", "token", "jaas", "pem", "private.key", "key.data", "oauthbearer.config"];
/// Properties that delivery rests on, or that have keys of their own here.
const OWN_PROPERTIES: [&str; 21] = [
    "bootstrap.servers",
    "metadata.broker.list",
    "client.id",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "partition.assignment.strategy",
    "isolation.level",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "auto.offset.reset",
    "transactional.id",
    "transaction.timeout.ms",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "enable.idempotence",
    "acks",
    "request.required.acks",
    "partitioner",
    "delivery.report.only.error",
];

/// Mechanisms with a user name and a password.
const PASSWORDS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
/// The mechanism with tokens.
const TOKENS: &str = "OAUTHBEARER";

/// Properties of librdkafka.
pub type Properties = Vec<(&'static str, SecretString)>;

/// What `[kafka.tls]` and `[kafka.sasl]` mean to librdkafka.
pub fn security(file: &ConfigFile, check: &mut Checker) -> Properties {
    for name in file.kafka.client.keys().filter(|name| OWN_PROPERTIES.contains(&name.as_str())) {
        check.must(&format!("kafka.client.{name}"), false, "is set by churnwatch itself: delivery rests on it");
    }
    let (tls, sasl) = (file.kafka.tls.as_ref(), file.kafka.sasl.as_ref());
    let protocol = match (tls, sasl) {
        (None, None) => return Vec::new(),
        (Some(_), None) => "SSL",
        (None, Some(_)) => "SASL_PLAINTEXT",
        (Some(_), Some(_)) => "SASL_SSL",
    };
    let mut properties: Properties = vec![("security.protocol", protocol.into())];
    properties.extend(tls.into_iter().flat_map(|tls| encryption(tls, check)));
    properties.extend(sasl.into_iter().flat_map(|sasl| login(sasl, check)));
    properties
}

/// `[kafka.tls]`.
fn encryption(tls: &Tls, check: &mut Checker) -> Properties {
    let mut properties = Vec::new();
    let files = [
        ("kafka.tls.ca_file", "ssl.ca.location", &tls.ca_file),
        ("kafka.tls.certificate_file", "ssl.certificate.location", &tls.certificate_file),
        ("kafka.tls.key_file", "ssl.key.location", &tls.key_file),
    ];
    for (key, property, path) in files {
        properties.extend(readable(key, path.as_deref(), check).map(|path| (property, path)));
    }
    if tls.ca_file.is_none() {
        // The OpenSSL inside this program does not know by itself where the system keeps its authorities.
        properties.push(("ssl.ca.location", "probe".into()));
    }
    let both = tls.certificate_file.is_some() == tls.key_file.is_some();
    check.must("kafka.tls.certificate_file", both, "give certificate_file and key_file together, or neither");
    let password = optional_secret(tls.key_password_file.as_ref());
    properties.extend(check.take("kafka.tls.key_password_file", password, None).map(|word| ("ssl.key.password", word)));
    properties
}

/// `[kafka.sasl]`: what each mechanism needs, and nothing that it would not use.
fn login(sasl: &Sasl, check: &mut Checker) -> Properties {
    let mut properties: Properties = vec![("sasl.mechanism", sasl.mechanism.clone().into())];
    let by_token = sasl.mechanism == TOKENS;
    let known = by_token || PASSWORDS.contains(&sasl.mechanism.as_str());
    check.must("kafka.sasl.mechanism", known, "must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER");
    let password = secret_of("kafka.sasl.password_file", sasl.password_file.as_ref(), sasl.password.as_ref(), check);
    let secret = secret_of(
        "kafka.sasl.client_secret_file",
        sasl.client_secret_file.as_ref(),
        sasl.client_secret.as_ref(),
        check,
    );
    if by_token {
        let none = sasl.username.is_empty() && password.is_none();
        check.must("kafka.sasl.username", none, "OAUTHBEARER logs in by client_id and client_secret_file instead");
        check.must("kafka.sasl.client_id", sasl.client_id.is_some(), "is missing");
        check.must("kafka.sasl.client_secret_file", secret.is_some(), "give the file of the client's secret");
        let endpoint = sasl.token_endpoint.as_deref().unwrap_or_default();
        let sentence = "give the URL that hands tokens out; it begins with https://, on this machine also with http://";
        check.must("kafka.sasl.token_endpoint", is_safe(endpoint), sentence);
        properties.push(("sasl.oauthbearer.method", "oidc".into()));
        properties.extend(sasl.client_id.clone().map(|name| ("sasl.oauthbearer.client.id", name.into())));
        properties.extend(secret.map(|secret| ("sasl.oauthbearer.client.secret", secret)));
        properties.push(("sasl.oauthbearer.token.endpoint.url", endpoint.into()));
        properties.extend(sasl.scope.clone().map(|scope| ("sasl.oauthbearer.scope", scope.into())));
        let authorities = readable("kafka.sasl.token_ca_file", sasl.token_ca_file.as_deref(), check);
        properties.push(("https.ca.location", authorities.unwrap_or_else(|| "probe".into())));
    } else {
        let none = sasl.client_id.is_none() && secret.is_none() && sasl.token_endpoint.is_none();
        check.must("kafka.sasl.client_id", none, "is for OAUTHBEARER only");
        check.must("kafka.sasl.username", !sasl.username.is_empty(), "is missing");
        check.must("kafka.sasl.password_file", password.is_some(), "give the password's file");
        properties.push(("sasl.username", sasl.username.clone().into()));
        properties.extend(password.map(|password| ("sasl.password", password)));
    }
    properties
}

/// A file that librdkafka is to read.
fn readable(key: &str, path: Option<&Path>, check: &mut Checker) -> Option<SecretString> {
    let path = path?;
    check.must(key, path.is_file(), "there is no such file");
    Some(path.display().to_string().into())
}

/// The secret in a file, or the one that the configuration holds itself.
fn secret_of(
    key: &str,
    path: Option<&PathBuf>,
    itself: Option<&SecretString>,
    check: &mut Checker,
) -> Option<SecretString> {
    check.take(key, optional_secret(path), None).or_else(|| itself.cloned())
}

/// Whether a secret may be sent to this URL: nobody on the way can read it.
fn is_safe(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|here| url.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
    (local || url.strip_prefix("https://").is_some_and(|host| !host.is_empty())) && !url.contains('@')
}

/// Whether a property's value is never shown.
pub fn is_secret(property: &str) -> bool {
    SECRET_WORDS.iter().any(|word| property.contains(word))
}
