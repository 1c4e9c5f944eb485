//! SIGTERM under load, and the second one.

use std::time::{Duration, Instant};

use churnwatch::processor::topology::Processor;

use crate::bench::{Replica, shop};
use crate::feed::Feed;
use crate::stand::Stand;
use crate::support::page::answer;
use crate::support::size;
use crate::watch::{Watch, readiness, ready, serve};
use crate::{alone, bench, draw, quantiles, until};

const PARTITIONS: u32 = 12;
/// Events a second.
const RATE: f64 = 1_000.0;

/// SIGTERM; gives the exit code and how long it took.
fn end(replica: &mut Replica) -> (i32, Duration) {
    let asked = Instant::now();
    replica.signal("TERM");
    loop {
        if let Some(code) = replica.ended() {
            return (code, asked.elapsed());
        }
        assert!(asked.elapsed() < Duration::from_secs(30), "SIGTERM ends nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Two replicas; one of them is told to end, at any moment from its first answer on, and another comes.
#[test]
fn sigterm_under_load_ends_in_time_and_doubles_nothing() {
    let Some((_turn, nodes)) = alone() else { return };
    let (bench, mut draw) = (bench(&nodes.brokers, "terms"), draw());
    let path = shop(&bench, &size(12_000, 700).to_string(), "200", "2026-01-01", 5);
    let lines: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    println!("{} events", lines.len());
    bench.topics(PARTITIONS);
    let (mut feed, stand, base) = (Feed::new(&bench), Stand::new(&bench, PARTITIONS), lines.len() / 5);
    feed.send(lines[..base].iter().map(String::as_str));
    let mut replicas = [serve(&bench, None), serve(&bench, None)];
    stand.all_committed();
    let (stop, feeding) = feed.pace(lines.into_iter().skip(base), RATE);
    let (mut took, terms) = (Vec::new(), size(100, 3));
    for at in 0..terms {
        let (replica, port) = &mut replicas[at % 2];
        until("no answer", 60, || answer(*port, "/livez").is_some());
        // Every third while it starts, joins and restores; the others at work.
        if at % 3 < 2 {
            ready(*port);
        }
        std::thread::sleep(Duration::from_millis(draw.below(800)));
        let (code, time) = end(replica);
        assert_eq!(code, 0, "SIGTERM {at}");
        took.push(time);
        if at % 20 == 19 {
            println!("{} SIGTERMs", at + 1);
        }
        replicas[at % 2] = serve(&bench, None);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let (feed, left) = feeding.join().unwrap();
    println!("SIGTERM to exit 0: {}", quantiles(took.clone()));
    assert!(left, "the load ended before the last SIGTERM");
    assert!(took.iter().all(|time| *time < Duration::from_secs(10)), "{took:?}");
    stand.all_committed();
    for (mut replica, _) in replicas {
        assert_eq!(end(&mut replica).0, 0);
    }
    bench.compare_with_replay(&feed.sent, PARTITIONS);
}

/// The broker stands still, so nothing can be finished: the first signal is bounded, and the second ends it at once.
#[test]
fn a_second_signal_forces_the_end() {
    let Some((_turn, nodes)) = alone() else { return };
    let bench = bench(&nodes.brokers, "forced");
    bench.topics(PARTITIONS);
    let (mut feed, stand) = (Feed::new(&bench), Stand::new(&bench, PARTITIONS));
    let time = "2025-12-31T12:00:00Z";
    let line = |at| format!("{{\"id\":\"e{at}\",\"type\":\"visit\",\"customer_id\":\"c{at}\",\"time\":\"{time}\"}}");
    let lines: Vec<String> = (0..1_000).map(line).collect();
    // One without a name has to say that it leaves, to a broker that does not answer.
    let (mut replica, port) = serve(&bench, None);
    ready(port);
    feed.send(lines.iter().map(String::as_str));
    let frozen = nodes.frozen();
    let watch = Watch::of(port);
    replica.signal("TERM");
    let draining = until("not draining", 10, || readiness(port).starts_with("draining"));
    std::thread::sleep(Duration::from_millis(200));
    let before = replica.ended();
    let (code, forced) = end(&mut replica);
    let said = watch.end("forced");
    drop(frozen);
    println!("draining is said after {draining:?}, the second signal ends it after {forced:?} with {code}");
    assert_eq!(before, None, "there was nothing to force");
    assert_eq!(code, 130);
    assert!(forced < Duration::from_secs(2));
    assert!(said.last().unwrap().starts_with("draining"), "{said:?}");
    // Nothing is lost by that.
    let (mut replica, _) = serve(&bench, Some("forced"));
    stand.all_committed();
    assert_eq!(bench.restored(PARTITIONS).iter().map(Processor::customers).sum::<usize>(), lines.len());
    assert_eq!(end(&mut replica).0, 0);
}

/// Two processes of one name shut each other out of the group, which no restart would end: one of them says so.
#[test]
fn a_name_in_use_twice_ends_one_of_the_two() {
    let Some((_turn, nodes)) = alone() else { return };
    let bench = bench(&nodes.brokers, "twice");
    bench.topics(PARTITIONS);
    let (mut one, port) = serve(&bench, Some("twice"));
    ready(port);
    let (mut other, _) = serve(&bench, Some("twice"));
    let mut code = None;
    let took = until("both go on", 60, || {
        code = one.ended().or_else(|| other.ended());
        code.is_some()
    });
    assert_eq!(code, Some(1));
    println!("a name in use twice: told after {took:?}");
}
