//! Every kind of finding, check by check: what docs/operations.md lists.

use crate::service::doctor::finding::Kind;
use crate::service::doctor::{
    brokers, clocks, configuration, consumers, finding, layout, letters, memory, model, policies, replicas, rights,
    schema_registry, service, state, topics_check, transactions,
};
use crate::wire::shapes::doctor::Check;

/// The kinds that a check may find.
pub fn kinds(check: Check) -> Vec<&'static Kind> {
    match check {
        Check::Configuration => configuration::KINDS.to_vec(),
        Check::Brokers => brokers::KINDS.to_vec(),
        Check::SchemaRegistry => schema_registry::KINDS.to_vec(),
        Check::Topics => [&layout::KINDS[..], &policies::KINDS, &replicas::KINDS, &topics_check::KINDS].concat(),
        Check::Permissions => rights::KINDS.to_vec(),
        Check::Transactions => transactions::KINDS.to_vec(),
        Check::Consumers => consumers::KINDS.to_vec(),
        Check::Clocks => clocks::KINDS.to_vec(),
        Check::State => state::KINDS.to_vec(),
        Check::Model => model::KINDS.to_vec(),
        Check::DeadLetters => letters::KINDS.to_vec(),
        Check::Service => service::KINDS.to_vec(),
        Check::Memory => memory::KINDS.to_vec(),
    }
}

/// The kinds that any check may find.
pub const ANY: [&Kind; 2] = finding::KINDS;

/// All findings as a Markdown table: part of docs/operations.md.
pub fn document() -> String {
    let row = |check: &str, kind: &Kind| {
        let (code, severity) = (kind.code, kind.severity.word());
        format!("| {check} | `{code}` | {severity} | {} | {} |\n", kind.means, kind.remedy_for_all())
    };
    let rows = Check::ALL.into_iter().flat_map(|check| kinds(check).into_iter().map(move |kind| (check.words(), kind)));
    let rows = rows.chain(ANY.into_iter().map(|kind| ("any", kind)));
    let rows: Vec<String> = rows.map(|(check, kind)| row(check, kind)).collect();
    format!(
        "| check | finding | severity | what is the matter | what to do |\n|---|---|---|---|---|\n{}",
        rows.concat()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ANY, kinds};
    use crate::wire::shapes::doctor::Check;

    #[test]
    fn no_two_kinds_have_one_name_and_each_remedy_is_one_sentence() {
        let all: Vec<_> = Check::ALL.into_iter().flat_map(kinds).chain(ANY).collect();
        let names: BTreeSet<&str> = all.iter().map(|kind| kind.code).collect();
        assert_eq!(names.len(), all.len());
        for kind in all {
            assert!(kind.code.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'), "{kind:?}");
            assert!(
                !kind.remedy.contains(". ") && !kind.remedy.ends_with('.') && !kind.means.contains('|'),
                "{kind:?}"
            );
        }
    }
}
