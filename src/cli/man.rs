//! `man`: a manual page a command, from what the help says.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::args::ManArgs;
use crate::cli::examples::{EXIT_CODES, command, examples, shown};
use crate::cli::exit::Failure;
use crate::cli::output::write_whole;

/// Runs the command.
pub fn run(args: &ManArgs) -> Result<(), Failure> {
    let folder = args.output.as_path();
    std::fs::create_dir_all(folder)
        .map_err(|fault| Failure::usage(format!("cannot make the folder {}: {fault}", folder.display())))?;
    let mut command = command().disable_help_subcommand(true);
    command.build();
    let pages = write(&command, "churnwatch", folder)?;
    eprintln!("{pages} pages in {}: read one by `man -l {}/churnwatch.1`", folder.display(), folder.display());
    Ok(())
}

/// The pages of a command and of those below it; gives their number.
fn write(command: &Command, name: &str, folder: &Path) -> Result<u32, Failure> {
    let man = Man::new(command.clone());
    // Written here for its empty date, without which the version would stand in the date's place.
    let title = name.replace(' ', "-").to_uppercase();
    let mut text = format!(".TH {title} 1 \"\" \"churnwatch {}\" churnwatch\n", env!("CARGO_PKG_VERSION")).into_bytes();
    man.render_name_section(&mut text)
        .and_then(|()| man.render_synopsis_section(&mut text))
        .and_then(|()| man.render_description_section(&mut text))
        .and_then(|()| man.render_options_section(&mut text))
        .map_err(Failure::of)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text).map_err(Failure::of)?;
    }
    rest(name).to_writer(&mut text).map_err(Failure::of)?;
    write_whole(&folder.join(man.get_filename()), &text)?;
    command
        .get_subcommands()
        .try_fold(1, |pages, below| Ok(pages + write(below, &format!("{name} {}", below.get_name()), folder)?))
}

/// What stands behind the options.
fn rest(name: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, means) in EXIT_CODES {
        roff.control("TP", []).text([roman(code.to_string())]).text([roman(means)]);
    }
    roff.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in examples(name).iter().flat_map(|example| shown(example).lines().map(roman).collect::<Vec<_>>()) {
        roff.text([line]);
    }
    roff.control("fi", []);
    if let Some((above, _)) = name.rsplit_once(' ') {
        roff.control("SH", ["SEE ALSO"]).text([roman(format!("{}(1)", above.replace(' ', "-")))]);
    }
    roff
}
