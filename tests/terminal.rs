//! What differs at a terminal: progress and colours are for people alone. `script` gives a command a terminal of its own.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

const PROGRAM: &str = env!("CARGO_BIN_EXE_churnwatch");

/// A shop's events in a file, and room beside it.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terminal");
    std::fs::create_dir_all(&folder).unwrap();
    let made = in_a_pipe("generate --customers 300 --days 500 --end 2026-08-02 --output shop.jsonl.gz", &folder, &[]);
    assert!(made.status.success());
    folder
});

/// Without what this test's own surroundings say of colours.
fn plain<'a>(command: &'a mut Command, folder: &Path, variables: &[(&str, &str)]) -> &'a mut Command {
    let said = ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CHURNWATCH_LOG"];
    said.iter().for_each(|name| _ = command.env_remove(name));
    command.env("TERM", "xterm-256color").envs(variables.iter().copied()).current_dir(folder)
}

fn in_a_pipe(arguments: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    plain(Command::new(PROGRAM).args(arguments.split(' ')), folder, variables).stdin(Stdio::null()).output().unwrap()
}

/// What a terminal was shown, and the exit code; `typed` is what a person types there.
fn at_a_terminal(arguments: &str, folder: &Path, variables: &[(&str, &str)], typed: &str) -> (String, i32) {
    let mut script = Command::new("script");
    let line = format!("stty -echo cols 80; {PROGRAM} {arguments}");
    plain(script.args(["--quiet", "--return", "--command", &line, "/dev/null"]), folder, variables);
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    script.stdin.as_mut().unwrap().write_all(typed.as_bytes()).unwrap();
    let done = script.wait_with_output().unwrap();
    (String::from_utf8_lossy(&done.stdout).into_owned(), done.status.code().unwrap())
}

const WORKS: [(&str, &str); 6] = [
    ("train shop.jsonl.gz --at 2026-06-01 --horizon-days 60 --output model.json", "reading ["),
    ("train shop.jsonl.gz --at 2026-06-01 --horizon-days 60 --output model.json", "fitting"),
    ("evaluate shop.jsonl.gz --at 2026-03-01", "reading ["),
    ("backtest shop.jsonl.gz --from 2025-12-01 --to 2026-07-01", "playing the rule ["),
    ("replay shop.jsonl.gz --alerts alerts.jsonl", "replaying ["),
    ("generate --customers 200 --days 200 --output other.jsonl", "generating days ["),
];

#[test]
fn progress_is_shown_at_a_terminal_and_never_in_a_pipe() {
    for (arguments, bar) in WORKS {
        let (shown, code) = at_a_terminal(arguments, &FOLDER, &[], "");
        assert!(code == 0 && shown.contains(bar), "{arguments}: {code}: {shown}");
        let timed = if bar.ends_with('[') { " left" } else { "s " };
        assert!(shown.contains(timed) && (!bar.ends_with('[') || shown.contains("/s ")), "{arguments}: {shown}");
        let piped = in_a_pipe(arguments, &FOLDER, &[]);
        let written = [piped.stdout, piped.stderr].concat();
        assert!(piped.status.success() && !written.contains(&0x1b) && !written.contains(&b'\r'), "{arguments}");
        let dumb = at_a_terminal(arguments, &FOLDER, &[("TERM", "dumb")], "").0;
        assert!(!dumb.contains(bar) && !dumb.contains('\u{1b}'), "{arguments}: {dumb}");
    }
}

/// Alerts that scroll over the terminal would run into a bar.
#[test]
fn no_bar_stands_where_lines_are_written() {
    let (shown, code) = at_a_terminal("replay shop.jsonl.gz --until 2025-12-01", &FOLDER, &[], "");
    assert!(code == 0 && shown.contains("churnwatch.alert.opened") && !shown.contains("replaying"), "{shown}");
}
