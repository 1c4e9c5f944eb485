//! Planted in the topics and in the models.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::bench::Bench;
use crate::stage::{Stage, doctor};
use crate::writers::send;

const NEVER: (&str, &str) = ("never-served", "start `churnwatch serve`");

const SOON: Duration = Duration::from_secs(10);

fn admin(bench: &Bench, work: impl AsyncFnOnce(&AdminClient<DefaultClientContext>)) {
    let admin = bench.client(&[]).create().unwrap();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work(&admin));
}

/// A broker hears of a change a moment after the controller made it.
fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "the broker does not hear of it");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_set(bench: &Bench, topic: &str, property: &str, value: &str) {
    until(|| {
        let mut set = false;
        admin(bench, async |admin| {
            let asked = [ResourceSpecifier::Topic(topic)];
            let all = admin.describe_configs(&asked, &AdminOptions::new()).await.unwrap().remove(0).unwrap();
            set = all.get(property).is_some_and(|entry| entry.value.as_deref() == Some(value));
        });
        set
    });
}

pub(crate) fn none_was_made(stage: &Stage, name: &str) {
    let report = doctor(&stage.bare(name, ""), &[]);
    report.finds(name, &[("topics-missing", "`churnwatch topics create --config FILE`")]);
}

pub(crate) fn the_changelog_has_too_few_partitions(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let input = bench.settings().file.topics.events[0].clone();
    admin(&bench, async |admin| {
        let made = admin.create_partitions(&[NewPartitions::new(&input, 3)], &AdminOptions::new()).await;
        made.unwrap().remove(0).unwrap();
    });
    let asking: BaseConsumer = bench.client(&[]).create().unwrap();
    until(|| asking.fetch_metadata(Some(&input), SOON).unwrap().topics()[0].partitions().len() == 3);
    let report = doctor(&bench, &[]);
    report.finds(name, &[("changelog-partitions", "`churnwatch topics create --partitions 3`"), NEVER]);
}

pub(crate) fn the_inputs_differ(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let topics = bench.settings().file.topics;
    let (input, other) = (&topics.events[0], format!("{}-more", topics.events[0]));
    admin(&bench, async |admin| {
        let topic = NewTopic::new(&other, 2, TopicReplication::Fixed(1)).set("retention.ms", "-1");
        admin.create_topics(&[topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    });
    let asking: BaseConsumer = bench.client(&[]).create().unwrap();
    until(|| asking.fetch_metadata(Some(&other), SOON).unwrap().topics()[0].partitions().len() == 2);
    let report = doctor(&bench, &[("TOPICS__EVENTS", &format!("{input},{other}"))]);
    report.finds(name, &[("inputs-differ", "one number of partitions"), NEVER]);
}

pub(crate) fn policies_are_wrong(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let topics = bench.settings().file.topics;
    bench.alter(&topics.profiles, "cleanup.policy", "delete");
    // What is altered is set as a whole: this takes away the bound on compaction too.
    bench.alter(&topics.risk, "cleanup.policy", "compact");
    bench.alter(&topics.events[0], "retention.ms", "604800000");
    bench.alter(&topics.outcomes, "retention.ms", "604800000");
    bench.alter(&topics.alerts, "max.message.bytes", "100000");
    is_set(&bench, &topics.alerts, "max.message.bytes", "100000");
    let report = doctor(&bench, &[]);
    let compact = format!("--entity-name {} --add-config cleanup.policy=compact", topics.profiles);
    report.finds(
        name,
        &[
            ("policy-deletes", &compact),
            ("erased-stays", "max.compaction.lag.ms=604800000"),
            ("input-retention", "retention.ms=34560000000"),
            ("outcomes-retention", &topics.outcomes),
            ("message-limit", "max.message.bytes=1048588"),
            NEVER,
        ],
    );
    bench.alter(&topics.events[0], "cleanup.policy", "compact");
    is_set(&bench, &topics.events[0], "cleanup.policy", "compact");
    let report = doctor(&bench, &[]);
    assert!(report.findings().iter().any(|(code, ..)| *code == "input-compacted"), "{:?}", report.findings());
}

pub(crate) fn no_model_can_be_used(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let model = bench.folder().join("model.json");
    std::fs::write(&model, "{}").unwrap();
    send(&bench, &bench.settings().file.topics.models, 0, None, b"nonsense");
    let report = doctor(&bench, &[("MODEL__PATH", model.to_str().unwrap())]);
    let train = ("model-unusable", "`churnwatch train HISTORY --at DATE --horizon-days 90 --output MODEL`");
    report.finds(name, &[train, ("promotion-refused", "`churnwatch promote MODEL --config FILE`"), NEVER]);
}

pub(crate) fn an_old_model_is_in_force(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default.json");
    let (code, said) = bench.run(&["promote", model, "--effective-day", "2026-01-01"]);
    assert_eq!(code, 0, "{said}");
    doctor(&bench, &[]).finds(name, &[("model-old", "`churnwatch train`"), NEVER]);
}
