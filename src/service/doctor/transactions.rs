//! Transactions that stay open: readers of committed records wait behind them, and so does a restore.

use std::collections::BTreeMap;

use crate::service::doctor::finding::{Checked, Kind, count};
use crate::service::doctor::logs::{Look, Offsets, Place};
use crate::service::doctor::topics::{Role, Topics};
use crate::wire::shapes::doctor::{Check, Severity};

/// Ours does not end.
const TRANSACTION_HANGING: Kind = Kind {
    code: "transaction-hanging",
    severity: Severity::Error,
    means: "a transaction in a topic of ours stays open although the broker should have ended it: readers and restores wait",
    remedy: "find it by `kafka-transactions.sh find-hanging --topic {topic} --partition {partition}` and end it by `kafka-transactions.sh abort`; where it is not found, restart the broker that coordinates it",
};
/// Theirs takes its time.
const TRANSACTION_OPEN: Kind = Kind {
    code: "transaction-open",
    severity: Severity::Warning,
    means: "a transaction in an input stays open: nothing behind it is read",
    remedy: "look at the producer that writes into {topic}: it may hold transactions open by intent, as Flink between two checkpoints; otherwise `kafka-transactions.sh find-hanging --topic {topic} --partition {partition}` finds it",
};

/// What may be found here.
pub const KINDS: [&Kind; 2] = [&TRANSACTION_HANGING, &TRANSACTION_OPEN];

/// The places whose transaction was open at the first look and is at the last: their stable offset, below the first end.
pub fn standing(first: &Look, last: &Look) -> Offsets {
    let stands = |place: &Place, stable: i64| {
        let end = first.highs.get(place);
        end.is_some_and(|end| stable < *end) && last.stable.get(place) == Some(&stable)
    };
    let places = first.stable.iter().filter(|(place, stable)| stands(place, **stable));
    places.map(|(place, stable)| (place.clone(), *stable)).collect()
}

/// What it means that they stood from the first look to the last.
pub fn judge(topics: &Topics, first: &Look, last: &Look) -> Checked {
    let seconds = last.at.duration_since(first.at).as_secs_f64();
    let standing = standing(first, last);
    let mut by_topic: BTreeMap<&str, Vec<(i32, i64)>> = BTreeMap::new();
    for ((topic, partition), stable) in &standing {
        by_topic.entry(topic).or_default().push((*partition, *stable));
    }
    let findings = by_topic.into_iter().filter_map(|(topic, places)| {
        let (partition, stable) = places.first()?;
        let end = last.highs.get(&(topic.to_owned(), *partition)).copied().unwrap_or_default();
        let seen = format!(
            "open for {seconds:.0} s at least in {}; in partition {partition} all is decided up to offset {stable} of {end}",
            count(places.len(), "partition")
        );
        let is_input = topics.of(Role::Input).any(|input| input.name == topic);
        let kind = if is_input { &TRANSACTION_OPEN } else { &TRANSACTION_HANGING };
        Some(kind.found(topic, seen, &[("topic", topic), ("partition", &partition.to_string())]))
    });
    let findings = findings.collect();
    let seen = format!("{} looked at over {seconds:.0} s", count(first.highs.len(), "partition"));
    Checked::new(Check::Transactions, seen, findings)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::standing;
    use crate::service::doctor::logs::{Look, Offsets};

    fn look(after: u64, ends: [(i64, i64); 3]) -> Look {
        let of = |which: fn((i64, i64)) -> i64| -> Offsets {
            ends.iter().enumerate().map(|(at, end)| (("t".to_owned(), at as i32), which(*end))).collect()
        };
        let at = Instant::now() + Duration::from_secs(after);
        Look {
            at,
            lows: Offsets::new(),
            highs: of(|(_, high)| high),
            stable: of(|(low, _)| low),
            inputs: Vec::new(),
            committed: None,
        }
    }

    #[test]
    fn what_moves_does_not_hang() {
        let first = look(0, [(5, 9), (5, 9), (9, 9)]);
        let last = look(15, [(5, 12), (9, 12), (9, 12)]);
        let found: Vec<i32> = standing(&first, &last).into_keys().map(|(_, partition)| partition).collect();
        assert_eq!(found, [0], "the second moved on, the third has a transaction that began after the first look");
    }
}
