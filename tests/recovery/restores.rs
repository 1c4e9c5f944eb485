//! Restores over the open transaction of a writer that crashed, and kills in the middle of a restore.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Bench, Replica, shop};
use crate::feed::Feed;
use crate::stand::Stand;
use crate::support::draw::Draw;
use crate::support::page::{answer, page};
use crate::support::{is_long, size};
use crate::watch::{metric, readiness, ready, serve};
use crate::writer::{Ends, GHOST, crash};
use crate::{alone, bench, draw, quantiles, until};

const PARTITIONS: u32 = 6;
/// The replica's name, with which its transactional id lasts over restarts.
const NAME: &str = "first";
/// Tries for one restore over a transaction that really is open.
const TRIES: usize = 20;
/// Events of a piece.
const PIECE: usize = 12;

/// Who left the transaction open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crashed {
    /// The worker itself, killed at work: its successor ends the transaction.
    Worker,
    /// Another with the worker's transactional id, after the worker's last commit.
    Namesake,
    /// A stranger, before the worker's last commits: the broker ends its transaction, after the restore has begun.
    Stranger,
}

struct Restores {
    bench: Bench,
    feed: Feed,
    stand: Stand,
    ends: Ends,
    lines: std::vec::IntoIter<String>,
    draw: Draw,
    replica: Option<(Replica, u16)>,
    ready_after: Vec<Duration>,
}

impl Restores {
    fn publish(&mut self, count: usize) {
        let piece: Vec<String> = self.lines.by_ref().take(count).collect();
        assert!(!piece.is_empty(), "the log is too short");
        self.feed.send(piece.iter().map(String::as_str));
    }

    fn transactional_id(&self) -> String {
        format!("{}-{NAME}-0", self.bench.settings().file.kafka.group_id)
    }

    /// Leaves a transaction open and nobody at work. Gives whether it is open.
    fn leave_open(&mut self, who: Crashed) -> bool {
        let replica = self.replica.take();
        let (mut replica, port) = replica.unwrap_or_else(|| serve(&self.bench, Some(NAME)));
        ready(port);
        match who {
            Crashed::Worker => {
                // It is stopped here and there at work, until that is amid a transaction.
                for _ in 0..TRIES {
                    self.publish(PIECE);
                    std::thread::sleep(Duration::from_millis(20 + self.draw.below(100)));
                    replica.signal("STOP");
                    if self.ends.open() {
                        break;
                    }
                    replica.signal("CONT");
                }
                replica.kill();
            }
            Crashed::Namesake => {
                self.publish(PIECE);
                self.stand.all_committed();
                replica.kill();
                crash(&self.bench, &self.transactional_id(), 10_000);
            }
            Crashed::Stranger => {
                crash(&self.bench, "stranger", 2_500);
                self.publish(PIECE);
                self.stand.all_committed();
                replica.kill();
            }
        }
        self.ends.open()
    }

    /// Starts a replica. The instant that it says ready it must know what is committed, neither less nor more.
    fn restore(&mut self, who: Crashed) {
        let begun = Instant::now();
        let (replica, port) = serve(&self.bench, Some(NAME));
        let mut said = Vec::new();
        until("not ready", 60, || {
            let now = readiness(port);
            if said.last() != Some(&now) {
                said.push(now.clone());
            }
            now == "ready"
        });
        self.ready_after.push(begun.elapsed());
        let metrics = page(port, "/metrics").unwrap();
        assert_eq!(
            metric(&metrics, "churnwatch_restore_left_offsets"),
            0.0,
            "{who:?}: ready before everything was read"
        );
        assert!(said.iter().any(|why| why.starts_with("restoring")), "{who:?}: {said:?}");
        self.replica = Some((replica, port));
        if who == Crashed::Worker {
            // There is more to read, and what it holds moves on: compared when all of it is committed.
            self.stand.all_committed();
        } else {
            assert!(!self.ends.open(), "{who:?}: ready before the transaction was decided");
        }
        self.compare(port, &metrics, who);
    }

