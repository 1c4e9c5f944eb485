//! What must hold of everything that is committed, whatever happened on the way. Written once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use churnwatch::engine::day::{Day, Millis};
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::recorded::Recorded;
use churnwatch::processor::setup::{ClockMode, Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::partition_record::{ChangelogKey, PartitionRecord};
use serde_json::Value;

use crate::cluster::{Cluster, Input, Output};
use crate::history::END;
use crate::world::World;

/// Panics at the first invariant that does not hold.
pub(crate) fn check(world: &World) {
    let cluster = world.cluster.borrow();
    ids_are_unique(&cluster);
    episodes_are_orderly(&cluster);
    time_never_goes_back(&cluster);
    let restored = restored(world, &cluster);
    offsets_agree(&cluster, &restored);
    committed_equals_once_through(world, &cluster, &restored);
}

fn json(record: &Output) -> Value {
    serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Nothing is said twice.
fn ids_are_unique(cluster: &Cluster) {
    for topic in [OutTopic::Alerts, OutTopic::Outcomes] {
        let mut ids = BTreeSet::new();
        for (_, record) in cluster.committed(topic) {
            let id = text(&json(record), "/id");
            assert!(ids.insert(id.clone()), "{topic:?} {id} is there twice");
        }
    }
}

/// An episode opens, then rises, then ends at most once, then matures; its alerts say what its outcomes say.
fn episodes_are_orderly(cluster: &Cluster) {
    let mut lives: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, record) in cluster.committed(OutTopic::Outcomes) {
        let event = json(record);
        lives.entry(text(&event, "/data/episode_id")).or_default().push(text(&event, "/type"));
    }
    for (episode, life) in lives {
        let count = |what: &str| life.iter().filter(|kind| kind.ends_with(what)).count();
        let opened = life.first().is_some_and(|kind| kind.ends_with("opened"));
        assert!(opened && count("opened") == 1, "{episode}: {life:?}");
        assert!(count("ended") <= 1 && count("matured") <= 1 && count("escalated") <= 2, "{episode}: {life:?}");
        let ended = life.iter().position(|kind| kind.ends_with("ended"));
        let rose = life.iter().rposition(|kind| kind.ends_with("escalated"));
        assert!(ended.zip(rose).is_none_or(|(ended, rose)| rose < ended), "{episode}: {life:?}");
    }
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    for (_, record) in cluster.committed(OutTopic::Alerts) {
        let alert = json(record);
        let (customer, episode) = (text(&alert, "/subject"), text(&alert, "/data/episode_id"));
        match text(&alert, "/type").as_str() {
            "churnwatch.alert.opened" => {
                assert_eq!(open.insert(customer.clone(), episode), None, "{customer} has two open episodes");
            }
            "churnwatch.alert.escalated" => assert_eq!(open.get(&customer), Some(&episode)),
            _ => assert_eq!(open.remove(&customer), Some(episode)),
        }
    }
}

/// Closed day and offsets of the committed partition records only rise.
fn time_never_goes_back(cluster: &Cluster) {
    let mut last: BTreeMap<u32, (Option<Day>, Vec<Option<i64>>)> = BTreeMap::new();
    for (number, record) in cluster.committed(OutTopic::Profiles) {
        let key = ChangelogKey::read(record.key.as_deref().unwrap());
        if let (Some(ChangelogKey::Partition(_)), Some(value)) = (key, record.value.as_deref()) {
            let record = PartitionRecord::read(value).unwrap();
            let now = (record.clock.closed, record.offsets);
            if let Some(before) = last.get(&number) {
                assert!(before.0 <= now.0, "partition {number}: closed {:?} after {:?}", now.0, before.0);
                let rise = before.1.iter().zip(&now.1).all(|(before, now)| before <= now);
                assert!(rise, "partition {number}: offsets {:?} after {:?}", now.1, before.1);
            }
            last.insert(number, now);
        }
    }
}

/// The partitions as the changelog has them in the end.
fn restored(world: &World, cluster: &Cluster) -> Vec<Processor> {
    let shared = &world.shared;
    let mut processors: Vec<Processor> = (0..cluster.partitions)
        .map(|number| Processor::new(shared.setup.clone(), number, shared.model.clone()))
        .collect();
    for (number, record) in cluster.committed(OutTopic::Profiles) {
        processors[number as usize].restore(record.key.as_deref().unwrap(), record.value.as_deref()).unwrap();
    }
    for processor in &mut processors {
        processor.offer(cluster.schedule.clone());
        assert_eq!(processor.restored(Millis(0)), []);
    }
    processors
}

/// The group's offsets are those of the changelog, and both are the end of the inputs.
fn offsets_agree(cluster: &Cluster, restored: &[Processor]) {
    for ((topic, number), log) in &cluster.inputs {
        let committed = cluster.offsets.get(&(*topic, *number)).copied();
        let recorded = restored[*number as usize].offsets()[*topic];
        assert_eq!(committed, recorded, "partition {number} of input {topic}");
        assert_eq!(committed.unwrap_or_default(), log.len() as i64);
    }
}

/// Everything committed is what one process says that reads each input once and is never disturbed.
fn committed_equals_once_through(world: &World, cluster: &Cluster, restored: &[Processor]) {
    let mut said: BTreeMap<OutTopic, Vec<String>> = BTreeMap::new();
    let mut states = Vec::new();
    for live in restored {
        let (processor, batches) = once_through(world, cluster, live);
        states.push(state(&processor));
        for batch in batches {
            for record in batch.iter().filter(|record| record.topic != OutTopic::Profiles) {
                let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                let headers: Vec<(&str, Option<String>)> =
                    record.headers.iter().map(|(name, value)| (&**name, text(Some(value)))).collect();
                said.entry(record.topic).or_default().push(format!(
                    "{:?} {:?} {headers:?}",
                    text(record.key),
                    text(record.value)
                ));
            }
        }
    }
    for topic in [OutTopic::Alerts, OutTopic::Outcomes, OutTopic::DeadLetters, OutTopic::Risk] {
        let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let line = |(_, record): (u32, &Output)| {
            let headers: Vec<(&str, Option<String>)> =
                record.headers.iter().map(|(name, value)| (name.as_str(), Some(value.clone()))).collect();
            format!("{:?} {:?} {headers:?}", text(&record.key), text(&record.value))
        };
        let mut live: Vec<String> = cluster.committed(topic).map(line).collect();
        let mut once = said.remove(&topic).unwrap_or_default();
        live.sort();
        once.sort();
        let (extra, missing) = (without(&live, &once), without(&once, &live));
        let sizes = (live.len(), once.len());
        assert!(
            live == once,
            "{topic:?}: {sizes:?} committed and once through; too much {extra:#?} too little {missing:#?}"
        );
    }
    let live: Vec<Vec<String>> = restored.iter().map(state).collect();
    assert_eq!(live, states, "the restored state is another");
}

/// The first lines of `all` that are not in `others`.
fn without(all: &[String], others: &[String]) -> Vec<String> {
    let mut left: BTreeMap<&String, usize> = BTreeMap::new();
    for line in others {
        *left.entry(line).or_default() += 1;
    }
    let fresh = all.iter().filter(|line| match left.get_mut(line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    fresh.take(3).cloned().collect()
}

/// Every customer, bit for bit.
fn state(processor: &Processor) -> Vec<String> {
    let customers = processor.engine().state().iter().map(|(_, customer)| format!("{customer:?}"));
    let mut customers: Vec<String> = customers.collect();
    customers.sort();
    customers
}

fn once_through(world: &World, cluster: &Cluster, live: &Processor) -> (Processor, Vec<Batch>) {
    let shared = &world.shared;
    let wall = shared.setup.clock == ClockMode::Wall || shared.setup.input_topics.len() > 1;
    let policy = churnwatch::engine::alerting::policy::Policy {
        publish_from: live.publish_from(),
        ..(*shared.setup.policy).clone()
    };
    let setup = Setup { clock: ClockMode::Event, policy: Arc::new(policy), ..(*shared.setup).clone() };
    let number = live.partition();
    let find = |version: &str| {
        let configured = Some(&shared.model).filter(|model| model.version == version);
        configured.or(cluster.schedule.find(version)).cloned()
    };
    // A recorded history repeats the changes that it remembers; any other goes by the promotions, as at a rebuild.
    let (model, schedule) = if wall {
        let (model, schedule) = Recorded::models(live, &shared.model, find).unwrap();
        (model, Arc::new(schedule))
    } else {
        (shared.model.clone(), cluster.schedule.clone())
    };
    let mut processor = Processor::new(Arc::new(setup), number, model);
    processor.offer(schedule);
    let mut recorded = if wall { Some(Recorded::of(live)) } else { None };
    let mut batches = vec![Batch::new()];
    let topics = shared.setup.input_topics.len();
    let logs: Vec<&Vec<Input>> = (0..topics).map(|topic| &cluster.inputs[&(topic, number)]).collect();
    let late = Millis(i64::from(END.0) * 86_400_000);
    let open_ended = vec![false; topics];
    let mut close = |processor: &mut Processor, at_end: &[bool], batches: &mut Vec<Batch>| {
        let time = Time { wall: late, at_end, source_alive: true };
        loop {
            let batch = batches.last_mut().unwrap();
            let progress = match &mut recorded {
                Some(recorded) => recorded.advance(processor, &time, batch),
                None => processor.advance(&time, batch),
            };
            if progress == Progress::Idle {
                return recorded.as_ref().and_then(Recorded::read_to).map(<[i64]>::to_vec);
            }
        }
    };
    let mut next = vec![0_usize; topics];
    loop {
        let read_to = close(&mut processor, &open_ended, &mut batches);
        // With several inputs the recorded close says which is to be read next.
        let behind = |topic: &usize| {
            let more = next[*topic] < logs[*topic].len();
            more && read_to.as_ref().is_none_or(|ends| (next[*topic] as i64) < ends[*topic])
        };
        let Some(topic) = (0..topics).find(behind) else { break };
        let input = &logs[topic][next[topic]];
        let record = RawRecord::new(input.key.as_deref(), Some(&input.value), Millis(input.timestamp));
        processor.process(topic, next[topic] as i64, &record, late, batches.last_mut().unwrap());
        next[topic] += 1;
    }
    close(&mut processor, &vec![true; topics], &mut batches);
    (processor, batches)
}
