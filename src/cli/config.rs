//! `config check|print|schema`.

use crate::cli::args::ConfigCommand;
use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::config::load::schema;

/// Runs the command.
pub fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(args) => {
            settings(args.config.as_deref())?;
            println!("the configuration is sound");
        }
        ConfigCommand::Print(args) => print!("{}", settings(args.config.as_deref())?.print()),
        ConfigCommand::Schema => println!("{}", serde_json::to_string_pretty(&schema()).unwrap_or_default()),
    }
    Ok(())
}
