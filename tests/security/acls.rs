//! The ACLs of docs/operations.md, given to the service's user by Kafka's own tool.

use std::path::Path;
use std::process::Command;

/// A row of the table: for which command, on which resource, which names, which operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) command: String,
    pub(crate) resource: String,
    pub(crate) names: Vec<String>,
    pub(crate) operations: Vec<String>,
}

/// The table.
pub(crate) fn table() -> Vec<Row> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    let (_, text) = text.split_once("### Permissions\n").unwrap();
    let (text, _) = text.split_once("\n### ").unwrap_or((text, ""));
    let list = |cell: &str| cell.split(", ").map(|one| one.trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = text.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [command, resource, names, operations] = cells[..4] else { panic!("{line}") };
        let command = command.trim_matches('`').to_owned();
        Row { command, resource: resource.into(), names: list(names), operations: list(operations) }
    });
    rows.collect()
}

/// One permission of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    pub(crate) operation: String,
    /// As the tool's option.
    pub(crate) resource: &'static str,
    pub(crate) name: String,
}

/// What the rows of `command` mean where topics and group are called after `tag`.
pub(crate) fn permissions(command: &str, tag: &str) -> Vec<Permission> {
    let mut found = Vec::new();
    for row in table().into_iter().filter(|row| row.command == command) {
        let resource = match row.resource.as_str() {
            "topic" => "--topic",
            "group" => "--group",
            "transactional id, prefixed" => "--transactional-id",
            other => panic!("{other}"),
        };
        for (name, operation) in row.names.iter().flat_map(|name| row.operations.iter().map(move |one| (name, one))) {
            let name = name.replacen("churn.", &format!("{tag}."), 1).replacen("churnwatch", tag, 1);
            // The bench has a name of its own for these.
            let name = name.replace("dead-letters", "dead");
            found.push(Permission { operation: operation.clone(), resource, name });
        }
    }
    found
}

/// Gives them to a user: one call of the tool for each operation and kind of pattern.
pub(crate) fn allow(bootstrap: &str, user: &str, permissions: &[Permission]) {
    let mut operations: Vec<&str> = permissions.iter().map(|one| one.operation.as_str()).collect();
    operations.sort_unstable();
    operations.dedup();
    let calls = operations.iter().flat_map(|operation| [(*operation, "literal"), (*operation, "prefixed")]);
    let running: Vec<_> = calls
        .filter_map(|(operation, pattern)| {
            let fits = |one: &&Permission| {
                one.operation == operation && (one.resource == "--transactional-id") == (pattern == "prefixed")
            };
            let resources: Vec<&str> =
                permissions.iter().filter(fits).flat_map(|one| [one.resource, one.name.as_str()]).collect();
            (!resources.is_empty()).then(|| {
                Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"))
                    .args(["tool", "AclCommand", "--bootstrap-server", bootstrap, "--add"])
                    .args(["--force", "--allow-principal", &format!("User:{user}"), "--operation", operation])
                    .args(["--resource-pattern-type", pattern])
                    .args(resources)
                    .output()
            })
        })
        .collect();
    for output in running {
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
