//! The clocks of whoever writes, against this machine's. Kafka tells nobody its time, so the stamps of records and of the
//! ends of transactions must do.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::Offset;

use crate::engine::day::Millis;
use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::logs::{Look, Lookers, Place, offsets};
use crate::service::doctor::time_left::TimeLeft;
use crate::service::doctor::topics::{Topic, Topics};
use crate::wire::shapes::doctor::{Check, Severity};

/// How far clocks may be apart.
const APART: Duration = Duration::from_mins(1);
/// What is asked for besides, to say how far at least.
const FURTHER: [Duration; 3] = [Duration::from_mins(10), Duration::from_hours(1), Duration::from_hours(24)];

/// From the future.
const CLOCK_AHEAD: Kind = Kind {
    code: "clock-ahead",
    severity: Severity::Warning,
    means: "records are stamped later than this machine's time: from an hour on their events are refused, and days close too early",
    remedy: "set by NTP the clocks of this machine and of those that write into {topic}; brokers stamp too, where transactions end or message.timestamp.type is LogAppendTime",
};
/// From the past.
const CLOCK_BEHIND: Kind = Kind {
    code: "clock-behind",
    severity: Severity::Warning,
    means: "what the service and the brokers write now is stamped earlier than this machine's time",
    remedy: "set by NTP the clocks of this machine, of the service's and of the brokers, which write into {topic}",
};

/// What may be found here.
pub const KINDS: [&Kind; 2] = [&CLOCK_AHEAD, &CLOCK_BEHIND];

/// What the stamps say.
#[derive(Debug, Default)]
pub struct Stamps {
    /// Partitions with a record that is so far ahead, by topic; the furthest that was asked for.
    ahead: BTreeMap<String, (usize, Duration)>,
    /// Partitions of ours that have grown between two looks, and those of them whose new records are stamped too early.
    grown: usize,
    behind: BTreeMap<String, usize>,
}

/// Asks for stamps beyond `now`, and for those of what came between two looks, the first of which was at `begun`.
pub fn look(
    lookers: &Lookers,
    topics: &Topics,
    looks: (&Look, &Look),
    (begun, now): (Millis, Millis),
    time: TimeLeft,
) -> Result<Stamps, KafkaError> {
    let after = |places: &[Place], millis: i64| offsets(&lookers.all, places, Offset::Offset(millis), time);
    let mut places = topics.places(|_| true);
    let mut stamps = Stamps::default();
    for ahead in std::iter::once(APART).chain(FURTHER) {
        let found = after(&places, now.0 + ahead.as_millis() as i64)?;
        places = found.into_keys().collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (topic, _) in &places {
            *counts.entry(topic).or_default() += 1;
        }
        for (topic, partitions) in counts {
            let known = stamps.ahead.entry(topic.to_owned()).or_insert((partitions, ahead));
            known.1 = ahead;
        }
        if places.is_empty() {
            break;
        }
    }
    let (first, last) = looks;
    let mut grown = topics.places(Topic::is_written);
    grown.retain(|place| first.highs.get(place) < last.highs.get(place));
    stamps.grown = grown.len();
    let fresh = after(&grown, begun.0 - APART.as_millis() as i64)?;
    for (topic, _) in grown.into_iter().filter(|place| !fresh.contains_key(place)) {
        *stamps.behind.entry(topic).or_default() += 1;
    }
    Ok(stamps)
}

/// What it means.
pub fn judge(stamps: &Stamps, partitions: usize) -> Checked {
    let ahead = stamps.ahead.iter().map(|(topic, (partitions, ahead))| {
        let seen = format!(
            "records in {} are stamped more than {} ahead",
            count(*partitions, "partition"),
            humantime::format_duration(*ahead)
        );
        CLOCK_AHEAD.found(topic, seen, &[("topic", topic)])
    });
    let behind = stamps.behind.iter().map(|(topic, partitions)| {
        let seen = format!(
            "new records in {} are stamped more than {} ago",
            count(*partitions, "partition"),
            humantime::format_duration(APART)
        );
        CLOCK_BEHIND.found(topic, seen, &[("topic", topic)])
    });
    let findings: Vec<Finding> = ahead.chain(behind).collect();
    let seen = format!(
        "stamps of {} against this machine's time; {} of ours had new records meanwhile",
        count(partitions, "partition"),
        stamps.grown
    );
    Checked::new(Check::Clocks, seen, findings)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Stamps, judge};

    #[test]
    fn how_far_ahead_and_behind_is_said() {
        assert!(judge(&Stamps::default(), 7).findings.is_empty());
        let ahead = [("events".to_owned(), (2, Duration::from_mins(10)))].into();
        let stamps = Stamps { ahead, grown: 3, behind: [("profiles".to_owned(), 3)].into() };
        let checked = judge(&stamps, 7);
        let seen: Vec<&str> = checked.findings.iter().map(|one| one.seen.as_str()).collect();
        assert_eq!(
            seen,
            [
                "records in 2 partitions are stamped more than 10m ahead",
                "new records in 3 partitions are stamped more than 1m ago"
            ]
        );
        assert!(checked.findings[0].remedy.contains("into events"));
    }
}
