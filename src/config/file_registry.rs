//! The shape of `[schema_registry]`: where the schemas of framed records are, and who we are there.

use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::config::file_kafka::hidden;

/// The schema registry, which topics with `encoding = "schema_registry"` need.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaRegistry {
    /// Where it is, with the path before `/schemas/ids`, if there is one.
    pub url: Option<String>,
    /// User name, or the key of an API.
    pub username: Option<String>,
    /// File with the password, or the secret of that key; read again for every request.
    pub password_file: Option<PathBuf>,
    /// The password itself; better in a file, or in `CHURNWATCH_SCHEMA_REGISTRY__PASSWORD`.
    #[serde(serialize_with = "hidden")]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File with a bearer token, instead of user name and password; read again for every request.
    pub token_file: Option<PathBuf>,
    /// The token itself; better in a file, or in `CHURNWATCH_SCHEMA_REGISTRY__TOKEN`.
    #[serde(serialize_with = "hidden")]
    #[schemars(with = "Option<String>")]
    pub token: Option<SecretString>,
    /// PEM file of the authority that vouches for its certificate; absent: those that browsers trust.
    pub ca_file: Option<PathBuf>,
    /// Whether a password or a token may leave this machine over `http://`, where it can be read on the way.
    pub allow_http: bool,
}
