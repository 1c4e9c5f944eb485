//! What differs at a terminal: progress and colours are for people alone. `script` gives a command a terminal of its own.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use churnwatch::config::load::load;
use churnwatch::service::kafka::embedded::Embedded;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

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
    for name in said {
        command.env_remove(name);
    }
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

/// What takes its time, and what is shown of it.
const WORKS: [(&str, &[&str]); 3] = [
    ("train shop.jsonl.gz --at 2026-06-01 --horizon-days 60 --output model.json", &["reading [", "fitting"]),
    ("backtest shop.jsonl.gz --from 2025-12-01 --to 2026-07-01", &["playing the model [", "playing the rule ["]),
    ("generate --customers 200 --days 200 --output other.jsonl", &["generating days ["]),
];

#[test]
fn progress_is_shown_at_a_terminal_and_never_in_a_pipe() {
    for (arguments, bars) in WORKS {
        let (shown, code) = at_a_terminal(arguments, &FOLDER, &[], "");
        assert!(code == 0 && bars.iter().all(|bar| shown.contains(bar)), "{arguments}: {code}: {shown}");
        assert!(shown.contains("/s ") && shown.contains(" left"), "neither rate nor time left: {shown}");
        let piped = in_a_pipe(arguments, &FOLDER, &[]);
        let written = [piped.stdout, piped.stderr].concat();
        assert!(piped.status.success() && !written.contains(&0x1b) && !written.contains(&b'\r'), "{arguments}");
    }
    let (arguments, _) = WORKS[2];
    let (dumb, code) = at_a_terminal(arguments, &FOLDER, &[("TERM", "dumb")], "");
    assert!(code == 0 && !dumb.contains("generating") && !dumb.contains('\u{1b}'), "{dumb}");
}

/// Alerts that scroll over the terminal would run into a bar.
#[test]
fn no_bar_stands_where_lines_are_written() {
    let (shown, code) = at_a_terminal("replay shop.jsonl.gz --until 2025-12-01", &FOLDER, &[], "");
    assert!(code == 0 && shown.contains("churnwatch.alert.opened") && !shown.contains("replaying"), "{shown}");
}

/// Who is asked at a terminal is told what is lost, and nothing happens without a yes; where nobody can be asked it takes
/// `--yes`.
#[test]
fn nothing_is_destroyed_or_sent_without_a_yes() {
    let settings = load(None).unwrap();
    let broker = Embedded::start(&settings, 1).unwrap();
    let config = FOLDER.join("consent.toml");
    std::fs::write(&config, format!("[kafka]\nbrokers = \"{}\"\n", broker.bootstrap())).unwrap();
    let asker: BaseConsumer = ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    let sent = || asker.fetch_watermarks(&settings.file.topics.events[0], 0, Duration::from_secs(10)).unwrap().1;
    let forget = format!("forget somebody --wait-seconds 1 --log-level off --config {}", config.display());

    let piped = in_a_pipe(&forget, &FOLDER, &[]);
    let said = String::from_utf8(piped.stderr).unwrap();
    assert_eq!((piped.status.code(), said.lines().count()), (Some(64), 2), "{said}");
    assert!(said.contains("are erased") && said.contains("add --yes") && !said.contains("somebody"), "{said}");
    let dry = in_a_pipe(&format!("{forget} --dry-run"), &FOLDER, &[]);
    assert!(dry.status.success() && String::from_utf8(dry.stderr).unwrap().contains("a dry run"));
    for (typed, wanted) in [("n\n", 2), ("\n", 2), ("perhaps\n", 2)] {
        let (shown, code) = at_a_terminal(&forget, &FOLDER, &[], typed);
        assert!(code == wanted && shown.contains("are erased") && shown.contains("Go on? [y/N]"), "{code}: {shown}");
        assert!(shown.contains("churnwatch: nothing was done"), "{shown}");
    }
    assert_eq!(sent(), 0);
    let rebuild = format!("rebuild --log-level off --config {}", config.display());
    // The embedded broker lets whoever asks for the topics' policies wait.
    let (forgotten, kept) = std::thread::scope(|scope| {
        let forgotten = scope.spawn(|| at_a_terminal(&forget, &FOLDER, &[], "y\n"));
        let kept = scope.spawn(|| at_a_terminal(&rebuild, &FOLDER, &[], "no\n"));
        (forgotten.join().unwrap(), kept.join().unwrap())
    });
    assert!(forgotten.1 == 1 && forgotten.0.contains("not carried out within 1 s"), "{forgotten:?}");
    assert_eq!(sent(), 1);
    assert!(kept.1 == 2 && kept.0.contains("is forgotten") && kept.0.contains("Go on?"), "{kept:?}");
    let both = in_a_pipe(&format!("{rebuild} --yes --dry-run"), &FOLDER, &[]);
    assert_eq!(both.status.code(), Some(64), "one of the two alone");
}

/// Whether a text has colours; a bar moves the cursor, which is none.
fn coloured(text: &str) -> bool {
    text.split("\u{1b}[")
        .skip(1)
        .any(|code| code.trim_start_matches(|letter: char| "0123456789;".contains(letter)).starts_with('m'))
}

/// Surroundings and options, and whether there are colours at a terminal and in a pipe then.
type Surroundings<'a> = (&'a str, &'a [(&'a str, &'a str)], bool, bool);

const SURROUNDINGS: [Surroundings<'_>; 9] = [
    ("", &[], true, false),
    ("", &[("NO_COLOR", "1")], false, false),
    ("", &[("TERM", "dumb")], false, false),
    ("", &[("CLICOLOR", "0")], false, false),
    ("", &[("CLICOLOR_FORCE", "1")], true, true),
    ("", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
    (" --color never", &[("CLICOLOR_FORCE", "1")], false, false),
    (" --color=always", &[("NO_COLOR", "1")], true, true),
    (" --color auto", &[], true, false),
];

/// Help, a fault of usage, and a log with a report.
#[test]
fn colours_go_by_the_terminal_and_by_what_is_said_of_them() {
    let commands = ["--help", "serv", "demo --customers 20 --days 10 --exit"];
    // All at once: a demo waits more than it works.
    std::thread::scope(|scope| {
        for (command, (more, variables, terminal, pipe)) in
            commands.map(|one| SURROUNDINGS.map(|of| (one, of))).into_iter().flatten()
        {
            scope.spawn(move || {
                let arguments = format!("{command}{more}");
                let shown = at_a_terminal(&arguments, &FOLDER, variables, "").0;
                assert_eq!(coloured(&shown), terminal, "{arguments}, {variables:?}: {shown}");
                let piped = in_a_pipe(&arguments, &FOLDER, variables);
                let written = String::from_utf8([piped.stdout, piped.stderr].concat()).unwrap();
                assert_eq!(coloured(&written), pipe, "{arguments}, {variables:?}: {written}");
            });
        }
    });
}
