//! Asking the running service over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::cli::exit::Failure;

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
}

impl ServiceArgs {
    /// The service's answer at `path`, or the sentence of its refusal.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        let mut request = ureq::Agent::new_with_config(config.build()).get(&url);
        if let Some(path) = &self.token_file {
            let token = std::fs::read_to_string(path)
                .map_err(|fault| Failure::usage(format!("cannot read {}: {fault}", path.display())))?;
            request = request.header("Authorization", format!("Bearer {}", token.trim()));
        }
        let mut response = request.call().map_err(|fault| {
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
