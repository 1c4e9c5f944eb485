//! An empty changelog: the topic is made anew as it was, and the group's offsets go, so that all inputs are read again. So is
//! what partitions said to each other, which they will say again.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::ADMIN_SECONDS;
use crate::service::kafka::topics::{admin, asker, configs, metadata, options, settled, unreachable, wait_for};

/// Empties the changelog. Refused while the group has members, whose next commit would mix states.
///
/// Records of a compacted topic can't be deleted, so the topic itself is.
pub fn empty(settings: &Settings, partitions: u32) -> Result<(), ServiceFault> {
    let (topics, group) = (&settings.file.topics, &settings.file.kafka.group_id);
    let asker = asker(settings)?;
    let wait = Duration::from_secs(ADMIN_SECONDS);
    let groups = asker.fetch_group_list(Some(group), wait).map_err(|fault| unreachable(settings, &fault))?;
    if groups.groups().iter().any(|group| !group.members().is_empty()) {
        return Err(ServiceFault::Setup(format!("the group {group} still has members: stop every replica first")));
    }
    let admin = admin(settings)?;
    make_anew(settings, &admin, &topics.profiles, partitions)?;
    if settings.file.identity.merge {
        make_anew(settings, &admin, &topics.merges, partitions)?;
    }
    // The partition record is what counts; offsets that outlive it would only puzzle people. There may be none.
    let _ = wait_for(admin.delete_groups(&[group], &options()))?;
    Ok(())
}

/// Deletes a topic and makes it again as it was.
fn make_anew(
    settings: &Settings,
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
    partitions: u32,
) -> Result<(), ServiceFault> {
    let (asker, wait) = (asker(settings)?, Duration::from_secs(ADMIN_SECONDS));
    // What is the broker's default stays the broker's.
    let name = topic.to_owned();
    let config = configs(settings, &[&name], |entry| !entry.is_default && !entry.is_read_only)?
        .map_err(|fault| unreachable(settings, &fault))?;
    let known = metadata(settings, &asker)?;
    let first = known.topics().iter().find(|known| known.name() == topic).and_then(|topic| topic.partitions().first());
    let replication = first.map_or(1, |partition| partition.replicas().len() as i32);
    let failed =
        |what: &str, why: &dyn std::fmt::Display| ServiceFault::Failed(format!("{what} {topic} failed: {why}"));
    let deleted = wait_for(admin.delete_topics(&[topic], &options()))?.map_err(|fault| failed("deleting", &fault))?;
    // The calls as a whole are fine even where a topic in them failed.
    for result in deleted {
        result.map_err(|(_, code)| failed("deleting", &code))?;
    }
    let mut anew = NewTopic::new(topic, partitions as i32, TopicReplication::Fixed(replication));
    for (key, value) in config.get(&name).into_iter().flatten() {
        anew = anew.set(key, value);
    }
    let deadline = Instant::now() + wait;
    loop {
        let made = wait_for(admin.create_topics([&anew], &options()))?.map_err(|fault| failed("making", &fault))?;
        match made.into_iter().find_map(Result::err) {
            None => break,
            // It takes a moment until a topic is gone for good.
            Some(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(200)),
            Some((_, code)) => return Err(failed("making", &code)),
        }
    }
    settled(settings, &asker)
}
