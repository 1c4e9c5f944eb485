//! The command line with examples behind the help of every command. They work as they stand on the files and the
//! configuration that README.md names; tests/help.rs runs those that need no Kafka.

use clap::{Command, CommandFactory};

use crate::cli::args::Cli;

/// What every exit code means.
pub const EXIT_CODES: [(u8, &str); 5] = [
    (0, "done"),
    (1, "it did not work out"),
    (2, "a gate, or whoever was asked, said no"),
    (64, "usage or configuration: what to change is said"),
    (70, "the watchdog stopped it"),
];

/// The examples of each command, by its name.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "churnwatch",
        &[
            "churnwatch demo",
            "churnwatch replay history.csv.gz --until 2026-04-01 --alerts alerts.jsonl",
            "churnwatch serve --config churnwatch.toml",
        ],
    ),
    ("churnwatch demo", &["churnwatch demo", "churnwatch demo --data history.csv.gz --exit"]),
    (
        "churnwatch serve",
        &[
            "churnwatch serve --config churnwatch.toml",
            "churnwatch serve --config churnwatch.toml --log-format json --log-level warn",
        ],
    ),
    (
        "churnwatch export",
        &[
            "churnwatch export model --format onnx --output model.onnx",
            "churnwatch export rows history.csv.gz --at 2026-01-01 --output rows.csv",
            "churnwatch export profiles history.csv.gz --at 2026-01-01 --output profiles.parquet",
        ],
    ),
    (
        "churnwatch export model",
        &[
            "churnwatch export model --model model.json --format onnx --output model.onnx",
            "churnwatch export model --format sql --table crm.features --output model.sql",
        ],
    ),
    (
        "churnwatch export rows",
        &["churnwatch export rows history.csv.gz --model model.json --at 2026-01-01 --output rows.csv"],
    ),
    (
        "churnwatch export profiles",
        &[
            "churnwatch export profiles history.csv.gz --model model.json --at 2026-01-01 --output profiles.parquet",
            "churnwatch export profiles --source kafka --config churnwatch.toml --output profiles.csv.gz",
        ],
    ),
    (
        "churnwatch export alerts",
        &[
            "churnwatch export alerts history.csv.gz --model model.json --output alerts.parquet",
            "churnwatch export alerts --source kafka --config churnwatch.toml --output alerts.parquet",
        ],
    ),
    (
        "churnwatch export outcomes",
        &[
            "churnwatch export outcomes history.csv.gz --model model.json --output outcomes.csv",
            "churnwatch export outcomes --source kafka --config churnwatch.toml --output outcomes.parquet",
        ],
    ),
    ("churnwatch rekey", &["churnwatch rekey --config churnwatch.toml"]),
    (
        "churnwatch publish",
        &[
            "churnwatch publish history.csv.gz --config churnwatch.toml",
            "zcat history.csv.gz | churnwatch publish - --config churnwatch.toml",
        ],
    ),
    (
        "churnwatch topics",
        &[
            "churnwatch topics create --config churnwatch.toml --partitions 12",
            "churnwatch topics check --config churnwatch.toml",
        ],
    ),
    (
        "churnwatch topics create",
        &["churnwatch topics create --config churnwatch.toml --partitions 12 --replication-factor 3"],
    ),
    ("churnwatch topics check", &["churnwatch topics check --config churnwatch.toml"]),
    (
        "churnwatch doctor",
        &[
            "churnwatch doctor --config churnwatch.toml",
            "churnwatch doctor --config churnwatch.toml --json | jq -r '.checks[].findings[].remedy'",
        ],
    ),
    (
        "churnwatch rebuild",
        &["churnwatch rebuild --config churnwatch.toml --dry-run", "churnwatch rebuild --config churnwatch.toml"],
    ),
    (
        "churnwatch dead-letters",
        &[
            "churnwatch dead-letters list --since 7d --config churnwatch.toml",
            "churnwatch dead-letters replay --reason state-full --dry-run --config churnwatch.toml",
        ],
    ),
    (
        "churnwatch dead-letters list",
        &[
            "churnwatch dead-letters list --since 7d --limit 20 --config churnwatch.toml",
            "churnwatch dead-letters list --reason not-json --config churnwatch.toml --json",
        ],
    ),
    ("churnwatch dead-letters show", &["churnwatch dead-letters show 3@17 --config churnwatch.toml"]),
    (
        "churnwatch dead-letters replay",
        &[
            "churnwatch dead-letters replay --reason state-full --since 7d --dry-run --config churnwatch.toml",
            "churnwatch dead-letters replay 3@17 --all --yes --config churnwatch.toml",
        ],
    ),
    ("churnwatch webhooks", &["churnwatch webhooks --config churnwatch.toml"]),
    (
        "churnwatch webhooks test",
        &[
            "churnwatch webhooks test crm --config churnwatch.toml --dry-run",
            "churnwatch webhooks test crm --config churnwatch.toml",
        ],
    ),
    (
        "churnwatch inspect",
        &["churnwatch inspect c0000017", "churnwatch inspect c0000017 --json --url http://127.0.0.1:8080"],
    ),
    ("churnwatch forecast", &["churnwatch forecast --days 14"]),
    (
        "churnwatch forget",
        &[
            "churnwatch forget c0000017 --config churnwatch.toml",
            "churnwatch forget c0000017 --config churnwatch.toml --yes --json > receipt.json",
        ],
    ),
    (
        "churnwatch generate",
        &[
            "churnwatch generate --customers 1000 --days 400 --seed 1 --output shop.jsonl.gz",
            "churnwatch generate --customers 50 --days 100 --format csv | head -5",
        ],
    ),
    (
        "churnwatch replay",
        &[
            "churnwatch replay history.csv.gz --model model.json --until 2026-04-01 --alerts alerts.jsonl",
            "churnwatch replay history.csv.gz --dead-letters - --json | head -5",
            "churnwatch replay --source kafka --clock recorded --config churnwatch.toml --alerts alerts.jsonl",
        ],
    ),
    (
        "churnwatch train",
        &[
            "churnwatch train history.csv.gz --at 2026-01-01 --output model.json",
            "churnwatch train history.csv.gz --at 2026-01-01 --output model.json --precision 0.7,0.8,0.9 --card card.md",
        ],
    ),
    (
        "churnwatch evaluate",
        &["churnwatch evaluate history.csv.gz --model model.json --at 2026-01-01 --scores scores.jsonl"],
    ),
    (
        "churnwatch backtest",
        &[
            "churnwatch backtest history.csv.gz --model model.json --from 2026-01-01 --to 2026-08-01 --precision 0.8",
            "churnwatch backtest history.csv.gz --model model.json --from 2026-01-01 --to 2026-08-01 --capacity 5 --match",
        ],
    ),
    (
        "churnwatch compare",
        &["churnwatch compare history.csv.gz --champion old.json --challenger model.json --at 2026-01-01"],
    ),
    (
        "churnwatch report",
        &[
            "churnwatch report --outcomes outcomes.jsonl --html report.html",
            "churnwatch report --source kafka --config churnwatch.toml --period month --json",
        ],
    ),
    (
        "churnwatch optimize",
        &["churnwatch optimize --playbook playbook.toml --outcomes outcomes.jsonl --output next.toml"],
    ),
    ("churnwatch import", &["churnwatch import --silence head.json --base model.json --output imported.json"]),
    (
        "churnwatch promote",
        &[
            "churnwatch promote model.json --config churnwatch.toml",
            "churnwatch promote --previous --config churnwatch.toml",
        ],
    ),
    (
        "churnwatch config",
        &["churnwatch config check --config churnwatch.toml", "churnwatch config schema > config.schema.json"],
    ),
    (
        "churnwatch config check",
        &[
            "churnwatch config check --config churnwatch.toml",
            "churnwatch config check --config churnwatch.toml --sample orders.jsonl --topic shop.orders",
        ],
    ),
    ("churnwatch config print", &["churnwatch config print --config churnwatch.toml"]),
    ("churnwatch config schema", &["churnwatch config schema > config.schema.json"]),
    ("churnwatch schema", &["churnwatch schema alert > alert.schema.json"]),
    (
        "churnwatch completions",
        &["churnwatch completions bash > churnwatch.bash", "churnwatch completions zsh > _churnwatch"],
    ),
    ("churnwatch man", &["churnwatch man --output man1", "man -l man1/churnwatch-serve.1"]),
];

