//! A desk for commands on files: what they read, where they write, and how they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use churnwatch::engine::day::Day;
use churnwatch::wire::calendar::day_text;

use crate::support::shop::{self, END, Line};

/// Where the shop's data end less two horizons, so that a model of what came before can be judged.
pub(crate) const AT: Day = END.plus(-100);

/// Runs the program.
pub(crate) fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(arguments).output().unwrap()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Exit code where the data do not suffice.
pub(crate) const FAILED: i32 = 1;
/// Exit code where a flag or the configuration does not fit.
pub(crate) const USAGE: i32 = 64;

/// The command fails with `code` and one sentence that holds `words`.
pub(crate) fn fails(what: &str, code: i32, arguments: &[&str], words: &str) {
    let done = program(arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    println!("{what}: {}", said.trim_end());
    assert_eq!(done.status.code(), Some(code), "{what}: {said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(matches!(lines.as_slice(), [line] if line.starts_with("churnwatch: ")), "{what}: {said}");
    assert!(said.contains(words), "{what}: {said}");
    assert!(done.stdout.is_empty(), "{what}: {}", String::from_utf8_lossy(&done.stdout));
}

/// An argument that can't be read: the parser of the command line says which, and how it is used.
pub(crate) fn is_misused(what: &str, arguments: &[&str], words: &str) {
    let done = program(arguments);
    let said = String::from_utf8_lossy(&done.stderr);
    println!("{what}: {}", said.lines().next().unwrap());
    assert_eq!(done.status.code(), Some(USAGE), "{what}: {said}");
    assert!(said.starts_with("error: ") && said.contains(words), "{what}: {said}");
    assert!(done.stdout.is_empty(), "{what}");
}

/// A folder with input files, and an empty one for output.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        Self { folder }
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("out/model.json")
    }

    /// `train` on `input` fails, and leaves nothing.
    pub(crate) fn train_fails(&self, what: &str, code: i32, input: &Path, at: &str, more: &[&str], words: &str) {
        let output = self.output();
        let fixed = ["train", text(input), "--at", at, "--output", text(&output)];
        fails(what, code, &[&fixed, more].concat(), words);
        self.nothing_is_left(what);
    }

    pub(crate) fn nothing_is_left(&self, what: &str) {
        let left: Vec<PathBuf> =
            std::fs::read_dir(self.folder.path().join("out")).unwrap().map(|one| one.unwrap().path()).collect();
        assert!(left.is_empty(), "{what} left {left:?}");
    }
}

/// What every test reads and none changes: a shop's events, and a model of them before [`AT`].
pub(crate) struct Common {
    pub(crate) lines: Vec<Line>,
    pub(crate) events: PathBuf,
    pub(crate) model: PathBuf,
}

pub(crate) static COMMON: LazyLock<Common> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
    std::fs::create_dir_all(&folder).unwrap();
    let lines = shop::lines(600, 480, 31);
    let (events, model) = (folder.join("events.jsonl"), folder.join("model.json"));
    std::fs::write(&events, joined(&lines)).unwrap();
    train(&events, &day_text(AT), &model, &[]);
    Common { lines, events, model }
});

pub(crate) fn joined(lines: &[Line]) -> Vec<u8> {
    lines.iter().map(|(_, value)| value.as_slice()).collect::<Vec<_>>().join(&b'\n')
}

pub(crate) fn train(events: &Path, at: &str, model: &Path, more: &[&str]) {
    let fixed = ["train", text(events), "--at", at, "--output", text(model)];
    let done = program(&[&fixed, more].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
