//! The topics: made with the right policies, and checked before anything starts.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigEntry, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaRespErr;
use tracing::warn;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::{ADMIN_SECONDS, asking, end};
use crate::service::kafka::context::{Hears, Listening, Reader};
use crate::service::kafka::refusal::{denied, is_denied};

/// Days for which outcomes are kept.
pub const OUTCOME_DAYS: i64 = 400;
/// Longest time until a compacted topic forgets what was overwritten or erased, milliseconds: a week.
const MAX_COMPACTION_LAG: &str = "604800000";
/// Replicas that must have a record before it counts, where a topic has at least one more.
const MIN_IN_SYNC: i32 = 2;
/// Partitions of new topics where the inputs do not say otherwise.
const PARTITIONS: u32 = 12;
/// How long a topic that a broker does not know may have been made a moment ago.
const NEW_TOPIC: Duration = Duration::from_secs(5);
/// How long one answer may take before the question is put again.
const ANSWER: Duration = Duration::from_secs(2);
/// The replication factor that stands for the broker's own default.
const BROKER_S_DEFAULT: i32 = -1;

/// The retention of what is read within days, in milliseconds.
fn month() -> String {
    (30 * 86_400_000_i64).to_string()
}

/// Name, cleanup policy and retention (milliseconds; −1: for ever) of every topic.
pub fn plan(settings: &Settings) -> Vec<(String, &'static str, String)> {
    let topics = &settings.file.topics;
    let outcomes = (OUTCOME_DAYS * 86_400_000).to_string();
    let for_ever = || String::from("-1");
    let mut plan: Vec<(String, &'static str, String)> =
        topics.events.iter().map(|name| (name.clone(), "delete", for_ever())).collect();
    if settings.file.identity.merge {
        plan.push((topics.merges.clone(), "delete", month()));
    }
    plan.extend([
        (topics.alerts.clone(), "delete", month()),
        (topics.risk.clone(), "compact", for_ever()),
        (topics.outcomes.clone(), "delete", outcomes),
        (topics.profiles.clone(), "compact", for_ever()),
        (topics.dead_letters.clone(), "delete", month()),
        (topics.models.clone(), "compact", for_ever()),
    ]);
    plan
}

/// The same with what `churnwatch rekey` reads, and with what `churnwatch webhooks` writes where anything is posted.
pub fn whole_plan(settings: &Settings) -> Vec<(String, &'static str, String)> {
    let mut plan = plan(settings);
    if !settings.webhooks.endpoints.is_empty() {
        let topic = settings.file.topics.webhook_dead_letters.clone();
        plan.push((topic, "delete", month()));
    }
    plan.extend(settings.file.rekey.topics.iter().map(|name| (name.clone(), "delete", month())));
    plan
}

/// Makes the topics that are missing; gives the names of those made. `partitions`: the inputs' number, else 12;
/// `replication`: the broker's default, as is then how many replicas must be in sync. In a dry run the brokers only say
/// whether they would.
pub fn create(
    settings: &Settings,
    partitions: Option<u32>,
    replication: Option<i32>,
    dry_run: bool,
) -> Result<Vec<String>, ServiceFault> {
    let asker = asker(settings)?;
    let known = metadata(settings, &asker)?;
    let inputs = settings.file.topics.events.iter().find_map(|name| count(&known, name));
    let partitions = partitions.or(inputs).unwrap_or(PARTITIONS);
    let replication = replication.unwrap_or(BROKER_S_DEFAULT);
    let (plan, in_sync) = (whole_plan(settings), MIN_IN_SYNC.to_string());
    let topics: Vec<NewTopic<'_>> = plan
        .iter()
        .map(|(name, policy, retention)| {
            let count = if *name == settings.file.topics.models { 1 } else { partitions as i32 };
            let topic = NewTopic::new(name, count, TopicReplication::Fixed(replication));
            let mut topic = topic.set("cleanup.policy", policy).set("retention.ms", retention);
            if *policy == "compact" {
                topic = topic.set("max.compaction.lag.ms", MAX_COMPACTION_LAG);
            }
            if replication > MIN_IN_SYNC {
                topic = topic.set("min.insync.replicas", &in_sync);
            }
            topic
        })
        .collect();
    let admin = admin(settings)?;
    let options = options().validate_only(dry_run);
    let results = wait_for(admin.create_topics(&topics, &options))?.map_err(|fault| unreachable(settings, &fault))?;
    let mut made = Vec::new();
    // The call as a whole is fine even where every topic in it failed.
    for result in results {
        match result {
            Ok(name) => made.push(name),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed)) => {
                return Err(denied(&format!("Create on the topic {name}")));
            }
            Err((name, code)) => return Err(ServiceFault::Failed(format!("creating the topic {name} failed: {code}"))),
        }
    }
    if !dry_run {
        settled(settings, &asker)?;
    }
    Ok(made)
}

