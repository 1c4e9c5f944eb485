//! Chaos on a real Apache Kafka: replicas killed, stopped and fenced, brokers bounced, replies lost. Whatever happens, what
//! is committed in the end equals what `replay` writes from the same log, and nothing is there twice.
//!
//! A seed draws everything: `CHURNWATCH_SEED=7 cargo test --test chaos -- --nocapture`. `CHURNWATCH_LONG=1` strikes as
//! often as docs/testing.md says; without it a few times, for CI.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "kafka/bench.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod bench;
#[path = "kafka/broker.rs"]
#[allow(dead_code, reason = "the Kafka suite uses the rest")]
mod broker;
#[path = "kafka/stand.rs"]
#[allow(dead_code, reason = "the recovery suite uses the rest")]
mod stand;
#[path = "chaos/coordinators.rs"]
mod coordinators;
#[path = "chaos/cut_off.rs"]
mod cut_off;
#[path = "chaos/proxy.rs"]
mod proxy;
#[path = "chaos/world.rs"]
mod world;
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bench::Bench;
use broker::Nodes;
use coordinators::{Role, leads, move_on};
use proxy::{Api, Harm, Proxy};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use support::{seed, size};
use world::World;

/// One cluster at a time: two cores carry no more.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port of this process's own, below the range that the system hands out by itself.
fn port(from: u32) -> u32 {
    from + std::process::id() % 400 * 3
}

/// SIGKILL and SIGTERM at random; SIGSTOP for longer than a session, so that its partitions go to others, then SIGCONT; a
/// second producer with a worker's transactional id.
#[test]
fn replicas_killed_frozen_and_fenced_lose_and_double_nothing() {
    let _turn = alone();
    let Some(nodes) = Nodes::start("replicas", 3, port(10_000), None) else { return };
    let mut world = World::new(&nodes.brokers, "replicas", seed(), 3);
    let mut strikes = Vec::new();
    for (name, count) in
        [("kill", size(50, 3)), ("terminate", size(20, 2)), ("freeze", size(100, 1)), ("rival", size(20, 3))]
    {
        strikes.extend(std::iter::repeat_n(name, count));
        println!("{count} × {name}");
    }
    world.shuffle(&mut strikes);
    world.cut(strikes.len());
    for strike in strikes {
        world.publish_next();
        world.pause(200, 1_500);
        match strike {
            "kill" => world.kill(),
            "terminate" => world.terminate(),
            // The session is 10 s, and so is the transaction's time.
            "freeze" => world.freeze(Duration::from_secs(13)),
            _ => world.rival(),
        }
    }
    world.settle();
}

/// Each node's role is asked for before it is bounced: leader of an input, coordinator of the group, of the transactions.
/// Between the rounds the partitions of an input and of the changelog move to other nodes.
#[test]
fn bounced_brokers_stop_nothing_for_long() {
    let _turn = alone();
    let Some(nodes) = Nodes::start("bounced", 3, port(12_000), None) else { return };
    let mut world = World::new(&nodes.brokers, "bounced", seed(), 2);
    let rounds = size(5, 1);
    world.cut(rounds * 7 + 1);
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        for role in [Role::Leader, Role::Group, Role::Transactions] {
            // In CI each role once, in turn without a word and in order.
            for hard in if rounds == 1 { vec![role == Role::Transactions] } else { vec![false, true] } {
                world.publish_next();
                let node = leads(&world.bench, role, &world.transactional_id());
                nodes.stop(Some(node), hard);
                world.pause(500, 2_000);
                nodes.up(Some(node));
                let took = world.moves_on();
                println!("round {round}: {role:?} on node {node}, hard {hard}: on after {took:?}");
                slowest = slowest.max(took);
                world.nobody_ended();
            }
        }
        world.publish_next();
        let topics = world.bench.settings().file.topics;
        for topic in [&topics.events[0], &topics.profiles] {
            move_on(&world.bench, &nodes, topic);
        }
        let took = world.moves_on();
        println!("round {round}: partitions moved: on after {took:?}");
        slowest = slowest.max(took);
        world.nobody_ended();
    }
    world.publish_next();
    nodes.stop(None, true);
    std::thread::sleep(Duration::from_secs(size(70, 15) as u64));
    world.nobody_ended();
    nodes.up(None);
    let took = world.moves_on();
    println!("all down: on after {took:?}");
    slowest = slowest.max(took);
    world.nobody_ended();
    world.settle();
    // CI shares its two cores between three brokers that start and everything else.
    assert!(slowest < Duration::from_secs(size(30, 90) as u64), "it took {slowest:?} to go on");
}

