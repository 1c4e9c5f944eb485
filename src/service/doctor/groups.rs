//! The consumer groups: who is a member of ours, and whether another churnwatch reads the same inputs.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::groups::{GroupInfo, GroupList};

use crate::config::settings::Settings;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::kafka::client::NAME;
use crate::service::kafka::context::Reader;

/// Bound on one answer.
const ANSWER: Duration = Duration::from_secs(3);

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The name of ours.
    pub name: String,
    /// The state of ours, in Kafka's word; empty where there is none.
    pub state: String,
    /// The hosts of our members, one for each worker.
    pub members: Vec<String>,
    /// Other groups of churnwatch that read an input of ours.
    pub others: Vec<String>,
}

/// Looks at our group, and at the others as far as this user may see them.
pub fn look(settings: &Settings, reader: &Reader, time: TimeLeft) -> Result<Groups, KafkaError> {
    let name = &settings.file.kafka.group_id;
    let mut found = Groups { name: name.clone(), ..Groups::default() };
    for group in reader.fetch_group_list(Some(name), time.bound(ANSWER))?.groups() {
        group.state().clone_into(&mut found.state);
        let host = |host: &str| host.trim_start_matches('/').to_owned();
        found.members = group.members().iter().map(|member| host(member.client_host())).collect();
    }
    // One that may not see the others, or that has thousands of them to ask for, goes without.
    let all = reader.fetch_group_list(None, time.bound(ANSWER)).ok();
    let others = all.iter().flat_map(GroupList::groups).filter(|group| group.name() != name);
    let same = others.filter(|group| reads(group, &settings.file.topics.events));
    found.others = same.map(|group| group.name().to_owned()).collect();
    Ok(found)
}

/// Whether a worker of this group reads one of these topics.
fn reads(group: &GroupInfo, topics: &[String]) -> bool {
    group.members().iter().any(|member| {
        let read = member.metadata().and_then(subscription).unwrap_or_default();
        member.client_id().starts_with(NAME) && read.iter().any(|topic| topics.contains(topic))
    })
}

/// The topics of a member, by Kafka's `ConsumerProtocolSubscription`: a version, a count, names with their lengths.
fn subscription(bytes: &[u8]) -> Option<Vec<String>> {
    let (_, rest) = bytes.split_first_chunk::<2>()?;
    let (many, mut rest) = rest.split_first_chunk::<4>()?;
    let mut topics = Vec::new();
    for _ in 0..i32::from_be_bytes(*many) {
        let (length, name) = rest.split_first_chunk::<2>()?;
        let (name, next) = name.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        topics.push(std::str::from_utf8(name).ok()?.to_owned());
        rest = next;
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use super::subscription;

    #[test]
    fn a_member_s_topics_are_read_and_rubbish_is_none() {
        let bytes = b"\x00\x01\x00\x00\x00\x02\x00\x01a\x00\x02bcrest";
        assert_eq!(subscription(bytes), Some(vec!["a".to_owned(), "bc".to_owned()]));
        for cut in 0..13 {
            assert_eq!(subscription(&bytes[..cut]), None, "{cut}");
        }
    }
}
