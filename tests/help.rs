//! What people ask the program about itself: help with examples that work, manual pages, completions.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use churnwatch::cli::examples::{command, examples, shown};

const PROGRAM: &str = env!("CARGO_BIN_EXE_churnwatch");

/// Every command by its whole name, those that only hold others too.
fn names() -> Vec<String> {
    fn below(command: &clap::Command, name: String, names: &mut Vec<String>) {
        for one in command.get_subcommands() {
            below(one, format!("{name} {}", one.get_name()), names);
        }
        names.push(name);
    }
    let mut names = Vec::new();
    below(&command(), "churnwatch".into(), &mut names);
    names
}

/// The words of the program's own command in an example, less what a shell does around it.
fn words(example: &str) -> Option<Vec<&str>> {
    let ours = example.split('|').map(str::trim).find(|part| part.starts_with("churnwatch "))?;
    Some(ours.split('>').next()?.split_whitespace().collect())
}

#[test]
fn every_command_has_an_example_that_is_understood() {
    let names = names();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let own = examples(&name).iter().filter_map(|example| words(example)).filter(|words| {
            let depth = name.split(' ').count();
            words.len() >= depth && words[..depth].join(" ") == name
        });
        assert!(own.count() > 0, "{name} has no example of itself: write one in src/cli/examples.rs");
        for example in examples(&name) {
            let Some(words) = words(example) else { continue };
            let fault = command().try_get_matches_from(words).err();
            assert!(fault.is_none(), "{example}: {}", fault.unwrap());
        }
        let arguments: Vec<&str> = name.split(' ').skip(1).chain(["--help"]).collect();
        let help = Command::new(PROGRAM).args(arguments).output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let unfolded = help.replace(" \\\n     ", "");
        assert!(examples(&name).iter().all(|example| unfolded.contains(example)), "{help}");
    }
}

