//! What the tries for permissions mean.

use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::permissions::{Answer, Resource, Try};
use crate::wire::shapes::doctor::{Check, Severity};

/// Kafka says no.
const PERMISSION_MISSING: Kind = Kind {
    code: "permission-missing",
    severity: Severity::Error,
    means: "Kafka's authorizer does not let this user do what `serve` does",
    remedy: "run `kafka-acls.sh --add --allow-principal User:USER --operation {operation} {option} {name}`; all that are needed stand in docs/operations.md under Permissions",
};
/// Nobody leads the groups.
const NO_GROUP_COORDINATOR: Kind = Kind {
    code: "no-group-coordinator",
    severity: Severity::Error,
    means: "no broker coordinates the consumer group",
    remedy: "look at the topic __consumer_offsets: offsets.topic.replication.factor must not exceed the number of brokers, and each of its partitions needs a leader",
};
/// Nobody leads the transactions.
const NO_TRANSACTION_COORDINATOR: Kind = Kind {
    code: "no-transaction-coordinator",
    severity: Severity::Error,
    means: "no broker coordinates transactions",
    remedy: "look at the topic __transaction_state: transaction.state.log.replication.factor and .min.isr must not exceed the number of brokers, and each of its partitions needs a leader",
};
/// No answer from topics.
const NO_ANSWER: Kind = Kind {
    code: "topic-unanswered",
    severity: Severity::Error,
    means: "brokers that lead partitions give no answer",
    remedy: "look at the brokers that lead {topic} and at the way to them, then run `churnwatch doctor` again",
};

/// What may be found here.
pub const KINDS: [&Kind; 4] = [&PERMISSION_MISSING, &NO_GROUP_COORDINATOR, &NO_TRANSACTION_COORDINATOR, &NO_ANSWER];

/// What the answers mean. Where topics give none, coordinators give none for the same reason.
pub fn judge(tries: &[Try]) -> Checked {
    let is_mute = |one: &&Try| one.resource == Resource::Topic && matches!(one.answer, Answer::Unclear(_));
    let mut mute: Vec<&str> = tries.iter().filter(is_mute).map(|one| one.name.as_str()).collect();
    mute.dedup();
    let mut findings: Vec<Finding> = tries.iter().filter_map(|one| finding(one, mute.is_empty())).collect();
    if !mute.is_empty() {
        let list = mute.join(", ");
        findings.push(NO_ANSWER.found("", format!("no answer from the leaders of {list}"), &[("topic", &list)]));
    }
    let given = tries.iter().filter(|one| one.answer == Answer::Yes).count();
    let seen =
        format!("{given} of {} that `serve` needs; nothing was written for it", count(tries.len(), "permission"));
    Checked::new(Check::Permissions, seen, findings)
}

fn finding(one: &Try, others_answer: bool) -> Option<Finding> {
    let Try { operation, resource, name, answer } = one;
    let (what, option, coordinator) = match resource {
        Resource::Topic => ("the topic ", "--topic", None),
        Resource::Group => ("the group ", "--group", Some(&NO_GROUP_COORDINATOR)),
        Resource::TransactionalId => (
            "transactional ids that begin with ",
            "--resource-pattern-type prefixed --transactional-id",
            Some(&NO_TRANSACTION_COORDINATOR),
        ),
    };
    match answer {
        Answer::Yes => None,
        Answer::No => {
            let names = [("operation", *operation), ("option", option), ("name", name)];
            Some(PERMISSION_MISSING.found(name, format!("no {operation} on {what}{name}"), &names))
        }
        Answer::Unclear(why) => coordinator.filter(|_| others_answer).map(|kind| kind.found(name, why, &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::service::doctor::permissions::{Answer, Resource, Try};

    #[test]
    fn what_is_refused_is_told_with_the_tool_that_allows_it() {
        let one = |resource, operation, answer| Try { operation, resource, name: "churnwatch-".into(), answer };
        let tries = [
            one(Resource::Topic, "Read", Answer::Yes),
            one(Resource::TransactionalId, "Write", Answer::No),
            one(Resource::Group, "Read", Answer::Unclear("no answer".into())),
        ];
        let checked = judge(&tries);
        let codes: Vec<&str> = checked.findings.iter().map(|one| one.kind.code).collect();
        assert_eq!(codes, ["permission-missing", "no-group-coordinator"]);
        assert!(
            checked.findings[0]
                .remedy
                .contains("--operation Write --resource-pattern-type prefixed --transactional-id churnwatch-`")
        );
        assert!(checked.seen.starts_with("1 of 3 permissions"), "{}", checked.seen);
        let mute = one(Resource::Topic, "Write", Answer::Unclear("timed out".into()));
        let checked = judge(&[mute, tries[2].clone()]);
        let codes: Vec<&str> = checked.findings.iter().map(|one| one.kind.code).collect();
        assert_eq!(codes, ["topic-unanswered"], "why no coordinator answers is told by that");
    }
}
