//! Whether the copies of the partitions are there, and enough of them.

use std::collections::BTreeMap;

use crate::service::doctor::finding::{Finding, Kind, count};
use crate::service::doctor::topics::{Partition, Topic, Topics};
use crate::wire::shapes::doctor::Severity;

/// Nobody leads it.
const PARTITION_OFFLINE: Kind = Kind {
    code: "partition-offline",
    severity: Severity::Error,
    means: "a partition has no leader, so nothing of it can be read or written",
    remedy: "start the brokers that hold copies of {topic}; `kafka-topics.sh --describe --unavailable-partitions` names them",
};
/// Writes are refused.
const TOO_FEW_IN_SYNC: Kind = Kind {
    code: "too-few-in-sync",
    severity: Severity::Error,
    means: "fewer copies are in sync than min.insync.replicas wants, so every write is refused",
    remedy: "start the brokers that lag behind for {topic}, or mend their disks or network",
};
/// A copy is behind.
const OUT_OF_SYNC: Kind = Kind {
    code: "out-of-sync",
    severity: Severity::Warning,
    means: "copies of a partition are not in sync",
    remedy: "start the brokers that lag behind for {topic}; `kafka-topics.sh --describe --under-replicated-partitions` names them",
};
/// A broken disk is a lost topic.
const ONE_COPY: Kind = Kind {
    code: "one-copy",
    severity: Severity::Warning,
    means: "a topic has one copy although there are several brokers: what breaks one loses it",
    remedy: "give it more copies by `kafka-reassign-partitions.sh`, or make the topics with `churnwatch topics create --replication-factor 3`: {topic}",
};
/// Acknowledged by one.
const ONE_IN_SYNC: Kind = Kind {
    code: "one-in-sync",
    severity: Severity::Warning,
    means: "a record counts as written when one of several brokers has it",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name NAME --add-config min.insync.replicas=2` for each of {topic}",
};
/// A restart stops writing.
const ALL_IN_SYNC: Kind = Kind {
    code: "all-in-sync",
    severity: Severity::Warning,
    means: "min.insync.replicas is the number of copies, so writing stops while one broker restarts",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name NAME --add-config min.insync.replicas=N`, with one less than there are copies, for each of {topic}",
};
/// Acknowledged and lost.
const UNCLEAN_ELECTION: Kind = Kind {
    code: "unclean-election",
    severity: Severity::Warning,
    means: "a broker that lags behind may become leader, which loses records that were acknowledged",
    remedy: "run `kafka-configs.sh --alter --entity-type topics --entity-name NAME --add-config unclean.leader.election.enable=false` for each of {topic}",
};

/// What may be found here.
pub const KINDS: [&Kind; 7] =
    [&PARTITION_OFFLINE, &TOO_FEW_IN_SYNC, &OUT_OF_SYNC, &ONE_COPY, &ONE_IN_SYNC, &ALL_IN_SYNC, &UNCLEAN_ELECTION];

/// What is wrong with the copies: one finding a kind, however many topics it holds for.
pub fn judge(topics: &Topics) -> Vec<Finding> {
    let mut found: BTreeMap<&'static str, (&'static Kind, Vec<&str>, Vec<String>)> = BTreeMap::new();
    for topic in &topics.all {
        for (kind, seen) in of_topic(topic, topics.brokers) {
            let (_, names, all) = found.entry(kind.code).or_insert((kind, Vec::new(), Vec::new()));
            names.push(&topic.name);
            all.push(format!("{}: {seen}", topic.name));
        }
    }
    let told = found.into_values().map(|(kind, names, seen)| {
        let about = if names.len() == 1 { names.concat() } else { String::new() };
        kind.found(&about, seen.join("; "), &[("topic", &names.join(", "))])
    });
    told.collect()
}

