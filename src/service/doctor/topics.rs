//! The topics as the brokers have them: partitions, copies, and what is set of each.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::ConfigEntry;
use rdkafka::consumer::Consumer;
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::types::RDKafkaRespErr;

use crate::config::settings::Settings;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::kafka::context::Reader;
use crate::service::kafka::topics::{configs, plan};

/// Bound on one answer.
const ANSWER: Duration = Duration::from_secs(2);

/// What a topic is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Events come in.
    Input,
    /// Partitions write to each other.
    Merges,
    /// Warnings, risk and outcomes go out.
    Output,
    /// Outcomes go out, and are kept.
    Outcomes,
    /// The current risk goes out, and is kept for ever.
    Risk,
    /// The changelog.
    Changelog,
    /// What could not be used.
    DeadLetters,
    /// Models.
    Models,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub number: i32,
    /// Whether a broker leads it.
    pub is_led: bool,
    /// Its copies.
    pub copies: usize,
    /// Those of them that have everything.
    pub in_sync: usize,
}

/// Whether a topic is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// It is not.
    Missing,
    /// It may be: this user may not even see it.
    Hidden,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Whether it is there.
    pub presence: Presence,
    /// Its partitions.
    pub partitions: Vec<Partition>,
    /// How it is set; empty where this user may not see it.
    pub config: HashMap<String, String>,
}

impl Topic {
    /// A number that is set.
    pub fn number(&self, property: &str) -> Option<i64> {
        self.config.get(property)?.parse().ok()
    }

    /// Whether the service writes into it.
    pub const fn is_written(&self) -> bool {
        !matches!(self.role, Role::Input | Role::Models)
    }

    /// Whether the service reads it.
    pub const fn is_read(&self) -> bool {
        matches!(self.role, Role::Input | Role::Merges | Role::Models | Role::Changelog)
    }

    /// The partitions that can be asked.
    pub fn led(&self) -> impl Iterator<Item = i32> {
        self.partitions.iter().filter(|one| one.is_led).map(|one| one.number)
    }
}

/// All topics, and the number of brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// In the order of the configuration, inputs first.
    pub all: Vec<Topic>,
    /// Brokers of the cluster.
    pub brokers: usize,
}

impl Topics {
    /// Those of a role.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &Topic> {
        self.all.iter().filter(move |topic| topic.role == role)
    }

    /// Every partition that can be asked, of the topics that `wanted` takes.
    pub fn places(&self, wanted: impl Fn(&Topic) -> bool) -> Vec<(String, i32)> {
        let topics = self.all.iter().filter(|topic| wanted(topic));
        topics.flat_map(|topic| topic.led().map(|number| (topic.name.clone(), number))).collect()
    }

    /// Partitions of the inputs, where they agree.
    pub fn partitions(&self) -> Option<u32> {
        let mut counts = self.of(Role::Input).map(|topic| topic.partitions.len() as u32);
        let first = counts.next().filter(|count| *count > 0)?;
        counts.all(|count| count == first).then_some(first)
    }
}

/// Looks at the topics of the configuration.
pub fn look(settings: &Settings, asker: &Reader, metadata: &Metadata, time: TimeLeft) -> Topics {
    let names: Vec<String> = plan(settings).into_iter().map(|(name, _, _)| name).collect();
    let mut all: Vec<Topic> = names.iter().map(|name| topic(settings, name, asker, metadata, time)).collect();
    let there: Vec<&String> =
        all.iter().filter(|topic| topic.presence == Presence::There).map(|one| &one.name).collect();
    let has_value = |entry: &ConfigEntry| entry.value.is_some();
    let configs = if there.is_empty() { None } else { configs(settings, &there, has_value).ok().and_then(Result::ok) };
    let mut configs = configs.unwrap_or_default();
    for topic in &mut all {
        topic.config = configs.remove(&topic.name).unwrap_or_default();
    }
    Topics { all, brokers: metadata.brokers().len() }
}

fn topic(settings: &Settings, name: &str, asker: &Reader, metadata: &Metadata, time: TimeLeft) -> Topic {
    let in_all = metadata.topics().iter().find(|topic| topic.name() == name && !topic.partitions().is_empty());
    // What this user may not see is left out of the list of all; asked for by its name it is refused.
    let asked = if in_all.is_none() { asker.fetch_metadata(Some(name), time.bound(ANSWER)).ok() } else { None };
    let found = in_all.or_else(|| asked.as_ref()?.topics().first());
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    let partitions = found.map(partitions).unwrap_or_default();
    let presence = match found.and_then(MetadataTopic::error) {
        Some(error) if error == denied => Presence::Hidden,
        _ if partitions.is_empty() => Presence::Missing,
        _ => Presence::There,
    };
    Topic { name: name.into(), role: role(settings, name), presence, partitions, config: HashMap::new() }
}

fn role(settings: &Settings, name: &str) -> Role {
    let topics = &settings.file.topics;
    let roles = [
        (&topics.alerts, Role::Output),
        (&topics.risk, Role::Risk),
        (&topics.outcomes, Role::Outcomes),
        (&topics.profiles, Role::Changelog),
        (&topics.dead_letters, Role::DeadLetters),
        (&topics.models, Role::Models),
        (&topics.merges, Role::Merges),
    ];
    roles.into_iter().find(|(known, _)| *known == name).map_or(Role::Input, |(_, role)| role)
}

fn partitions(topic: &MetadataTopic) -> Vec<Partition> {
    let partitions = topic.partitions().iter();
    let mut partitions: Vec<Partition> = partitions
        .map(|one| Partition {
            number: one.id(),
            is_led: one.leader() >= 0,
            copies: one.replicas().len(),
            in_sync: one.isr().len(),
        })
        .collect();
    partitions.sort_by_key(|one| one.number);
    partitions
}
