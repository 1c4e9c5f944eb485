//! Findings, and the checks that they come from.
//!
//! Invariant: a finding's remedy is its kind's, with the names filled in, so the document that lists kinds cannot lie.

use crate::wire::shapes::doctor::{Check, CheckResult, Severity};

/// A kind of finding. Names in braces stand for what is found: `{topic}`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name for machines, which never changes.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is the matter.
    pub means: &'static str,
    /// What to do, in one sentence.
    pub remedy: &'static str,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind.
    pub kind: &'static Kind,
    /// What it is about, as a topic; empty where the check says it.
    pub about: String,
    /// What was seen.
    pub seen: String,
    /// What to do.
    pub remedy: String,
}

impl Kind {
    /// One of this kind. `names` are what stands in braces in the remedy.
    pub fn found(&'static self, about: &str, seen: impl Into<String>, names: &[(&str, &str)]) -> Finding {
        let filled = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
        let remedy = names.iter().fold(self.remedy.to_owned(), filled);
        Finding { kind: self, about: about.into(), seen: seen.into(), remedy }
    }

    /// The remedy as documents show it, with the names in capitals.
    pub fn remedy_for_all(&self) -> String {
        let mut parts = self.remedy.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            text + &name.to_uppercase() + rest
        })
    }
}

/// A check that was made, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// What came of it.
    pub result: CheckResult,
    /// What it saw, or why it was skipped.
    pub seen: String,
    /// What it found, the worst first.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// A check with what it saw and found.
    pub fn new(check: Check, seen: impl Into<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.kind.severity);
        let result = if findings.is_empty() { CheckResult::Ok } else { CheckResult::Found };
        Self { check, result, seen: seen.into(), findings }
    }

    /// A check that could not be made for a reason that is told elsewhere.
    pub fn skipped(check: Check, why: impl Into<String>) -> Self {
        Self { check, result: CheckResult::Skipped, seen: why.into(), findings: Vec::new() }
    }
}

/// The look itself came to nothing.
pub const LOOK_FAILED: Kind = Kind {
    code: "look-failed",
    severity: Severity::Error,
    means: "the doctor could not look",
    remedy: "mend what else is found and run `churnwatch doctor` again",
};

/// The look did not end.
pub const UNFINISHED: Kind = Kind {
    code: "unfinished",
    severity: Severity::Error,
    means: "a check had not ended after 28 s, so something hangs",
    remedy: "look for a broker that stands still, a slow name server or a file on a network disk, and run `churnwatch doctor` again",
};

/// What may come of any check.
pub const KINDS: [&Kind; 2] = [&LOOK_FAILED, &UNFINISHED];

/// A check whose look failed.
pub fn failed(check: Check, fault: impl std::fmt::Display) -> Checked {
    Checked::new(check, "could not be looked at", vec![LOOK_FAILED.found("", fault.to_string(), &[])])
}

/// A count and its word, `partition` or `partitions`.
pub fn count(number: usize, word: &str) -> String {
    let ending = match (number, word.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{number} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::{Kind, count};
    use crate::wire::shapes::doctor::Severity;

    const KIND: Kind =
        Kind { code: "a", severity: Severity::Note, means: "m", remedy: "give {topic} to {group}, and {topic} again" };

    #[test]
    fn a_remedy_has_its_names_and_the_document_their_places() {
        let finding = KIND.found("t", "seen", &[("topic", "churn.events"), ("group", "churnwatch")]);
        assert_eq!(finding.remedy, "give churn.events to churnwatch, and churn.events again");
        assert_eq!(KIND.remedy_for_all(), "give TOPIC to GROUP, and TOPIC again");
        assert_eq!(
            [count(1, "record"), count(0, "record"), count(2, "address")],
            ["1 record", "0 records", "2 addresses"]
        );
    }
}
