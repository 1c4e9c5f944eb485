//! `schema`: the contracts of this program as JSON Schema.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::args::SchemaArgs;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::config::contracts::Contract;

impl ValueEnum for Contract {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Runs the command.
pub fn run(args: &SchemaArgs) -> Result<(), Failure> {
    say(args.of.text());
    Ok(())
}