/// A folder that is empty to begin with.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("help").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A line of a shell that finds the program, in a folder; what it wrote.
fn shell(folder: &Path, line: &str) -> String {
    let path = format!("{}:{}", Path::new(PROGRAM).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-euc", line]).current_dir(folder).env("PATH", path).stdin(Stdio::null());
    let done = bash.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{line}: {}: {said}", done.status);
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The examples that need neither Kafka nor a running service, on files of the names that README.md gives.
#[test]
fn the_examples_on_files_work_as_they_stand() {
    let folder = folder("examples");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let playbook = "[playbook]\npath = \"playbook.toml\"\n";
    std::fs::copy(root.join("deploy/playbook.toml"), folder.join("playbook.toml")).unwrap();
    std::fs::write(folder.join("with_playbook.toml"), playbook).unwrap();
    let inputs =
        "[topics]\nevents = [\"churn.events\", \"shop.orders\"]\n[inputs.\"shop.orders\"]\nformat = \"shopify\"\n";
    let config = format!("[kafka]\nbrokers = \"localhost:9092\"\n{inputs}");
    std::fs::write(folder.join("churnwatch.toml"), config).unwrap();
    let order = r#"{"id":1,"created_at":"2026-01-05T10:00:00+08:00","currency":"CNY","total_price":"9.90","customer":{"id":7},"line_items":[]}"#;
    std::fs::write(folder.join("orders.jsonl"), order).unwrap();
    shell(
        &folder,
        "churnwatch generate --customers 400 --days 800 --end 2026-08-02 --format csv --output history.csv.gz",
    );
    shell(&folder, "churnwatch train history.csv.gz --at 2025-10-01 --output old.json");
    shell(&folder, "churnwatch train history.csv.gz --at 2026-01-01 --output model.json");
    shell(&folder, "churnwatch replay history.csv.gz --config with_playbook.toml --outcomes outcomes.jsonl");
    let mut ran = BTreeSet::new();
    for name in names() {
        let elsewhere =
            ["demo", "serve", "publish", "topics", "doctor", "rebuild", "dead-letters", "inspect", "forecast"]
                .iter()
                .chain(&["forget", "promote", "import", "rekey", "webhooks"])
                .any(|one| name.starts_with(&format!("churnwatch {one}")));
        if elsewhere || name == "churnwatch" {
            continue;
        }
        for example in
            examples(&name).iter().filter(|example| !example.contains("kafka") && !example.starts_with("man "))
        {
            shell(&folder, &shown(example));
            ran.insert(*example);
        }
    }
    assert!(ran.len() > 15, "{ran:?}");
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = folder("man").join("made");
    let line = format!("churnwatch man --output {}", folder.display());
    shell(Path::new("/"), &line);
    let pages: BTreeSet<String> =
        std::fs::read_dir(&folder).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    let wanted: BTreeSet<String> = names().iter().map(|name| format!("{}.1", name.replace(' ', "-"))).collect();
    assert_eq!(pages, wanted);
    let page = std::fs::read_to_string(folder.join("churnwatch-dead-letters-replay.1")).unwrap();
    for part in [
        ".TH CHURNWATCH-DEAD-LETTERS-REPLAY 1 \"\" \"churnwatch ",
        "EXIT STATUS",
        "EXAMPLES",
        r"churnwatch\-dead\-letters(1)",
        r"\-\-reason",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

/// What bash would offer for the last word of a line.
fn offered(script: &Path, line: &str) -> BTreeSet<String> {
    let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
    let ask = format!(
        "source {}; complete -p churnwatch >&2; COMP_WORDS=({}); COMP_CWORD={}; _churnwatch churnwatch \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.join(" "),
        words.len() - 1
    );
    shell(Path::new("/"), &ask).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = folder("completions").join("churnwatch.bash");
    shell(Path::new("/"), &format!("churnwatch completions bash > {0} && bash -n {0}", script.display()));
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(offered(&script, "churnwatch re"), set(&["rebuild", "rekey", "replay", "report"]));
    assert_eq!(offered(&script, "churnwatch dead-letters re"), set(&["replay"]));
    assert_eq!(offered(&script, "churnwatch dead-letters replay --dr"), set(&["--dry-run"]));
    assert_eq!(offered(&script, "churnwatch replay --clock r"), set(&["recorded"]));
    assert!(offered(&script, "churnwatch ").len() > 20);
    for shell_name in ["zsh", "fish", "powershell", "elvish"] {
        let script = shell(Path::new("/"), &format!("churnwatch completions {shell_name}"));
        assert!(script.contains("dead-letters"), "{shell_name}: {script}");
    }
}

/// Wrong usage ends with 64 and a sentence that says the right word, or how to write what was meant.
#[test]
fn a_slip_of_the_fingers_is_told_what_was_meant() {
    let folder = folder("slips");
    for (arguments, words) in [
        ("serv", "a similar subcommand exists: 'serve'"),
        ("deadletters list", "a similar subcommand exists: 'dead-letters'"),
        ("dead-letters lst", "a similar subcommand exists: 'list'"),
        ("replay --untill 2026-01-01 x.jsonl", "a similar argument exists: '--until'"),
        ("doctor --jsn", "a similar argument exists: '--json'"),
        ("schema alrt", "a similar value exists: 'alert'"),
        ("dead-letters list --reason staet-full", "did you mean \"state full\"?"),
        (
            "demo --log-level wran",
            "--log-level: \"wran\" is none of off, error, warn, info, debug, trace; did you mean \"warn\"?",
        ),
        ("train x.csv --at 2026-02-30 --output m.json", "there is no such day: write it as YYYY-MM-DD"),
        ("generate --customers many", "write a whole number, for instance 30"),
        ("forecast --days 0", "0 is not in 1..=365"),
        ("promote", "<M|--previous>"),
        ("promote m.json --previous", "cannot be used with"),
        ("import --base m.json --output n.json", "--silence <SILENCE>|--forward <FORWARD>"),
        ("inspect", "<CUSTOMER>"),
        ("replay", "name at least one file"),
        ("rebuild --yes --dry-run", "cannot be used with '--dry-run'"),
        ("config check --config nowhere.toml", "cannot read nowhere.toml"),
    ] {
        let done = Command::new(PROGRAM).args(arguments.split(' ')).current_dir(&folder).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.code() == Some(64) && done.stdout.is_empty(), "{arguments}: {}: {said}", done.status);
        assert!(said.contains(words) && !said.contains("panicked"), "{arguments}: {said}");
    }
    let nobody = Command::new(PROGRAM).args(["inspect", ""]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(64));
}
