//! How many inputs of the last day could not be used, and why.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::Offset;

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::doctor::finding::{Checked, Kind, count};
use crate::service::doctor::logs::{Offsets, offsets};
use crate::service::doctor::tail;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::doctor::topics::{Role, Topics};
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::end;
use crate::service::kafka::read::reader;
use crate::service::kafka::topics::asker;
use crate::wire::calendar::DAY_MILLIS;
use crate::wire::letter::{LetterRecord, Place};
use crate::wire::shapes::doctor::{Check, Severity};

/// How long reading may take, and the most letters that are read.
const READ: Duration = Duration::from_secs(6);
const MOST: usize = 20_000;
/// So many letters are nothing to speak of.
const FEW: usize = 10;
/// From these shares of a day's records on something is wrong, and everything is.
const SOME_SHARE: f64 = 0.01;
const MOST_SHARE: f64 = 0.5;

/// Some can't be used.
const DEAD_LETTERS: Kind = Kind {
    code: "dead-letters",
    severity: Severity::Warning,
    means: "more than one in a hundred of the last day's records could not be used",
    remedy: "see why by `churnwatch dead-letters list --since 1d --config FILE`, and put them back by `churnwatch dead-letters replay` once that is mended",
};
/// Most can't be used.
const MOST_REFUSED: Kind = Kind {
    code: "most-refused",
    severity: Severity::Error,
    means: "more than half of the last day's records could not be used",
    remedy: "see why by `churnwatch dead-letters list --since 1d --config FILE`; where all have one reason, mend it in [time], [money] or what writes the events, and put them back by `churnwatch dead-letters replay`",
};

/// What may be found here.
pub const KINDS: [&Kind; 2] = [&DEAD_LETTERS, &MOST_REFUSED];

/// The last day's letters.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// By reason.
    pub reasons: BTreeMap<&'static str, usize>,
    /// Not all were read.
    pub is_part: bool,
    /// Records of the inputs.
    pub records: u64,
}

/// Reads the letters of the day before `now`.
pub fn look(settings: &Settings, topics: &Topics, now: Millis, time: TimeLeft) -> Result<Letters, ServiceFault> {
    let asker = asker(settings)?;
    let day_ago = Offset::Offset(now.0 - DAY_MILLIS);
    let of = |role: Role, which: Offset| {
        let places = topics.places(|topic| topic.role == role);
        let found = offsets(&asker, &places, which, time);
        found.map_err(|fault| ServiceFault::kafka("asking for the last day's records", &fault))
    };
    let (begins, ends) = (of(Role::Input, day_ago)?, of(Role::Input, Offset::End)?);
    let mut letters = Letters { records: between(&begins, &ends), ..Letters::default() };
    let starts: Vec<(i32, Offset)> =
        of(Role::DeadLetters, day_ago)?.into_iter().map(|((_, number), at)| (number, Offset::Offset(at))).collect();
    end(asker);
    if starts.is_empty() {
        return Ok(letters);
    }
    let (reader, within, topic) =
        (reader(settings)?, TimeLeft::of(time.bound(READ)), &settings.file.topics.dead_letters);
    let (reasons, mut sources) = (&mut letters.reasons, HashSet::new());
    let read = tail::read(&reader, topic, &starts, MOST, within, |message| {
        let place = Place { partition: message.partition() as u32, offset: message.offset() };
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        let headers = headers.map(|header| (header.key, header.value.unwrap_or_default()));
        // A rebuild writes the letters of all records once more.
        if let LetterRecord::Letter(letter) = LetterRecord::read(place, now, headers)
            && sources.insert(letter.source)
        {
            *reasons.entry(letter.reason.words()).or_default() += 1;
        }
    });
    end(reader);
    letters.is_part = !read.map_err(|fault| tail::fault(topic, &fault))?;
    Ok(letters)
}

fn between(begins: &Offsets, ends: &Offsets) -> u64 {
    begins.iter().filter_map(|(place, begin)| Some(ends.get(place)?.saturating_sub(*begin).max(0) as u64)).sum()
}

/// What it means.
pub fn judge(topic: &str, letters: &Letters) -> Checked {
    let all: usize = letters.reasons.values().sum();
    let mut reasons: Vec<(&str, usize)> = letters.reasons.iter().map(|(reason, number)| (*reason, *number)).collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let list: Vec<String> = reasons.iter().map(|(reason, number)| format!("{number} {reason}")).collect();
    let list = if list.is_empty() { String::new() } else { format!(" ({})", list.join(", ")) };
    let least = if letters.is_part { "at least " } else { "" };
    let of = count(letters.records as usize, "record");
    let seen = format!("{least}{}{list} in the last day, for {of} of the inputs", count(all, "letter"));
    // What was published from files is stamped with the past, so there may be more letters than records of the day.
    let share = all as f64 / letters.records.max(all as u64).max(1) as f64;
    let is_known = letters.records >= all as u64;
    let kind = match share {
        _ if all <= FEW => None,
        share if is_known && share > MOST_SHARE => Some(&MOST_REFUSED),
        share if share > SOME_SHARE => Some(&DEAD_LETTERS),
        _ => None,
    };
    let findings = kind.map(|kind| kind.found(topic, seen.clone(), &[]));
    Checked::new(Check::DeadLetters, seen, findings.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::{Letters, judge};

    #[test]
    fn a_few_letters_are_told_and_many_are_found() {
        let found = |letters: usize, records: u64| {
            let letters = Letters { reasons: [("not JSON", letters)].into(), is_part: false, records };
            judge("dead", &letters).findings.first().map(|one| one.kind.code)
        };
        assert_eq!(found(10, 10), None);
        assert_eq!(found(11, 100_000), None);
        assert_eq!(found(1_100, 100_000), Some("dead-letters"));
        assert_eq!(found(60_000, 100_000), Some("most-refused"));
        assert_eq!(found(11, 0), Some("dead-letters"), "of how many is not known");
        let letters = Letters { reasons: [("no key", 2), ("not JSON", 9)].into(), is_part: true, records: 500 };
        let seen = "at least 11 letters (9 not JSON, 2 no key) in the last day, for 500 records of the inputs";
        assert_eq!(judge("dead", &letters).seen, seen);
    }
}
