//! Clients that are told of no broker at all, as by a cluster whose nodes have all stood still, and that would then ask
//! nobody any more.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::bench::{Bench, shop};
use crate::broker::Nodes;
use crate::proxy::{Api, Harm, Proxy};
use crate::stand::Stand;
use crate::support::page::{answer, free_port};
use crate::support::size;
use crate::{alone, port};

const PARTITIONS: u32 = 3;
/// How long every answer about the cluster names nobody. Clients ask once a second here, or when they have lost somebody.
const NOBODY: Duration = Duration::from_secs(4);
/// Longest time to the next commit after that: until the worker asks, and is sure, and then a restart's.
const PATIENCE: Duration = Duration::from_secs(45);
/// What a restore takes at least, and at most, that one reply never reaches: another client reads on.
const LOST: Duration = Duration::from_secs(5);
const RESTORED: Duration = Duration::from_secs(30);

#[test]
fn clients_that_lost_all_brokers_are_replaced() {
    let _turn = alone();
    let (behind, before) = (port(15_300), port(17_300));
    // Those of the service, which are all of these names, and this test's own, which is quiet meanwhile.
    let proxy = Proxy::start(before as u16, behind as u16, &["rdkafka", "churnwatch@"]);
    let Some(_nodes) = Nodes::start("cut_off", 1, behind, Some(before)) else { return };
    let bench = Bench::with(&format!("127.0.0.1:{before}"), "cut_off", "[time]\nclock = \"event\"\n");
    bench.topics(PARTITIONS);
    let log = std::fs::read_to_string(shop(&bench, "300", "160", "2026-01-01", 9)).unwrap();
    let (lines, rounds) = (log.lines().collect::<Vec<_>>(), size(20, 2));
    let (said, path) = (bench.folder().join("serve.log"), bench.folder().join("piece.jsonl"));
    let publish = |piece: &[&str]| {
        std::fs::write(&path, piece.join("\n") + "\n").unwrap();
        bench.publish(&path);
    };
    let mut pieces = lines.chunks(lines.len().div_ceil(rounds + 1));
    publish(pieces.next().unwrap());
    let refresh = ("CHURNWATCH_KAFKA__CLIENT__topic.metadata.refresh.interval.ms", "1000".to_owned());
    let mut replica = bench.serve_into(File::create(&said).unwrap(), [refresh]);
    Stand::new(&bench, PARTITIONS).all_committed();
    let mut anew = 0;
    for piece in pieces {
        proxy.harm(Api::Metadata, Harm::NoBrokers, u32::MAX);
        std::thread::sleep(NOBODY);
        proxy.harm(Api::Metadata, Harm::NoBrokers, 0);
        publish(piece);
        let healed = Instant::now();
        Stand::new(&bench, PARTITIONS).all_committed();
        println!("everything is committed {:?} after it was published", healed.elapsed());
        assert!(healed.elapsed() < PATIENCE, "it took {:?}", healed.elapsed());
        assert_eq!(replica.ended(), None);
        let (text, before) = (std::fs::read_to_string(&said).unwrap(), anew);
        anew = text.matches("beginning anew").count();
        assert!(anew > before, "nobody was cut off: {text}");
    }
    replica.terminate();
    proxy.harm(Api::Fetch, Harm::Swallow, 1);
    let (port, begun) = (free_port(), Instant::now());
    let listen = ("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let _restored = bench.serve_with([listen]);
    while answer(port, "/readyz").is_none_or(|(status, _)| status != 200) {
        assert!(begun.elapsed() < RESTORED, "not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("ready {:?} after the start, with one reply lost", begun.elapsed());
    assert!(proxy.left() == 0 && begun.elapsed() > LOST, "no reply was lost");
    bench.compare_with_topics(PARTITIONS);
}