fn of_topic(topic: &Topic, brokers: usize) -> Vec<(&'static Kind, String)> {
    let mut found: Vec<(&'static Kind, String)> = Vec::new();
    let in_sync = topic.number("min.insync.replicas").map(|number| number as usize);
    let which = |is: &dyn Fn(&Partition) -> bool| {
        let numbers: Vec<String> =
            topic.partitions.iter().filter(|one| is(one)).map(|one| one.number.to_string()).collect();
        let word = if numbers.len() == 1 { "partition" } else { "partitions" };
        (!numbers.is_empty()).then(|| format!("{word} {} of {}", numbers.join(", "), topic.partitions.len()))
    };
    let short = |one: &Partition| in_sync.is_some_and(|least| one.in_sync < least);
    found.extend(which(&|one| !one.is_led).map(|seen| (&PARTITION_OFFLINE, format!("no leader of {seen}"))));
    let too_few = which(&|one| one.is_led && short(one));
    found.extend(too_few.map(|seen| (&TOO_FEW_IN_SYNC, format!("too few for {} in {seen}", in_sync.unwrap_or(1)))));
    let behind = which(&|one| one.is_led && !short(one) && one.in_sync < one.copies);
    found.extend(behind.map(|seen| (&OUT_OF_SYNC, format!("behind in {seen}"))));
    let copies = topic.partitions.iter().map(|one| one.copies).min().unwrap_or_default();
    match (copies, in_sync) {
        (1, _) if brokers > 1 => found.push((&ONE_COPY, format!("1 copy, {}", count(brokers, "broker")))),
        (3.., Some(1)) => found.push((&ONE_IN_SYNC, format!("{copies} copies, min.insync.replicas=1"))),
        (2.., Some(least)) if least >= copies => {
            found.push((&ALL_IN_SYNC, format!("{copies} copies, min.insync.replicas={least}")));
        }
        _ => {}
    }
    if copies > 1 && topic.config.get("unclean.leader.election.enable").is_some_and(|value| value == "true") {
        found.push((&UNCLEAN_ELECTION, "unclean.leader.election.enable=true".into()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{judge, of_topic};
    use crate::service::doctor::topics::{Partition, Presence, Role, Topic, Topics};

    fn topic(copies: usize, in_sync: usize, config: &[(&str, &str)]) -> Topic {
        let partitions = vec![Partition { number: 0, is_led: in_sync > 0, copies, in_sync }];
        let config = config.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Topic { name: "t".into(), role: Role::Output, presence: Presence::There, partitions, config }
    }

    fn found(topic: &Topic, brokers: usize) -> Vec<&'static str> {
        of_topic(topic, brokers).into_iter().map(|(kind, _)| kind.code).collect()
    }

    #[test]
    fn copies_that_lack_are_told_by_what_they_cost() {
        let two = [("min.insync.replicas", "2")];
        assert!(found(&topic(3, 3, &two), 3).is_empty());
        assert!(found(&topic(1, 1, &[("min.insync.replicas", "1")]), 1).is_empty(), "one broker has no more");
        assert_eq!(found(&topic(1, 1, &[]), 3), ["one-copy"]);
        assert_eq!(found(&topic(3, 2, &two), 3), ["out-of-sync"]);
        assert_eq!(found(&topic(3, 1, &two), 3), ["too-few-in-sync"]);
        assert_eq!(found(&topic(3, 0, &two), 3), ["partition-offline"]);
        assert_eq!(found(&topic(3, 3, &[("min.insync.replicas", "1")]), 3), ["one-in-sync"]);
        assert_eq!(found(&topic(2, 2, &two), 3), ["all-in-sync"]);
        let unclean = [two[0], ("unclean.leader.election.enable", "true")];
        assert_eq!(found(&topic(3, 3, &unclean), 3), ["unclean-election"]);
    }

    #[test]
    fn several_topics_with_one_trouble_are_one_finding() {
        let other = Topic { name: "u".into(), ..topic(3, 2, &[]) };
        let all = judge(&Topics { all: vec![topic(3, 2, &[]), other], brokers: 3 });
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].remedy.contains("t, u"), "{all:?}");
        assert_eq!(all[0].seen, "t: behind in partition 0 of 1; u: behind in partition 0 of 1");
    }
}