/// Replies that come late, never, or with the connection cut, of every request that a transaction rests on.
#[test]
fn lost_replies_tear_nothing() {
    let _turn = alone();
    let (behind, before) = (port(14_000), port(16_000));
    let proxy = Proxy::start(before as u16, behind as u16, &["-first-0", "churnwatch@"]);
    let Some(_nodes) = Nodes::start("replies", 1, behind, Some(before)) else { return };
    let mut world = World::new(&format!("127.0.0.1:{before}"), "replies", seed(), 1);
    let counts = [
        (Api::EndTxn, size(100, 4)),
        (Api::TxnOffsetCommit, size(30, 2)),
        (Api::AddPartitionsToTxn, size(30, 1)),
        (Api::Produce, size(30, 2)),
        (Api::Fetch, size(30, 2)),
    ];
    let mut strikes: Vec<Api> = counts.iter().flat_map(|(api, count)| std::iter::repeat_n(*api, *count)).collect();
    world.shuffle(&mut strikes);
    world.cut(strikes.len());
    for (at, api) in strikes.into_iter().enumerate() {
        let harm = match at % 3 {
            0 => Harm::Swallow,
            1 => Harm::Cut,
            _ => Harm::Delay(Duration::from_millis(world.below(4_000))),
        };
        world.publish_next();
        proxy.harm(api, harm, 1);
        let begun = Instant::now();
        while proxy.left() > 0 {
            assert!(begun.elapsed() < Duration::from_mins(1), "no reply to {api:?} came");
            world.nudge();
            std::thread::sleep(Duration::from_millis(20));
        }
        println!("{api:?}: {harm:?}");
        world.nobody_ended();
    }
    world.settle();
    stalled(&proxy, &format!("127.0.0.1:{before}"));
}

/// Records wait, brokers answer, and nothing comes through: the watchdog ends the process, so that it is started anew.
fn stalled(proxy: &Proxy, brokers: &str) {
    let bench = Bench::with(brokers, "stalled", "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    bench.topics(1);
    let publish = |id: &str| {
        let (path, time) = (bench.folder().join("one.jsonl"), "2025-12-31T12:00:00Z");
        let line = format!("{{\"id\":\"{id}\",\"type\":\"visit\",\"customer_id\":\"{id}\",\"time\":\"{time}\"}}\n");
        std::fs::write(&path, line).unwrap();
        bench.publish(&path);
    };
    // Behind the first record stands the marker of its transaction, which nobody ever reads.
    let (topic, time) = (bench.settings().file.topics.events[0].clone(), "2025-12-31T12:00:00Z");
    let producer: BaseProducer = bench.client(&[("transactional.id", "stalled")]).create().unwrap();
    producer.init_transactions(Duration::from_secs(30)).unwrap();
    producer.begin_transaction().unwrap();
    let first = format!(r#"{{"id":"first","type":"visit","customer_id":"first","time":"{time}"}}"#);
    producer.send(BaseRecord::to(&topic).key("first").payload(&first)).map_err(|(fault, _)| fault).unwrap();
    producer.commit_transaction(Duration::from_secs(30)).unwrap();
    let mut replica = bench.serve_with([("CHURNWATCH_SERVICE__STALL", "6s".to_owned())]);
    let until = |what: &str, holds: &mut dyn FnMut() -> bool| {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_mins(1), "{what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    until("nothing is read", &mut || bench.restored(1)[0].customers() == 1);
    // Nothing to do is no stall.
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(replica.ended(), None);
    proxy.harm(Api::Fetch, Harm::Swallow, u32::MAX);
    publish("second");
    until("the watchdog sleeps", &mut || replica.ended().is_some());
    assert_eq!(replica.ended(), Some(70));
}
