//! The word before something is destroyed or sent: `--yes` beforehand, or a question at a terminal. Where nobody can be
//! asked nothing is done without it.

use std::io::{IsTerminal, Write, stderr, stdin};

use clap::Args;

use crate::cli::exit::Failure;

/// Whether it is to be done.
#[derive(Debug, Args)]
pub struct ConsentArgs {
    /// Only say what would be done.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do it without a question; needed where nobody can be asked, as in a script.
    #[arg(long)]
    pub yes: bool,
}

impl ConsentArgs {
    /// Whether to go on, `loss` being what cannot be taken back then. `false`: it was a dry run.
    pub fn given(&self, loss: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if self.dry_run {
            eprintln!("{loss}\nnothing was done: this was a dry run");
            return Ok(false);
        }
        if !(stdin().is_terminal() && stderr().is_terminal()) {
            return Err(Failure::Usage(vec![
                loss.to_owned(),
                "nothing was done, as nobody can be asked here: add --yes to do it, or --dry-run to see only what it would do"
                    .to_owned(),
            ]));
        }
        eprint!("{loss}\nGo on? [y/N] ");
        let _ = stderr().flush();
        let mut answer = String::new();
        stdin().read_line(&mut answer).map_err(Failure::of)?;
        if is_yes(&answer) { Ok(true) } else { Err(Failure::Refused("nothing was done".to_owned())) }
    }
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_yes_is_one() {
        assert!(["y\n", "YES\n", " yes \n"].into_iter().all(is_yes));
        assert!(["\n", "", "n\n", "yeah\n", "yes, no\n"].into_iter().all(|answer| !is_yes(answer)));
    }
}
