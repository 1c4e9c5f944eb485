//! Asking the running service over HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::cli::exit::Failure;
use crate::cli::progress::during;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(3);

/// Where the service is.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// Address of the service.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// File with the API's token.
    #[arg(long)]
    pub token_file: Option<PathBuf>,
    /// PEM file of the authority that vouches for an https address; without it one that browsers trust must.
    #[arg(long)]
    pub ca_file: Option<PathBuf>,
}

impl ServiceArgs {
    /// The service's answer at `path`, or the sentence of its refusal.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let authority = self.ca_file.as_deref().map(authority).transpose()?;
        let roots = authority.map_or(RootCerts::WebPki, |authority| RootCerts::Specific(Arc::new(vec![authority])));
        let config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        let mut request = ureq::Agent::new_with_config(config.build()).get(&url);
        if let Some(path) = &self.token_file {
            let token = std::fs::read_to_string(path)
                .map_err(|fault| Failure::usage(format!("cannot read {}: {fault}", path.display())))?;
            request = request.header("Authorization", format!("Bearer {}", token.trim()));
        }
        let mut response = during("asking the service", || request.call()).map_err(|fault| {
            Failure::Failed(format!(
                "no service answers at {} ({fault}): start `churnwatch serve`, or give --url",
                self.url
            ))
        })?;
        let body: Value = response.body_mut().read_json().map_err(Failure::of)?;
        if response.status().is_success() {
            return Ok(body);
        }
        let detail = body.get("detail").and_then(Value::as_str).unwrap_or("the service refused");
        Err(Failure::Failed(detail.to_owned()))
    }
}

fn authority(path: &Path) -> Result<Certificate<'static>, Failure> {
    let named = |fault: &dyn std::fmt::Display| Failure::usage(format!("cannot use {}: {fault}", path.display()));
    let text = std::fs::read(path).map_err(|fault| named(&fault))?;
    Certificate::from_pem(&text).map_err(|fault| named(&fault))
}
