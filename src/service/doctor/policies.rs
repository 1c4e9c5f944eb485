//! Whether what is written stays as long as it must, and goes when it must.

use crate::service::doctor::finding::{Finding, Kind};
use crate::service::doctor::topics::{Role, Topic, Topics};
use crate::service::kafka::topics::OUTCOME_DAYS;
use crate::wire::shapes::doctor::Severity;

const DAY_MILLIS: i64 = 86_400_000;
/// The largest batch that the service's producer sends, librdkafka's `message.max.bytes`.
const BATCH_BYTES: i64 = 1_000_000;

/// What must never go by age goes by age.
const CHANGELOG_POLICY: Kind = Kind {
    code: "policy-deletes",
    severity: Severity::Error,
    means: "a topic that must be compacted deletes by age or size: silent customers, or the model in force, are lost",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config cleanup.policy=compact`",
};
/// Events go by key.
const INPUT_COMPACTED: Kind = Kind {
    code: "input-compacted",
    severity: Severity::Error,
    means: "an input is compacted, which leaves of each customer the newest event alone",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config cleanup.policy=delete`, and write the lost events again",
};
/// A rebuild would know less.
const INPUT_RETENTION: Kind = Kind {
    code: "input-retention",
    severity: Severity::Warning,
    means: "an input forgets events that a rebuild would read, or by size what nobody has read yet",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config retention.ms=34560000000,retention.bytes=-1`, or longer",
};
/// A report would know less.
const OUTCOMES_RETENTION: Kind = Kind {
    code: "outcomes-retention",
    severity: Severity::Warning,
    means: "outcomes are kept for less than 400 days, so a report can't look back a year",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config retention.ms=34560000000`",
};
/// Erased ids stay on disk.
const ERASED_STAYS: Kind = Kind {
    code: "erased-stays",
    severity: Severity::Warning,
    means: "a compacted topic has no bound on compaction, so what was erased may stay on disk",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config max.compaction.lag.ms=604800000`",
};
/// Batches would be refused.
const MESSAGE_LIMIT: Kind = Kind {
    code: "message-limit",
    severity: Severity::Error,
    means: "a topic takes smaller batches than the service sends, so transactions fail",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config max.message.bytes=1048588`",
};

/// What may be found here.
pub const KINDS: [&Kind; 6] =
    [&CHANGELOG_POLICY, &INPUT_COMPACTED, &INPUT_RETENTION, &OUTCOMES_RETENTION, &ERASED_STAYS, &MESSAGE_LIMIT];

/// What is set wrongly; nothing of topics whose settings this user may not see.
pub fn judge(topics: &Topics) -> Vec<Finding> {
    topics.all.iter().filter(|topic| !topic.config.is_empty()).flat_map(of_topic).collect()
}

fn of_topic(topic: &Topic) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |kind: &'static Kind, seen: String| {
        findings.push(kind.found(&topic.name, seen, &[("topic", &topic.name)]));
    };
    let policy = topic.config.get("cleanup.policy").map_or("delete", String::as_str);
    let keeps_less = || shorter(topic, "retention.ms", OUTCOME_DAYS * DAY_MILLIS);
    match topic.role {
        Role::Changelog | Role::Risk | Role::Models => {
            if policy != "compact" {
                find(&CHANGELOG_POLICY, format!("cleanup.policy={policy}"));
            } else if topic.number("max.compaction.lag.ms").is_some_and(|lag| lag > OUTCOME_DAYS * DAY_MILLIS) {
                find(&ERASED_STAYS, "max.compaction.lag.ms is unlimited".into());
            }
        }
        Role::Input => {
            if policy.contains("compact") {
                find(&INPUT_COMPACTED, format!("cleanup.policy={policy}"));
            } else if let Some(seen) = keeps_less().or_else(|| shorter(topic, "retention.bytes", i64::MAX)) {
                find(&INPUT_RETENTION, seen);
            }
        }
        Role::Merges => {
            if policy.contains("compact") {
                find(&INPUT_COMPACTED, format!("cleanup.policy={policy}"));
            }
        }
        Role::Outcomes => {
            if let Some(seen) = keeps_less() {
                find(&OUTCOMES_RETENTION, seen);
            }
        }
        Role::Output | Role::DeadLetters => {}
    }
    if let Some(bytes) = topic.number("max.message.bytes").filter(|bytes| topic.is_written() && *bytes < BATCH_BYTES) {
        find(&MESSAGE_LIMIT, format!("max.message.bytes={bytes}, the service sends up to {BATCH_BYTES}"));
    }
    findings
}

/// A bound that is below `least`; −1 is none.
fn shorter(topic: &Topic, property: &str, least: i64) -> Option<String> {
    let bound = topic.number(property).filter(|bound| (0..least).contains(bound))?;
    let days = if property == "retention.ms" { format!(", {} days", bound / DAY_MILLIS) } else { String::new() };
    Some(format!("{property}={bound}{days}"))
}

#[cfg(test)]
mod tests {
    use super::of_topic;
    use crate::service::doctor::topics::{Presence, Role, Topic};

    fn found(role: Role, config: &[(&str, &str)]) -> Vec<&'static str> {
        let config = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let topic = Topic { name: "t".into(), role, presence: Presence::There, partitions: Vec::new(), config };
        of_topic(&topic).into_iter().map(|finding| finding.kind.code).collect()
    }

    #[test]
    fn what_must_stay_must_not_go_and_what_was_erased_must() {
        let compacted = [("cleanup.policy", "compact"), ("max.compaction.lag.ms", "604800000")];
        for role in [Role::Changelog, Role::Risk, Role::Models] {
            assert!(found(role, &compacted).is_empty());
            assert_eq!(found(role, &[("cleanup.policy", "delete")]), ["policy-deletes"]);
            assert_eq!(found(role, &[("cleanup.policy", "compact,delete")]), ["policy-deletes"]);
            let unbounded = [("cleanup.policy", "compact"), ("max.compaction.lag.ms", "9223372036854775807")];
            assert_eq!(found(role, &unbounded), ["erased-stays"]);
        }
        assert_eq!(found(Role::Changelog, &[compacted[0], ("max.message.bytes", "100000")]), ["message-limit"]);
        assert_eq!(found(Role::Input, &[("cleanup.policy", "compact,delete")]), ["input-compacted"]);
        assert_eq!(found(Role::Input, &[("retention.ms", "604800000")]), ["input-retention"]);
        assert_eq!(found(Role::Input, &[("retention.ms", "-1"), ("retention.bytes", "9")]), ["input-retention"]);
        assert!(found(Role::Input, &[("retention.ms", "-1"), ("retention.bytes", "-1")]).is_empty());
        assert_eq!(found(Role::Outcomes, &[("retention.ms", "604800000")]), ["outcomes-retention"]);
        assert!(found(Role::DeadLetters, &[("retention.ms", "604800000")]).is_empty());
    }
}
