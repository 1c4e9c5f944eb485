//! What the changelog says of the partitions: the newest record of each, read from the tail of the topic.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;

use crate::config::file::Clock;
use crate::config::settings::Settings;
use crate::engine::day::{Day, Millis};
use crate::processor::setup::CLOSE_BUDGET;
use crate::service::doctor::finding::{Checked, Kind, count};
use crate::service::doctor::tail;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::doctor::topics::Topic;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::end;
use crate::service::kafka::read::reader;
use crate::wire::calendar::{day_text, local_day};
use crate::wire::changelog::ChangelogFault;
use crate::wire::partition_record::{ChangelogKey, PartitionRecord};
use crate::wire::shapes::doctor::{Check, Severity};

/// How long reading may take.
const READ: Duration = Duration::from_secs(8);
/// Most partitions that are looked at.
const MOST_PARTITIONS: usize = 24;
/// Offsets from the end: a transaction holds no more of a close, and the partition record is its last.
const TAIL: i64 = CLOSE_BUDGET as i64 + 1_000;
/// Days, besides today, that may be open.
const OPEN_DAYS: i32 = 2;

/// It cannot be read.
const CHANGELOG_UNREADABLE: Kind = Kind {
    code: "changelog-unreadable",
    severity: Severity::Error,
    means: "the changelog was written by another release, or is damaged: `serve` stops at it",
    remedy: "start the release that wrote {topic}, or stop every replica and run `churnwatch rebuild --yes`",
};
/// The settings are others.
const SETTINGS_CHANGED: Kind = Kind {
    code: "settings-changed",
    severity: Severity::Error,
    means: "settings that are part of the state (zone, currency, rates, lateness, horizon, salt, erasure secret, identity.merge, number of partitions) are not those of the changelog: `serve` refuses to start",
    remedy: "put them back as they were, or stop every replica and run `churnwatch rebuild --yes`",
};
/// Days do not close.
const DAY_OPEN: Kind = Kind {
    code: "day-open",
    severity: Severity::Warning,
    means: "days that are over are not closed, so nobody is warned",
    remedy: "look whether the service runs and its inputs move: a day closes when all that is there was read and an input moved within time.source_silence",
};

/// What may be found here.
pub const KINDS: [&Kind; 3] = [&CHANGELOG_UNREADABLE, &SETTINGS_CHANGED, &DAY_OPEN];

/// The newest record of each partition that has one.
pub type Records = BTreeMap<u32, Result<PartitionRecord, ChangelogFault>>;

/// Reads the tails of the changelog's first partitions.
pub fn look(settings: &Settings, changelog: &Topic, time: TimeLeft) -> Result<Records, ServiceFault> {
    let starts: Vec<(i32, Offset)> =
        changelog.led().take(MOST_PARTITIONS).map(|number| (number, Offset::OffsetTail(TAIL))).collect();
    let (reader, within, mut records) = (reader(settings)?, TimeLeft::of(time.bound(READ)), Records::new());
    let most = starts.len() * TAIL as usize;
    let read = tail::read(&reader, &changelog.name, &starts, most, within, |message| {
        let key = message.key().and_then(ChangelogKey::read);
        if let (Some(ChangelogKey::Partition(number)), Some(value)) = (key, message.payload()) {
            records.insert(number, PartitionRecord::read(value));
        }
    });
    end(reader);
    read.map_err(|fault| tail::fault(&changelog.name, &fault))?;
    Ok(records)
}

