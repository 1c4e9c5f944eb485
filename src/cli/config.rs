//! `config check|print|schema`.

use crate::cli::common::settings;
use crate::cli::config_args::ConfigCommand;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::cli::sample::show;
use crate::config::schema::schema;

/// Runs the command.
pub fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(args) => {
            let settings = settings(args.config.as_deref())?;
            match &args.sample {
                Some(file) => show(file, args, &settings)?,
                None => say("the configuration is sound"),
            }
        }
        ConfigCommand::Print(args) => say(settings(args.config.as_deref())?.print().trim_end()),
        ConfigCommand::Schema => say(serde_json::to_string_pretty(&schema()).unwrap_or_default()),
    }
    Ok(())
}
