//! Encryption, login and single properties of librdkafka: what a company may set, and what delivery rests on.

use secrecy::SecretString;

use crate::config::checker::{Checker, optional_secret};
use crate::config::file::ConfigFile;

/// Properties of librdkafka whose names hold one of these are secrets.
const SECRET_WORDS: [&str; 7] = ["password", "secret", "token", "jaas", "pem", "key.data", "oauthbearer.config"];
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

/// What `[kafka.tls]` and `[kafka.sasl]` mean to librdkafka.
pub fn security(file: &ConfigFile, check: &mut Checker) -> Vec<(&'static str, SecretString)> {
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
    let mut properties: Vec<(&'static str, SecretString)> = vec![("security.protocol", protocol.into())];
    if let Some(tls) = tls {
        let files = [
            ("kafka.tls.ca_file", "ssl.ca.location", &tls.ca_file),
            ("kafka.tls.certificate_file", "ssl.certificate.location", &tls.certificate_file),
            ("kafka.tls.key_file", "ssl.key.location", &tls.key_file),
        ];
        for (key, property, path) in files {
            if let Some(path) = path {
                check.must(key, path.is_file(), "there is no such file");
                properties.push((property, path.display().to_string().into()));
            }
        }
        if tls.ca_file.is_none() {
            // The OpenSSL inside this program does not know by itself where the system keeps its authorities.
            properties.push(("ssl.ca.location", "probe".into()));
        }
        let both = tls.certificate_file.is_some() == tls.key_file.is_some();
        check.must("kafka.tls.certificate_file", both, "give certificate_file and key_file together, or neither");
        if let Some(password) =
            check.take("kafka.tls.key_password_file", optional_secret(tls.key_password_file.as_ref()), None)
        {
            properties.push(("ssl.key.password", password));
        }
    }
    if let Some(sasl) = sasl {
        let known = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].contains(&sasl.mechanism.as_str());
        check.must("kafka.sasl.mechanism", known, "must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
        check.must("kafka.sasl.username", !sasl.username.is_empty(), "is missing");
        let password = check.take("kafka.sasl.password_file", optional_secret(sasl.password_file.as_ref()), None);
        let password = password.or_else(|| sasl.password.clone());
        check.must("kafka.sasl.password_file", password.is_some(), "give the password's file");
        properties.push(("sasl.mechanism", sasl.mechanism.clone().into()));
        properties.push(("sasl.username", sasl.username.clone().into()));
        properties.extend(password.map(|password| ("sasl.password", password)));
    }
    properties
}

/// Whether a property's value is never shown.
pub fn is_secret(property: &str) -> bool {
    SECRET_WORDS.iter().any(|word| property.contains(word))
}
