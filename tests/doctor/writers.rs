//! Planted by those who write into the topics and read them.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::bench::Bench;
use crate::stage::{Stage, doctor};

const NEVER: (&str, &str) = ("never-served", "start `churnwatch serve`");
const NOBODY: (&str, &str) = ("nobody-serves", "start `churnwatch serve`");
const SOON: Duration = Duration::from_secs(10);

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Writes a record, stamped as told.
pub(crate) fn send(bench: &Bench, topic: &str, partition: i32, stamp: Option<i64>, value: &[u8]) {
    let producer: BaseProducer = bench.client(&[]).create().unwrap();
    let mut record = BaseRecord::to(topic).key("c1".as_bytes()).payload(value).partition(partition);
    record.timestamp = stamp;
    producer.send(record).map_err(|(fault, _)| fault).unwrap();
    producer.flush(SOON).unwrap();
}

/// Sets the group's offset in the first partition of the input, as a service that read so far.
fn read_up_to(bench: &Bench, offset: i64) {
    let settings = bench.settings();
    let consumer: BaseConsumer = bench.client(&[("group.id", &settings.file.kafka.group_id)]).create().unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(&settings.file.topics.events[0], 0, Offset::Offset(offset)).unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
}

pub(crate) fn a_clock_is_ahead(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let input = bench.settings().file.topics.events[0].clone();
    send(&bench, &input, 0, Some(now() + 30 * 60_000), b"{}");
    let report = doctor(&bench, &[]);
    report.finds(name, &[("clock-ahead", &format!("those that write into {input}")), NEVER]);
    assert!(report.json.to_string().contains("more than 10m ahead"), "{}", report.json);
}

/// While the doctor looks, records come that are stamped an hour ago.
pub(crate) fn the_clocks_of_service_and_brokers_are_behind(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let topics = bench.settings().file.topics;
    let report = std::thread::scope(|scope| {
        let looks = scope.spawn(|| doctor(&bench, &[]));
        while !looks.is_finished() {
            send(&bench, &topics.alerts, 0, Some(now() - 3_600_000), b"{}");
            std::thread::sleep(Duration::from_millis(100));
        }
        looks.join().unwrap()
    });
    report.finds(name, &[("clock-behind", &topics.alerts), NEVER]);
}

pub(crate) fn transactions_stay_open(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let topics = bench.settings().file.topics;
    let id = format!("{name}-writer");
    let properties = [("transactional.id", id.as_str()), ("transaction.timeout.ms", "120000")];
    let writer: BaseProducer = bench.client(&properties).create().unwrap();
    writer.init_transactions(SOON).unwrap();
    writer.begin_transaction().unwrap();
    for topic in [&topics.alerts, &topics.events[0]] {
        writer
            .send(BaseRecord::<[u8], [u8]>::to(topic).payload(b"{}").partition(0))
            .map_err(|(fault, _)| fault)
            .unwrap();
    }
    writer.flush(SOON).unwrap();
    let report = doctor(&bench, &[]);
    let hanging = format!("find-hanging --topic {} --partition 0", topics.alerts);
    report.finds(name, &[("transaction-hanging", &hanging), ("transaction-open", &topics.events[0]), NEVER]);
    writer.abort_transaction(SOON).unwrap();
    doctor(&bench, &[]).finds(name, &[NEVER]);
}

/// A worker joins, and does nothing.
pub(crate) fn a_member_commits_nothing(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let settings = bench.settings();
    let input = settings.file.topics.events[0].clone();
    (0..20).for_each(|_| send(&bench, &input, 0, None, b"{}"));
    let member = |group: &str| -> BaseConsumer {
        let properties =
            [("group.id", group), ("client.id", "churnwatch@127.0.0.1:0#0"), ("enable.auto.commit", "false")];
        let member: BaseConsumer = bench.client(&properties).create().unwrap();
        member.subscribe(&[&input]).unwrap();
        while member.assignment().unwrap().count() == 0 {
            let _ = member.poll(Duration::from_millis(50));
        }
        member
    };
    read_up_to(&bench, 1);
    let group = &settings.file.kafka.group_id;
    let (one, other) = (member(group), member(&format!("{group}-other")));
    let report = doctor(&bench, &[]);
    report.finds(name, &[("standing", "restart the service"), ("another-group", &format!("the group {group}-other"))]);
    drop((one, other));
}

pub(crate) fn records_went_before_they_were_read(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let input = bench.settings().file.topics.events[0].clone();
    (0..20).for_each(|_| send(&bench, &input, 0, None, b"{}"));
    read_up_to(&bench, 3);
    with_admin(&bench, async |admin| {
        let mut before = TopicPartitionList::new();
        before.add_partition_offset(&input, 0, Offset::Offset(12)).unwrap();
        admin.delete_records(&before, &AdminOptions::new()).await.unwrap();
    });
    let report = doctor(&bench, &[]);
    report.finds(name, &[("events-lost", &format!("keep {input} longer")), NOBODY]);
    assert!(report.json.to_string().contains("9 records gone between offset 3 and 12"), "{}", report.json);
}

pub(crate) fn an_input_was_made_anew(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "");
    let input = bench.settings().file.topics.events[0].clone();
    (0..20).for_each(|_| send(&bench, &input, 0, None, b"{}"));
    // Deleting a topic takes a group's offsets with it; here they stay, as where the group was away.
    with_admin(&bench, async |admin| {
        admin.delete_topics(&[&input], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
        loop {
            let anew = NewTopic::new(&input, 1, TopicReplication::Fixed(1)).set("retention.ms", "-1");
            if admin.create_topics(&[anew], &AdminOptions::new()).await.unwrap().remove(0).is_ok() {
                break;
            }
        }
    });
    send(&bench, &input, 0, None, b"{}");
    read_up_to(&bench, 20);
    doctor(&bench, &[]).finds(name, &[("offsets-beyond-end", &format!("reads {input} from its beginning")), NOBODY]);
}

fn with_admin(bench: &Bench, work: impl AsyncFnOnce(&AdminClient<DefaultClientContext>)) {
    let admin = bench.client(&[]).create().unwrap();
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work(&admin));
}
