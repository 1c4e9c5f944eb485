//! Whether the topics are there and fit together.

use crate::service::doctor::finding::{Finding, Kind, count};
use crate::service::doctor::topics::{Presence, Role, Topic, Topics};
use crate::wire::shapes::doctor::Severity;

/// Not there.
const TOPICS_MISSING: Kind = Kind {
    code: "topics-missing",
    severity: Severity::Error,
    means: "topics of the configuration are not there",
    remedy: "make them by `churnwatch topics create --config FILE`, or mend their names in [topics]",
};
/// A customer's events would not meet.
const INPUTS_DIFFER: Kind = Kind {
    code: "inputs-differ",
    severity: Severity::Error,
    means: "the inputs have different numbers of partitions, so a customer's events do not meet in one worker",
    remedy: "make the inputs anew with one number of partitions, and write the events into them by customer id: {topic}",
};
/// The changelog does not fit.
const CHANGELOG_PARTITIONS: Kind = Kind {
    code: "changelog-partitions",
    severity: Severity::Error,
    means: "the changelog has another number of partitions than the inputs",
    remedy: "stop every replica, delete {topic}, and run `churnwatch topics create --partitions {partitions}`",
};

/// What may be found here.
pub const KINDS: [&Kind; 3] = [&TOPICS_MISSING, &INPUTS_DIFFER, &CHANGELOG_PARTITIONS];

/// What does not fit.
pub fn judge(topics: &Topics) -> Vec<Finding> {
    let mut findings = Vec::new();
    let missing = topics.all.iter().filter(|topic| topic.presence == Presence::Missing);
    let missing: Vec<&str> = missing.map(|topic| topic.name.as_str()).collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        let seen = format!("{} of {} not there: {list}", missing.len(), count(topics.all.len(), "topic"));
        findings.push(TOPICS_MISSING.found("", seen, &[]));
    }
    let inputs = topics.of(Role::Input).chain(topics.of(Role::Merges));
    let inputs: Vec<&Topic> = inputs.filter(|topic| topic.presence == Presence::There).collect();
    let Some(first) = inputs.first().map(|topic| topic.partitions.len()) else { return findings };
    if inputs.iter().any(|topic| topic.partitions.len() != first) {
        let counts = inputs.iter().map(|topic| format!("{} has {}", topic.name, topic.partitions.len()));
        let names: Vec<&str> = inputs.iter().map(|topic| topic.name.as_str()).collect();
        let seen = counts.collect::<Vec<String>>().join(", ");
        findings.push(INPUTS_DIFFER.found("topics.events", seen, &[("topic", &names.join(", "))]));
        return findings;
    }
    let changelogs = topics.of(Role::Changelog);
    findings.extend(changelogs.filter(|one| one.presence == Presence::There && one.partitions.len() != first).map(
        |one| {
            let seen = format!("{}, the inputs have {first}", count(one.partitions.len(), "partition"));
            let names = [("topic", one.name.as_str()), ("partitions", &first.to_string())];
            CHANGELOG_PARTITIONS.found(&one.name, seen, &names)
        },
    ));
    findings
}
