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
    /// Address of a listener for probes and metrics alone; absent: none.
    pub admin_listen: Option<String>,
    /// File with the bearer token of the API; needed off loopback.
    pub token_file: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into(), admin_listen: None, token_file: None }
    }
}
