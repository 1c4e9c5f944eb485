//! `webhooks`: alerts to the addresses of `[webhooks]`, and one example to try an address out.

use std::sync::Arc;

use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::cli::values::nearest;
use crate::cli::webhook_args::{WebhookTestArgs, WebhooksArgs, WebhooksCommand};
use crate::config::settings::Settings;
use crate::config::webhooks::Endpoint;
use crate::service::webhooks::life;
use crate::service::webhooks::post::{Ending, Poster};
use crate::service::webhooks::trial::Trial;

/// What is said where there is no endpoint.
const NONE: &str = "there are no endpoints: name at least one as [[webhooks.endpoints]], with name, url and secret_files (docs/webhooks.md)";

/// Runs the command.
pub fn run(args: &WebhooksArgs) -> Result<(), Failure> {
    match &args.command {
        Some(WebhooksCommand::Test(args)) => test(args),
        None => {
            let settings = settings(args.config.as_deref())?;
            let (mut posters, mut faults) = (Vec::new(), Vec::new());
            for endpoint in &settings.webhooks.endpoints {
                let endpoint = Arc::new(endpoint.clone());
                match Poster::new(endpoint.clone()) {
                    Ok(poster) => posters.push((endpoint, poster)),
                    Err(more) => faults.extend(more),
                }
            }
            if !faults.is_empty() {
                return Err(faults.into());
            }
            if posters.is_empty() {
                return Err(Failure::usage(NONE));
            }
            Ok(life::run(settings, posters)?)
        }
    }
}

fn test(args: &WebhookTestArgs) -> Result<(), Failure> {
    let settings = settings(args.config.as_deref())?;
    let endpoint = endpoint(&settings, &args.name)?;
    let secret_url = endpoint.format.has_secret_url();
    let trial = Trial::new(Arc::new(endpoint))?;
    if args.dry_run {
        let request = trial.request().map_err(|fault| Failure::from(vec![fault]))?;
        let url = if secret_url { "[hidden]" } else { &request.url };
        let head = std::iter::once(format!("{} {url}", request.method));
        let headers = request.headers.iter().map(|(name, value)| {
            let value = if *name == "authorization" { "[hidden]" } else { value };
            format!("{name}: {value}")
        });
        say(head.chain(headers).collect::<Vec<_>>().join("\n"));
        say(format_args!("\n{}", String::from_utf8_lossy(&request.body)));
        return Ok(());
    }
    let tried = trial.send();
    let status = tried.status.map(|status| format!(" {status}")).unwrap_or_default();
    let said = if tried.said.is_empty() { String::new() } else { format!(": {}", tried.said) };
    let sentence = format!("{}:{status} {}{said}", args.name, tried.ending.name());
    if tried.ending == Ending::Delivered {
        say(sentence);
        return Ok(());
    }
    Err(Failure::Failed(sentence))
}

fn endpoint(settings: &Settings, name: &str) -> Result<Endpoint, Failure> {
    let endpoints = &settings.webhooks.endpoints;
    let names: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    let found = endpoints.iter().find(|endpoint| endpoint.name == name);
    found.cloned().ok_or_else(|| {
        if names.is_empty() {
            return Failure::usage(NONE);
        }
        let known = names.join(", ");
        Failure::usage(format!("no endpoint is called \"{name}\"; known are {known}{}", nearest(name, &names)))
    })
}
