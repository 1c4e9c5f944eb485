//! Whether the inputs are read, and how far: the group's members and its offsets against the ends.

use std::time::Duration;

use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::groups::Groups;
use crate::service::doctor::logs::{Look, Offsets};
use crate::wire::shapes::doctor::{Check, Severity};

/// Records that wait from which on it is asked how long it will take.
const MANY: i64 = 10_000;
/// How long catching up may take.
const CATCH_UP: Duration = Duration::from_mins(10);
/// How long a service may commit nothing while records wait.
pub const STANDS: Duration = Duration::from_secs(14);

/// Offsets that may be left behind the last record of a partition whatever is read: the ends of transactions.
const MARKERS: i64 = 10;

/// It ran, and does not.
const NOBODY_SERVES: Kind = Kind {
    code: "nobody-serves",
    severity: Severity::Error,
    means: "the group has read the inputs, and has no member now",
    remedy: "start `churnwatch serve`; where it ended by itself, the end of its log says why",
};
/// It has never run.
const NEVER_SERVED: Kind = Kind {
    code: "never-served",
    severity: Severity::Note,
    means: "nobody has read the inputs yet",
    remedy: "start `churnwatch serve`",
};
/// Nothing moves.
const STANDING: Kind = Kind {
    code: "standing",
    severity: Severity::Warning,
    means: "records wait and nothing is committed, as while partitions are restored or a long day closes; minutes of it are a fault",
    remedy: "run `churnwatch doctor` again in a minute; where it still stands, look at the log and restart the service",
};
/// It does not get on fast enough.
const BEHIND: Kind = Kind {
    code: "behind",
    severity: Severity::Warning,
    means: "many records wait, and at the pace seen they will for more than ten minutes",
    remedy: "wait if a backlog is being read; otherwise start more replicas of `churnwatch serve`, up to one worker a partition",
};
/// Gone before they were read.
const EVENTS_LOST: Kind = Kind {
    code: "events-lost",
    severity: Severity::Error,
    means: "records of an input were deleted before the group had read them",
    remedy: "keep {topic} longer (retention.ms, retention.bytes), and publish the lost events again",
};
/// Offsets of another topic.
const OFFSETS_BEYOND_END: Kind = Kind {
    code: "offsets-beyond-end",
    severity: Severity::Error,
    means: "the group has read further than an input reaches: the input was made anew",
    remedy: "stop every replica and run `churnwatch rebuild --yes`, which reads {topic} from its beginning",
};
/// Nothing to do for them.
const WORKERS_IDLE: Kind = Kind {
    code: "workers-idle",
    severity: Severity::Note,
    means: "more workers than partitions: the others wait until one goes",
    remedy: "start fewer replicas, or lower service.workers; more partitions need new topics, see \"More partitions\" in docs/operations.md",
};
/// Another one reads the same.
const ANOTHER_GROUP: Kind = Kind {
    code: "another-group",
    severity: Severity::Note,
    means: "another group of churnwatch reads the same inputs",
    remedy: "see that the group {group} has output topics and a changelog of its own, and no name that begins like this one's followed by a dash, or give all replicas one kafka.group_id",
};

/// What may be found here.
pub const KINDS: [&Kind; 8] = [
    &NOBODY_SERVES,
    &NEVER_SERVED,
    &STANDING,
    &BEHIND,
    &EVENTS_LOST,
    &OFFSETS_BEYOND_END,
    &WORKERS_IDLE,
    &ANOTHER_GROUP,
];

/// Places where records wait and nothing was committed between two looks.
pub fn standing(first: &Look, last: &Look) -> usize {
    let before = first.lag();
    let (Some(then), Some(now)) = (&first.committed, &last.committed) else { return 0 };
    before.iter().filter(|(place, lag)| **lag > MARKERS && now.get(*place) == then.get(*place)).count()
}

/// What it means; `partitions` of the inputs.
pub fn judge(groups: &Groups, first: &Look, last: &Look, partitions: usize) -> Checked {
    let mut findings = Vec::new();
    let (seconds, members) = (last.at.duration_since(first.at).as_secs_f64(), groups.members.len());
    let (before, after) = (sum(&first.lag()), sum(&last.lag()));
    let has_read = last.committed.as_ref().is_some_and(|committed| !committed.is_empty());
    let waits = format!("{} wait to be read", count(after as usize, "record"));
    let stands = standing(first, last);
    let pace = (before - after) as f64 / seconds.max(0.1);
    let is_long = after as f64 > pace * CATCH_UP.as_secs_f64();
    match members {
        0 if has_read => findings.push(NOBODY_SERVES.found(&groups.name, format!("no member; {waits}"), &[])),
        0 => findings.push(NEVER_SERVED.found(&groups.name, format!("no member, no offsets; {waits}"), &[])),
        _ if stands > 0 && last.at.duration_since(first.at) >= STANDS => {
            let seen = format!("{waits}; nothing was committed for {seconds:.0} s in {}", count(stands, "partition"));
            findings.push(STANDING.found(&groups.name, seen, &[]));
        }
        _ if after >= MANY && is_long => {
            let seen = format!("{waits}, {before} did {seconds:.0} s before");
            findings.push(BEHIND.found(&groups.name, seen, &[]));
        }
        _ => {}
    }
    findings.extend(misplaced(last));
    if members > partitions && partitions > 0 {
        let seen = format!("{}, {}", count(members, "worker"), count(partitions, "partition"));
        findings.push(WORKERS_IDLE.found(&groups.name, seen, &[]));
    }
    for other in &groups.others {
        findings.push(ANOTHER_GROUP.found(other, "it reads an input of this configuration", &[("group", other)]));
    }
    Checked::new(Check::Consumers, seen(groups, after), findings)
}

