//! The arguments of `webhooks`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `webhooks`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct WebhooksArgs {
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<WebhooksCommand>,
}

/// What else to do with the endpoints.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// Send one example alert to an endpoint, and say what it answers; no Kafka is needed.
    Test(WebhookTestArgs),
}

/// Arguments of `webhooks test`.
#[derive(Debug, Args)]
pub struct WebhookTestArgs {
    /// Name of the endpoint.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Only print the request; its token, and an address that is a secret, are left out.
    #[arg(long)]
    pub dry_run: bool,
}