/// What it means at `now`.
pub fn judge(settings: &Settings, changelog: &Topic, records: &Records, now: Millis) -> Checked {
    let (topic, partitions) = (changelog.name.as_str(), changelog.partitions.len() as u32);
    let names = [("topic", topic)];
    let mut findings = Vec::new();
    let broken = records.iter().find_map(|(number, record)| Some((number, record.as_ref().err()?)));
    if let Some((number, fault)) = broken {
        findings.push(CHANGELOG_UNREADABLE.found(topic, format!("partition {number}: {fault}"), &names));
    }
    let read: Vec<(u32, &PartitionRecord)> =
        records.iter().filter_map(|(number, record)| Some((*number, record.as_ref().ok()?))).collect();
    let digest = settings.setup(partitions).settings_digest;
    let others = read.iter().filter(|(_, record)| record.settings_digest != digest).count();
    if others > 0 {
        let seen = format!("other settings in {others} of {}", count(read.len(), "partition"));
        findings.push(SETTINGS_CHANGED.found(topic, seen, &names));
    }
    let closed = read.iter().filter_map(|(_, record)| record.clock.closed).min();
    let today = local_day(Millis(now.0 - settings.rules.close_delay_millis), &settings.rules.zone);
    let open = closed.map_or(0, |closed| today.since(closed) - 1);
    if settings.file.time.clock == Clock::Wall && open > OPEN_DAYS {
        let seen = format!("the last closed day is {}, {open} days are open", text(closed));
        findings.push(DAY_OPEN.found(topic, seen, &names));
    }
    let mut models: Vec<&str> = read.iter().map(|(_, record)| record.model.as_str()).collect();
    models.sort_unstable();
    models.dedup();
    let seen = match (read.len(), models.as_slice()) {
        (0, _) if records.is_empty() => format!("nothing is in {topic} yet"),
        (0, _) => format!("nothing in {topic} could be read"),
        (known, models) => format!(
            "{} of {partitions} read, closed through {}, decided by {}",
            count(known, "partition"),
            text(closed),
            models.join(" and ")
        ),
    };
    Checked::new(Check::State, seen, findings)
}

fn text(day: Option<Day>) -> String {
    day.map_or_else(|| "no day".into(), day_text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::{Records, judge};
    use crate::config::load::check;
    use crate::engine::alerting::capacity::DayUse;
    use crate::engine::clock::PartitionClock;
    use crate::engine::day::{Day, Millis};
    use crate::service::doctor::topics::{Partition, Presence, Role, Topic};
    use crate::wire::changelog::ChangelogFault;
    use crate::wire::partition_record::PartitionRecord;

    #[test]
    fn other_settings_and_open_days_are_found() {
        let settings = check(json!({})).unwrap();
        let topic = Topic {
            name: "churn.profiles".into(),
            role: Role::Changelog,
            presence: Presence::There,
            partitions: vec![Partition { number: 0, is_led: true, copies: 1, in_sync: 1 }],
            config: HashMap::new(),
        };
        let record = |digest: u64, closed: i32| PartitionRecord {
            settings_digest: digest,
            topics: vec!["churn.events".into()],
            clock: PartitionClock { frontiers: Vec::new(), first_day: None, closed: Some(Day(closed)), closing: None },
            offsets: vec![Some(1)],
            publish_from: None,
            used: DayUse::default(),
            model: "m@1".into(),
            since: None,
            taken: None,
            generation: 0,
            closing_stale: false,
        };
        let now = Millis(20_000 * 86_400_000 + 12 * 3_600_000);
        let found = |records: Records| {
            let checked = judge(&settings, &topic, &records, now);
            (checked.findings.iter().map(|one| one.kind.code).collect::<Vec<_>>(), checked.seen)
        };
        let digest = settings.setup(1).settings_digest;
        let one = |record| Records::from([(0, record)]);
        let (codes, seen) = found(one(Ok(record(digest, 19_999))));
        assert!(codes.is_empty(), "{codes:?}");
        assert_eq!(seen, "1 partition of 1 read, closed through 2024-10-03, decided by m@1");
        assert_eq!(found(one(Ok(record(digest + 1, 19_999)))).0, ["settings-changed"]);
        assert_eq!(found(one(Ok(record(digest, 19_996)))).0, ["day-open"]);
        let broken = one(Err(ChangelogFault::Broken { what: "a partition record" }));
        assert_eq!(found(broken).0, ["changelog-unreadable"]);
        assert_eq!(found(Records::new()).1, "nothing is in churn.profiles yet");
    }
}