fn seen(groups: &Groups, waiting: i64) -> String {
    let mut hosts = groups.members.clone();
    hosts.sort_unstable();
    hosts.dedup();
    let hosts = if hosts.is_empty() { String::new() } else { format!(" on {}", hosts.join(", ")) };
    let state = if groups.state.is_empty() { "no group yet" } else { &groups.state };
    let (workers, waiting) = (count(groups.members.len(), "worker"), count(waiting as usize, "record"));
    format!("{workers}{hosts} ({state}), {waiting} to be read")
}

/// Offsets that lie before the beginning of an input, or behind its end.
fn misplaced(look: &Look) -> Vec<Finding> {
    let committed = look.committed.iter().flatten();
    let beyond = |kind: &'static Kind, topic: &str, partition: i32, text: String| {
        kind.found(topic, format!("partition {partition}: {text}"), &[("topic", topic)])
    };
    let found = committed.filter_map(|(place, at)| {
        let (topic, partition) = place;
        let (low, high) = (*look.lows.get(place)?, *look.highs.get(place)?);
        // One offset may have been the end of a transaction.
        if *at + 1 < low {
            let text = format!("{} gone between offset {at} and {low}", count((low - at) as usize, "record"));
            Some(beyond(&EVENTS_LOST, topic, *partition, text))
        } else if *at > high {
            Some(beyond(&OFFSETS_BEYOND_END, topic, *partition, format!("read up to {at}, the end is {high}")))
        } else {
            None
        }
    });
    found.collect()
}

fn sum(lag: &Offsets) -> i64 {
    lag.values().sum()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{judge, standing};
    use crate::service::doctor::groups::Groups;
    use crate::service::doctor::logs::Look;

    fn look(after: u64, committed: &[i64], low: i64, high: i64) -> Look {
        let inputs: Vec<(String, i32)> = (0..committed.len()).map(|at| ("events".to_owned(), at as i32)).collect();
        let of = |offset: i64| inputs.iter().map(|place| (place.clone(), offset)).collect();
        let at = Instant::now() + Duration::from_secs(after);
        let known = inputs.iter().cloned().zip(committed.iter().copied()).filter(|(_, offset)| *offset >= 0).collect();
        Look { at, lows: of(low), highs: of(high), stable: of(high), committed: Some(known), inputs }
    }

    fn found(members: usize, first: &Look, last: &Look) -> Vec<&'static str> {
        let groups =
            Groups { name: "g".into(), state: "Stable".into(), members: vec!["h".into(); members], others: Vec::new() };
        judge(&groups, first, last, 2).findings.iter().map(|finding| finding.kind.code).collect()
    }

    #[test]
    fn who_reads_and_how_far_is_told() {
        let (still, caught_up) = (look(0, &[5, 5], 0, 99), look(15, &[99, 99], 0, 99));
        assert!(found(1, &still, &caught_up).is_empty());
        assert_eq!(standing(&still, &look(15, &[5, 99], 0, 99)), 1);
        assert_eq!(found(1, &still, &look(15, &[5, 5], 0, 99)), ["standing"]);
        assert!(found(1, &still, &look(2, &[5, 5], 0, 99)).is_empty(), "two seconds are too short to say so");
        assert_eq!(found(0, &still, &caught_up), ["nobody-serves"]);
        assert_eq!(found(0, &look(0, &[-1], 0, 9), &look(2, &[-1], 0, 9)), ["never-served"]);
        assert_eq!(found(3, &caught_up, &caught_up), ["workers-idle"]);
    }

    #[test]
    fn a_backlog_is_told_by_its_pace() {
        let first = look(0, &[0, 0], 0, 1_000_000);
        assert_eq!(found(1, &first, &look(2, &[500, 500], 0, 1_000_000)), ["behind"]);
        assert!(found(1, &first, &look(2, &[50_000, 50_000], 0, 1_000_000)).is_empty());
    }

    #[test]
    fn offsets_outside_the_topic_are_told_apart() {
        let lost = look(0, &[2, 9], 5, 9);
        assert_eq!(found(1, &lost, &lost), ["events-lost"]);
        let anew = look(0, &[30, 9], 0, 9);
        assert_eq!(found(1, &anew, &anew), ["offsets-beyond-end"]);
    }
}
