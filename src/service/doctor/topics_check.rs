//! What the rules say of the topics, put together: one check.

use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::topics::{Presence, Topic, Topics};
use crate::service::doctor::{layout, policies, replicas};
use crate::wire::shapes::doctor::{Check, Severity};

/// Nothing is shown of how a topic is set.
const POLICIES_HIDDEN: Kind = Kind {
    code: "policies-hidden",
    severity: Severity::Note,
    means: "this user may not see how the topics are set, so their policies were not checked",
    remedy: "allow DescribeConfigs on {topic} by `kafka-acls.sh`, or run the doctor as an operator",
};

/// What may be found here, besides what the rules know.
pub const KINDS: [&Kind; 1] = [&POLICIES_HIDDEN];

/// What it means.
pub fn judge(topics: &Topics) -> Checked {
    let mut findings = layout::judge(topics);
    findings.extend(policies::judge(topics));
    findings.extend(replicas::judge(topics));
    findings.extend(hidden(topics));
    let there: Vec<&Topic> = topics.all.iter().filter(|topic| topic.presence == Presence::There).collect();
    let copies = there.iter().flat_map(|topic| topic.partitions.iter().map(|one| one.copies)).min().unwrap_or_default();
    let inputs = topics
        .partitions()
        .map_or_else(String::new, |number| format!(", inputs of {}", count(number as usize, "partition")));
    let seen = format!("{} of {} there{inputs}, {}", there.len(), count(topics.all.len(), "topic"), at_least(copies));
    Checked::new(Check::Topics, seen, findings)
}

fn at_least(copies: usize) -> String {
    match copies {
        0 => "no copies".into(),
        1 => "one copy of each partition".into(),
        copies => format!("{copies} copies of each partition at least"),
    }
}

fn hidden(topics: &Topics) -> Option<Finding> {
    let hidden = topics.all.iter().filter(|topic| topic.presence == Presence::There && topic.config.is_empty());
    let names: Vec<&str> = hidden.map(|topic| topic.name.as_str()).collect();
    let list = names.join(", ");
    (!names.is_empty()).then(|| POLICIES_HIDDEN.found("", format!("nothing is shown of {list}"), &[("topic", &list)]))
}