/// Waits until a broker knows all topics that have just been made.
pub fn settled(settings: &Settings, asker: &Reader) -> Result<(), ServiceFault> {
    let (_, missing) = look(settings, asker, Duration::from_secs(ADMIN_SECONDS))?;
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(", ");
    Err(ServiceFault::Failed(format!("the broker does not know the new topics yet: {list}; try again")))
}

/// What the brokers know, and the topics that are not there. A broker hears of a new topic a moment after the controller
/// made it, and each of several in its own time, so a topic is missing only after `patience`.
fn look(settings: &Settings, asker: &Reader, patience: Duration) -> Result<(Metadata, Vec<String>), ServiceFault> {
    let deadline = Instant::now() + patience;
    loop {
        let metadata = metadata(settings, asker)?;
        let missing = missing(settings, &metadata);
        let hidden = hidden(asker, &missing);
        if !hidden.is_empty() {
            let wanted: Vec<String> =
                hidden.iter().map(|name| format!("{} on the topic {name}", operations(settings, name))).collect();
            return Err(denied(&wanted.join(", ")));
        }
        if missing.is_empty() || Instant::now() > deadline {
            return Ok((metadata, missing));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The client that administers topics.
pub fn admin(settings: &Settings) -> Result<AdminClient<DefaultClientContext>, ServiceFault> {
    let made = asking(settings, "read_committed").create();
    made.map_err(|fault| ServiceFault::settings("admin client", &fault))
}

/// Whether brokers are named at all: without them nothing need be begun.
pub fn named(settings: &Settings) -> Result<(), ServiceFault> {
    if settings.file.kafka.brokers.is_empty() {
        return Err(ServiceFault::Setup(
            "kafka.brokers: name your brokers, as [kafka] brokers = \"host:9092\" or CHURNWATCH_KAFKA__BROKERS".into(),
        ));
    }
    Ok(())
}

/// The client that asks about topics and groups.
pub fn asker(settings: &Settings) -> Result<Reader, ServiceFault> {
    named(settings)?;
    let made = asking(settings, "read_uncommitted").create_with_context(Listening::default());
    made.map_err(|fault| ServiceFault::settings("asking client", &fault))
}

/// The bound on administrative calls.
pub fn options() -> AdminOptions {
    let wait = Duration::from_secs(ADMIN_SECONDS);
    AdminOptions::new().request_timeout(Some(wait)).operation_timeout(Some(wait))
}

/// Waits for an administrative answer.
pub fn wait_for<T>(answer: impl Future<Output = T>) -> Result<T, ServiceFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.map(|runtime| runtime.block_on(answer)).map_err(|fault| ServiceFault::Failed(fault.to_string()))
}

/// What the brokers know. Ends early where they go on refusing us.
pub fn metadata(settings: &Settings, asker: &Reader) -> Result<Metadata, ServiceFault> {
    let deadline = Instant::now() + Duration::from_secs(ADMIN_SECONDS);
    loop {
        let fault = match asker.fetch_metadata(None, ANSWER) {
            Ok(metadata) => return Ok(metadata),
            Err(fault) => fault,
        };
        if let Some(refusal) = Listening::refused(asker) {
            return Err(refusal.fault(settings));
        }
        if Instant::now() > deadline {
            let refusal = asker.context().refusals.last();
            return Err(refusal.map_or_else(|| unreachable(settings, &fault), |refusal| refusal.fault(settings)));
        }
    }
}

/// Those of the topics that this user may not even see, so that they look as if they were not there.
fn hidden<'a>(asker: &Reader, names: &'a [String]) -> Vec<&'a str> {
    let is_hidden = |name: &str| {
        let found = asker.fetch_metadata(Some(name), ANSWER).ok();
        let error = found.and_then(|found| found.topics().first()?.error());
        error == Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    };
    names.iter().map(String::as_str).filter(|name| is_hidden(name)).collect()
}

/// What the service does with a topic, as Kafka's authorizer calls it.
fn operations(settings: &Settings, topic: &str) -> &'static str {
    let topics = &settings.file.topics;
    if topic == topics.profiles || topic == topics.merges {
        "Read and Write"
    } else if topic == topics.models || topics.events.iter().any(|input| input == topic) {
        "Read"
    } else {
        "Write"
    }
}

/// Partitions of a topic; `None` where there is no such topic.
fn count(metadata: &Metadata, name: &str) -> Option<u32> {
    let topic = metadata.topics().iter().find(|topic| topic.name() == name);
    topic.map(|topic| topic.partitions().len() as u32).filter(|count| *count > 0)
}

/// All partitions of a topic.
pub fn partitions(settings: &Settings, topic: &str) -> Result<Vec<u32>, ServiceFault> {
    let found = count(&metadata(settings, &asker(settings)?)?, topic);
    let found = found.ok_or_else(|| {
        ServiceFault::Setup(format!("missing topics: {topic}; make them with `churnwatch topics create`"))
    })?;
    Ok((0..found).collect())
}

