//! The shape of `[http]`: where it listens, who may ask, how much.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Probes, metrics and the API.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address to listen on; port 0 takes a free one.
    pub listen: String,
    /// Host and port at which others reach `listen`, where that is another: what a replica says of itself to the others.
    pub advertise: Option<String>,
    /// Address of a listener for probes and metrics alone; absent: none.
    pub admin_listen: Option<String>,
    /// File with the bearer token of the API; needed off loopback.
    pub token_file: Option<PathBuf>,
    /// Encryption of `http.listen`; absent: none.
    pub tls: Option<HttpTls>,
    /// Most connections at a time; one address may hold a quarter of them.
    pub max_connections: u32,
    /// Most requests a second of one address, twice as many at once; 0: no limit.
    pub requests_per_second: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            advertise: None,
            admin_listen: None,
            token_file: None,
            tls: None,
            max_connections: 256,
            requests_per_second: 50,
        }
    }
}

/// Encryption of the HTTP listener. Files that are changed are in force within seconds.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpTls {
    /// PEM file of the certificate, followed by those that vouch for it.
    pub certificate_file: PathBuf,
    /// PEM file of its key, without a password.
    pub key_file: PathBuf,
    /// PEM file of the authority that vouches for the other replicas' certificates; absent: those that browsers trust.
    pub ca_file: Option<PathBuf>,
}
