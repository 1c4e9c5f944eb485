//! What the probes say in every state of the service: the truth, with the reason.

use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::Bench;
use crate::feed::Feed;
use crate::stand::Stand;
use crate::support::page::{answer, page};
use crate::watch::{Watch, metric, readiness, ready, serve};
use crate::writer::crash;
use crate::{alone, bench, until};

const PARTITIONS: u32 = 3;
const NAME: &str = "probed";

/// Events of so many customers, `from` on.
fn events(from: u32, count: u32) -> Vec<String> {
    let time = "2025-12-31T12:00:00Z";
    let line = |at| format!("{{\"id\":\"e{at}\",\"type\":\"visit\",\"customer_id\":\"c{at}\",\"time\":\"{time}\"}}");
    (from..from + count).map(line).collect()
}

fn send(feed: &mut Feed, from: u32) {
    let lines = events(from, 50);
    feed.send(lines.iter().map(String::as_str));
}

/// Whether one of these sentences begins so.
fn told(said: &[String], word: &str) -> bool {
    said.iter().any(|sentence| sentence.starts_with(word))
}

/// Another takes the worker's transactional id over.
fn fence(bench: &Bench, id: &str) {
    let rival: BaseProducer = bench.client(&[("transactional.id", id)]).create().unwrap();
    rival.init_transactions(Duration::from_secs(30)).unwrap();
    rival.begin_transaction().unwrap();
    let topic = bench.settings().file.topics.alerts;
    rival.send(BaseRecord::to(&topic).key("rival").payload("of a rival")).map_err(|(fault, _)| fault).unwrap();
    rival.flush(Duration::from_secs(10)).unwrap();
}

#[test]
fn probes_tell_the_truth_in_every_state() {
    let Some((_turn, nodes)) = alone() else { return };
    // No broker at all: said from the first moment, until the process gives up with its sentence.
    let nowhere = bench("127.0.0.1:9", "nowhere");
    let (mut lost, lost_port) = serve(&nowhere, None);
    let lost_watch = Watch::of(lost_port);

    let bench = bench(&nodes.brokers, "probes");
    bench.topics(PARTITIONS);
    let (mut feed, stand) = (Feed::new(&bench), Stand::new(&bench, PARTITIONS));
    let (mut replica, port) = serve(&bench, Some(NAME));
    ready(port);
    send(&mut feed, 0);
    stand.all_committed();
    replica.kill();

    // Restoring, which a stranger's open transaction holds up.
    crash(&bench, "stranger", 6_000);
    let (mut replica, port) = serve(&bench, Some(NAME));
    let watch = Watch::of(port);
    until("not restoring", 60, || readiness(port).starts_with("restoring"));
    assert_eq!(answer(port, "/startupz").unwrap().0, 503);
    assert_eq!(answer(port, "/v1/customers/c1").unwrap().0, 503, "who is missing is not known yet");
    ready(port);
    assert_eq!((answer(port, "/livez").unwrap().0, answer(port, "/startupz").unwrap().0), (200, 200));
    assert_eq!(answer(port, "/v1/customers/c1").unwrap().0, 200);
    let said = watch.end("started");
    assert!(told(&said, "restoring") && said.iter().filter(|one| *one == "ready").count() == 1, "{said:?}");

    // Rebalancing: a second replica comes, and goes.
    let watch = Watch::of(port);
    let (mut second, second_port) = serve(&bench, None);
    ready(second_port);
    ready(port);
    let second_watch = Watch::of(second_port);
    second.terminate();
    let said = second_watch.end("second");
    assert!(!told(&said, "joining") && !told(&said, "restoring"), "{said:?}");
    send(&mut feed, 100);
    stand.all_committed();
    let said = watch.end("rebalanced");
    // Joining may take less than from one question to the next.
    assert!(told(&said, "restoring") && said.last().unwrap() == "ready", "{said:?}");

    // Fenced: found out with the next commit, then everything is read again.
    let watch = Watch::of(port);
    fence(&bench, &format!("{}-{NAME}-0", bench.settings().file.kafka.group_id));
    send(&mut feed, 200);
    stand.all_committed();
    ready(port);
    let said = watch.end("fenced");
    assert!(told(&said, "restoring") && said.last().unwrap() == "ready", "{said:?}");
    assert_eq!(metric(&page(port, "/metrics").unwrap(), "churnwatch_rebuilds_total"), 1.0);

    // The broker stands still: from the end of the session on the partitions may be another's.
    let watch = Watch::of(port);
    let frozen = nodes.frozen();
    let gone = Instant::now();
    until("ready without a broker", 30, || readiness(port).starts_with("joining"));
    println!("not ready any more {:.1} s after the broker was gone", gone.elapsed().as_secs_f64());
    drop(frozen);
    let back = ready(port);
    println!("ready {:.1} s after it was back", back.as_secs_f64());
    let said = watch.end("broker gone");
    assert!(told(&said, "restoring"), "{said:?}");
    send(&mut feed, 300);
    stand.all_committed();

    // Draining: a signal that can't be followed at once, and that is said all the while.
    send(&mut feed, 400);
    let frozen = nodes.frozen();
    let watch = Watch::of(port);
    replica.signal("TERM");
    until("not draining", 5, || readiness(port).starts_with("draining"));
    std::thread::sleep(Duration::from_secs(1));
    drop(frozen);
    let mut code = None;
    until("does not end", 15, || {
        code = replica.ended();
        code.is_some()
    });
    let said = watch.end("draining");
    assert!(said.last().unwrap().starts_with("draining") && said.len() <= 2, "{said:?}");
    assert_eq!(code, Some(0));

    let said = lost_watch.end("no broker");
    assert_eq!(said, ["starting: looking at the topics"]);
    until("waits for ever", 60, || lost.ended().is_some());
    assert_eq!(lost.ended(), Some(1));
}
