//! The shape of `[kafka]`: how the brokers are reached, and who we are to them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// How Kafka is reached.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// host:port, several separated by commas.
    pub brokers: String,
    /// Consumer group.
    pub group_id: String,
    /// Milliseconds from one commit to the next under load; half of it where every record there is has been taken.
    pub commit_interval_ms: u64,
    /// Any property of librdkafka but those that delivery rests on.
    pub client: BTreeMap<String, String>,
    /// Encryption, and who we are to the brokers.
    pub tls: Option<Tls>,
    /// Login at the brokers.
    pub sasl: Option<Sasl>,
}

/// The values of librdkafka's properties may be secret, so none of them is ever shown.
impl fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&String> = self.client.keys().collect();
        let mut kafka = formatter.debug_struct("Kafka");
        kafka.field("brokers", &self.brokers).field("group_id", &self.group_id).field("client", &properties);
        kafka.field("tls", &self.tls).field("sasl", &self.sasl).finish_non_exhaustive()
    }
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            group_id: "churnwatch".into(),
            commit_interval_ms: 100,
            client: BTreeMap::new(),
            tls: None,
            sasl: None,
        }
    }
}

/// Encryption of the connections to the brokers.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// PEM file of the authorities that vouch for the brokers; absent: the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file of our certificate, where the brokers ask for one.
    pub certificate_file: Option<PathBuf>,
    /// PEM file of its key.
    pub key_file: Option<PathBuf>,
    /// File with the key's password.
    pub key_password_file: Option<PathBuf>,
}

/// Login at the brokers: a user name with its password, or a client that asks for tokens (OAUTHBEARER).
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sasl {
    /// PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.
    pub mechanism: String,
    /// User name.
    pub username: String,
    /// File with the password.
    pub password_file: Option<PathBuf>,
    /// The password itself; better in a file, or in `CHURNWATCH_KAFKA__SASL__PASSWORD`.
    #[serde(serialize_with = "hidden")]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// OAUTHBEARER: the name under which tokens are asked for.
    pub client_id: Option<String>,
    /// OAUTHBEARER: file with the client's secret.
    pub client_secret_file: Option<PathBuf>,
    /// The client's secret itself; better in a file, or in `CHURNWATCH_KAFKA__SASL__CLIENT_SECRET`.
    #[serde(serialize_with = "hidden")]
    #[schemars(with = "Option<String>")]
    pub client_secret: Option<SecretString>,
    /// OAUTHBEARER: URL that gives tokens for client credentials (RFC 6749, 4.4).
    pub token_endpoint: Option<String>,
    /// OAUTHBEARER: PEM file of the authorities that vouch for the endpoint; absent: the system's.
    pub token_ca_file: Option<PathBuf>,
    /// OAUTHBEARER: the scope that is asked for, where the endpoint wants one.
    pub scope: Option<String>,
}

impl Default for Sasl {
    fn default() -> Self {
        Self {
            mechanism: "SCRAM-SHA-512".into(),
            username: String::new(),
            password_file: None,
            password: None,
            client_id: None,
            client_secret_file: None,
            client_secret: None,
            token_endpoint: None,
            token_ca_file: None,
            scope: None,
        }
    }
}

/// A secret is never written out.
#[expect(clippy::ref_option, reason = "serde hands the field over so")]
pub(crate) fn hidden<S: serde::Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| "[hidden]").serialize(serializer)
}