/// Columns of a shown example.
const WIDTH: usize = 76;

/// The examples of a command, by its name as `churnwatch topics create`.
pub fn examples(name: &str) -> &'static [&'static str] {
    EXAMPLES.iter().find(|(known, _)| *known == name).map_or(&[], |(_, examples)| examples)
}

/// An example as it is shown: one that is longer than a terminal is wide goes on in the next line, as a shell lets it.
pub fn shown(example: &str) -> String {
    let mut parts = example.split(" --");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    let mut width = shown.len();
    for part in parts {
        if width + " --".len() + part.len() > WIDTH {
            shown.push_str(" \\\n   ");
            width = "   ".len();
        }
        shown.push_str(" --");
        shown.push_str(part);
        width += " --".len() + part.len();
    }
    shown
}

/// The command line as it is parsed and as it is told of.
pub fn command() -> Command {
    let codes = EXIT_CODES.map(|(code, means)| format!("  {code:>2}  {means}")).join("\n");
    with_examples(Cli::command(), "churnwatch", &format!("\n\nExit codes:\n{codes}"))
}

fn with_examples(command: Command, name: &str, more: &str) -> Command {
    let mut help = String::from("Examples:");
    for example in examples(name) {
        help.push_str("\n  ");
        help.push_str(&shown(example).replace('\n', "\n  "));
    }
    let command = command.after_help(help + more);
    command.mut_subcommands(|below| {
        let name = format!("{name} {}", below.get_name());
        with_examples(below, &name, "")
    })
}
