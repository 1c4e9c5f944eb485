//! The topics: made with the right policies, and checked before anything starts.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::Metadata;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::{ADMIN_SECONDS, asking};

/// Days for which outcomes are kept.
const OUTCOME_DAYS: i64 = 400;

/// Name, cleanup policy and retention (milliseconds; −1: for ever) of every topic.
fn plan(settings: &Settings) -> Vec<(String, &'static str, String)> {
    let topics = &settings.file.topics;
    let outcomes = (OUTCOME_DAYS * 86_400_000).to_string();
    let for_ever = || String::from("-1");
    let mut plan: Vec<(String, &'static str, String)> =
        topics.events.iter().map(|name| (name.clone(), "delete", for_ever())).collect();
    plan.extend([
        (topics.alerts.clone(), "delete", (30 * 86_400_000_i64).to_string()),
        (topics.risk.clone(), "compact", for_ever()),
        (topics.outcomes.clone(), "delete", outcomes),
        (topics.profiles.clone(), "compact", for_ever()),
        (topics.dead_letters.clone(), "delete", (30 * 86_400_000_i64).to_string()),
        (topics.models.clone(), "compact", for_ever()),
    ]);
    plan
}

/// Makes the topics that are missing; gives the names of those made.
pub async fn create(settings: &Settings, partitions: u32, replication: i32) -> Result<Vec<String>, ServiceFault> {
    let admin: AdminClient<DefaultClientContext> = asking(settings, "read_committed")
        .create()
        .map_err(|fault| ServiceFault::kafka("making the admin client", &fault))?;
    let plan = plan(settings);
    let topics: Vec<NewTopic<'_>> = plan
        .iter()
        .map(|(name, policy, retention)| {
            let count = if *name == settings.file.topics.models { 1 } else { partitions as i32 };
            let topic = NewTopic::new(name, count, TopicReplication::Fixed(replication)).set("cleanup.policy", policy);
            topic.set("retention.ms", retention)
        })
        .collect();
    let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(ADMIN_SECONDS)));
    let results = admin.create_topics(&topics, &options).await;
    let results = results.map_err(|fault| unreachable(settings, &fault))?;
    let mut made = Vec::new();
    // The call as a whole is fine even where every topic in it failed.
    for result in results {
        match result {
            Ok(name) => made.push(name),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(ServiceFault::Failed(format!("creating the topic {name} failed: {code}"))),
        }
    }
    // A broker hears of a new topic a moment after the controller has made it.
    let (asker, deadline) = (asker(settings)?, Instant::now() + Duration::from_secs(ADMIN_SECONDS));
    while !missing(settings, &metadata(settings, &asker)?).is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(made)
}

fn asker(settings: &Settings) -> Result<BaseConsumer, ServiceFault> {
    let made = asking(settings, "read_committed").create();
    made.map_err(|fault| ServiceFault::Setup(format!("Kafka's settings are not accepted: {fault}; see [kafka] client")))
}

fn metadata(settings: &Settings, asker: &BaseConsumer) -> Result<Metadata, ServiceFault> {
    let wait = Duration::from_secs(ADMIN_SECONDS);
    asker.fetch_metadata(None, wait).map_err(|fault| unreachable(settings, &fault))
}

/// Partitions of a topic; `None` where there is no such topic.
fn partitions(metadata: &Metadata, name: &str) -> Option<u32> {
    let topic = metadata.topics().iter().find(|topic| topic.name() == name);
    topic.map(|topic| topic.partitions().len() as u32).filter(|count| *count > 0)
}

/// The topics that are not there.
fn missing(settings: &Settings, metadata: &Metadata) -> Vec<String> {
    let mut missing: Vec<String> = plan(settings).into_iter().map(|(name, _, _)| name).collect();
    missing.retain(|name| partitions(metadata, name).is_none());
    missing
}

/// The sentence for a broker that does not answer.
fn unreachable(settings: &Settings, fault: &rdkafka::error::KafkaError) -> ServiceFault {
    ServiceFault::Failed(format!(
        "no Kafka broker answers at {}: start it, or mend kafka.brokers ({fault})",
        settings.file.kafka.brokers
    ))
}

/// Checks that the topics are there and fit together; gives the number of partitions of the inputs.
pub fn check(settings: &Settings) -> Result<u32, ServiceFault> {
    if settings.file.kafka.brokers.is_empty() {
        return Err(ServiceFault::Setup(
            "kafka.brokers: name your brokers, as [kafka] brokers = \"host:9092\" or CHURNWATCH_KAFKA__BROKERS".into(),
        ));
    }
    let metadata = metadata(settings, &asker(settings)?)?;
    let missing = missing(settings, &metadata);
    if !missing.is_empty() {
        return Err(ServiceFault::Setup(format!(
            "missing topics: {}; make them with `churnwatch topics create`",
            missing.join(", ")
        )));
    }
    let topics = &settings.file.topics;
    let counts: Vec<(&String, u32)> = topics
        .events
        .iter()
        .chain([&topics.profiles])
        .map(|name| (name, partitions(&metadata, name).unwrap_or_default()))
        .collect();
    let Some((_, first)) = counts.first().copied() else { return Ok(0) };
    if counts.iter().all(|(_, count)| *count == first) {
        return Ok(first);
    }
    let list: Vec<String> = counts.iter().map(|(name, count)| format!("{name} has {count}")).collect();
    Err(ServiceFault::Setup(format!(
        "inputs and changelog must have the same number of partitions, but {}: create {} anew with {first} partitions and run `churnwatch rebuild`",
        list.join(", "),
        topics.profiles
    )))
}

/// Deletes every record of the changelog. Refused while the group has members, whose next commit would mix states.
pub async fn empty(settings: &Settings, partitions: u32) -> Result<(), ServiceFault> {
    let asker: BaseConsumer = asking(settings, "read_uncommitted")
        .create()
        .map_err(|fault| ServiceFault::kafka("making the client", &fault))?;
    let (topic, group) = (&settings.file.topics.profiles, &settings.file.kafka.group_id);
    let wait = Duration::from_secs(ADMIN_SECONDS);
    let groups = asker.fetch_group_list(Some(group), wait).map_err(|fault| unreachable(settings, &fault))?;
    if groups.groups().iter().any(|group| !group.members().is_empty()) {
        return Err(ServiceFault::Setup(format!("the group {group} still has members: stop every replica first")));
    }
    let mut ends = rdkafka::TopicPartitionList::new();
    for partition in 0..partitions as i32 {
        let (_, high) =
            asker.fetch_watermarks(topic, partition, wait).map_err(|fault| unreachable(settings, &fault))?;
        ends.add_partition_offset(topic, partition, rdkafka::Offset::Offset(high))
            .map_err(|fault| ServiceFault::kafka("choosing what to delete", &fault))?;
    }
    let admin: AdminClient<DefaultClientContext> = asking(settings, "read_uncommitted")
        .create()
        .map_err(|fault| ServiceFault::kafka("making the admin client", &fault))?;
    let options = AdminOptions::new().request_timeout(Some(wait));
    let deleted = admin.delete_records(&ends, &options).await;
    let deleted = deleted.map_err(|fault| ServiceFault::kafka("emptying the changelog", &fault))?;
    // The call as a whole is fine even where a partition in it failed.
    for element in deleted.elements() {
        element.error().map_err(|fault| ServiceFault::kafka("emptying the changelog", &fault))?;
    }
    Ok(())
}