/// The topics that are not there.
fn missing(settings: &Settings, metadata: &Metadata) -> Vec<String> {
    let mut missing: Vec<String> = plan(settings).into_iter().map(|(name, _, _)| name).collect();
    missing.retain(|name| count(metadata, name).is_none());
    missing
}

/// The sentence for a broker that does not answer.
pub fn unreachable(settings: &Settings, fault: &KafkaError) -> ServiceFault {
    if is_denied(fault) {
        return denied(&format!("what this command does ({fault})"));
    }
    ServiceFault::Failed(format!(
        "no Kafka broker answers at {}: start it, or mend kafka.brokers, [kafka.tls] or [kafka.sasl] ({fault})",
        settings.file.kafka.brokers
    ))
}

/// Checks that the topics are there and fit together; gives the number of partitions of the inputs.
pub fn check(settings: &Settings) -> Result<u32, ServiceFault> {
    let (metadata, missing) = look(settings, &asker(settings)?, NEW_TOPIC)?;
    if !missing.is_empty() {
        return Err(ServiceFault::Setup(format!(
            "missing topics: {}; make them with `churnwatch topics create`",
            missing.join(", ")
        )));
    }
    let topics = &settings.file.topics;
    let inputs: Vec<(&String, u32)> =
        settings.inputs().map(|name| (name, count(&metadata, name).unwrap_or_default())).collect();
    let Some((_, first)) = inputs.first().copied() else { return Ok(0) };
    if inputs.iter().any(|(_, count)| *count != first) {
        let list: Vec<String> = inputs.iter().map(|(name, count)| format!("{name} has {count}")).collect();
        return Err(ServiceFault::Setup(format!(
            "all inputs must have the same number of partitions, but {}: a customer's events must meet in one worker",
            list.join(", ")
        )));
    }
    let changelog = count(&metadata, &topics.profiles).unwrap_or_default();
    if changelog != first {
        return Err(ServiceFault::Setup(format!(
            "the changelog {} has {changelog} partitions, the inputs have {first}: stop every replica, delete it, and run `churnwatch topics create --partitions {first}`",
            topics.profiles
        )));
    }
    check_policies(settings)?;
    Ok(first)
}

/// A changelog that is deleted by age would lose just those who have been silent longest, and a model its record.
fn check_policies(settings: &Settings) -> Result<(), ServiceFault> {
    let topics = &settings.file.topics;
    let configs =
        match configs(settings, &[&topics.profiles, &topics.risk, &topics.models, &topics.outcomes], |_| true)? {
            Ok(configs) => configs,
            Err(fault) => {
                warn!(%fault, "the topics' policies could not be looked at");
                return Ok(());
            }
        };
    let value = |topic: &str, key: &str| configs.get(topic).and_then(|config| config.get(key)).map(String::as_str);
    let lost = [
        (&topics.profiles, "customers who are silent"),
        (&topics.risk, "customers who are silent"),
        (&topics.models, "the model in force"),
    ];
    for (topic, lost) in lost {
        // One who may not look at a topic's configuration is shown an empty one; otherwise every property has a value.
        let Some(policy) = value(topic, "cleanup.policy") else {
            warn!(topic, "the topic's policy could not be looked at: allow DescribeConfigs on it");
            continue;
        };
        if policy != "compact" {
            return Err(ServiceFault::Setup(format!(
                "{topic} has cleanup.policy={policy}, which deletes {lost}: mend it with `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config cleanup.policy=compact`"
            )));
        }
    }
    let retention = value(&topics.outcomes, "retention.ms").and_then(|text| text.parse::<i64>().ok());
    if retention.is_some_and(|millis| (0..OUTCOME_DAYS * 86_400_000).contains(&millis)) {
        warn!(
            topic = topics.outcomes,
            "outcomes are kept for less than {OUTCOME_DAYS} days, so a report can't look back a year"
        );
    }
    Ok(())
}

/// What is set of each topic, by its name and the property's.
pub type TopicConfigs = HashMap<String, HashMap<String, String>>;

/// The wanted entries of the topics' configurations; the inner fault is the broker's.
pub fn configs(
    settings: &Settings,
    names: &[&String],
    wanted: impl Fn(&ConfigEntry) -> bool,
) -> Result<Result<TopicConfigs, KafkaError>, ServiceFault> {
    let admin = admin(settings)?;
    let topics: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let described = wait_for(admin.describe_configs(&topics, &options()))?;
    end(admin);
    let configs = described.and_then(|results| {
        let mut configs = HashMap::new();
        for (name, result) in names.iter().zip(results) {
            let entries = result.map_err(KafkaError::AdminOp)?.entries.into_iter();
            let set = entries.filter(&wanted);
            let set = set.filter_map(|entry| Some((entry.name, entry.value?))).collect();
            configs.insert((*name).clone(), set);
        }
        Ok(configs)
    });
    Ok(configs)
}