    /// Every customer, as the replica knows it, against a plain reader of the changelog.
    fn compare(&self, port: u16, metrics: &str, who: Crashed) {
        let mut customers = 0;
        for partition in &self.bench.restored(PARTITIONS) {
            for profile in partition.profiles_json(None) {
                let id = profile["customer_id"].as_str().unwrap();
                let (status, body) = answer(port, &format!("/v1/customers/{id}")).unwrap();
                assert_eq!(status, 200, "{who:?}: {id} is missing: {body}");
                let known: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(known, partition.customer_json(id).unwrap(), "{who:?}: {id} is stale");
                customers += 1;
            }
        }
        if who != Crashed::Worker {
            assert_eq!(metric(metrics, "churnwatch_customers"), f64::from(customers), "{who:?}");
        }
        assert_eq!(answer(port, &format!("/v1/customers/{GHOST}")).unwrap().0, 404, "{who:?}: was never committed");
    }

    /// Kills the replica in the middle of its restore; gives whether it was.
    fn kill_amid_restore(&mut self) -> bool {
        let (mut replica, port) = serve(&self.bench, Some(NAME));
        until("no restore", 60, || {
            let now = readiness(port);
            now.starts_with("restoring") || now == "ready"
        });
        // From the question for the ends over the wait for the open transaction to the last record.
        std::thread::sleep(Duration::from_millis(self.draw.below(400)));
        let amid = readiness(port).starts_with("restoring");
        replica.kill();
        amid
    }
}

impl Restores {
    /// Half of a shop's log is read by a replica.
    fn begin(brokers: &str, name: &str) -> Self {
        let bench = bench(brokers, name);
        let path = shop(&bench, &size(900, 250).to_string(), "400", "2026-01-01", 3);
        let lines: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        println!("{} events", lines.len());
        bench.topics(PARTITIONS);
        let (feed, stand, ends) = (Feed::new(&bench), Stand::new(&bench, PARTITIONS), Ends::new(&bench, PARTITIONS));
        let (base, lines, replica) = (lines.len() / 2, lines.into_iter(), Some(serve(&bench, Some(NAME))));
        let mut world = Self { bench, feed, stand, ends, lines, draw: draw(), replica, ready_after: Vec::new() };
        world.publish(base);
        world.stand.all_committed();
        world
    }

    /// The rest of the log, and everything against `replay`.
    fn finish(mut self) {
        println!("start to ready: {}", quantiles(std::mem::take(&mut self.ready_after)));
        self.publish(usize::MAX);
        self.stand.all_committed();
        self.replica.take().unwrap().0.terminate();
        self.bench.compare_with_replay(&self.feed.sent, PARTITIONS);
    }
}

#[test]
fn restores_over_open_transactions_are_never_stale() {
    let Some((_turn, nodes)) = alone() else { return };
    let mut world = Restores::begin(&nodes.brokers, "restores");
    let (mut done, mut tries) = ([0; 3], 0);
    for at in 0..size(200, 3) {
        let who = [Crashed::Worker, Crashed::Namesake, Crashed::Stranger][at % 3];
        let (more, mut open) = (tries + size(TRIES, 5), false);
        while !open && tries < more {
            open = world.leave_open(who);
            tries += usize::from(!open);
        }
        // On a quiet machine a worker's own transaction is too short to be met by chance in a few tries.
        assert!(open || who == Crashed::Worker && !is_long(), "{who:?}: no transaction is left open");
        world.restore(who);
        done[at % 3] += usize::from(open);
        if at % 20 == 19 {
            println!("{done:?} restores, none stale");
        }
    }
    println!(
        "restores over an open transaction of the worker, a namesake, a stranger: {done:?}; {tries} had none; 0 stale"
    );
    world.finish();
}

#[test]
fn kills_amid_a_restore_harm_nothing() {
    let Some((_turn, nodes)) = alone() else { return };
    let mut world = Restores::begin(&nodes.brokers, "kills");
    let (mut amid, mut tried, kills) = (0, 0, size(50, 2));
    while amid < kills {
        world.leave_open(Crashed::Stranger);
        for _ in 0..size(4, 2) {
            amid += usize::from(world.kill_amid_restore());
            tried += 1;
            assert!(tried < kills * 5 + 10, "the kills come too late to mean anything");
        }
        // The transaction may be decided by now, which makes no difference to what must be known.
        world.restore(Crashed::Stranger);
    }
    println!("{amid} of {tried} kills came amid a restore; 0 wrong");
    world.finish();
}
