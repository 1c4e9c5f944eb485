//! Replicas that come and go under load: how long each partition stands, seen from outside.
//!
//! A partition's pause is the longest time between two looks that found its committed offset moved, about a change. Events
//! come to every partition all the time, so whatever stands longer than a commit's interval waits for the change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use churnwatch::processor::topology::Processor;

use crate::bench::{Bench, Replica};
use crate::feed::Feed;
use crate::stand::Stand;
use crate::support::page::page;
use crate::support::{is_long, size};
use crate::watch::{readiness, serve};
use crate::{alone, bench, draw, quantiles, until};

const PARTITIONS: u32 = 12;
/// Events a second.
const RATE: f64 = 2_000.0;
/// How often the group's offsets are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long a new order is looked at before the next change.
const SETTLE: Duration = Duration::from_secs(2);

/// When the committed offset of each partition was seen to have moved.
type Moves = BTreeMap<i32, Vec<Instant>>;

/// A visit, in the same day as all others: no close is among what is measured.
fn event(number: u64, customer: u64, millis: u64) -> String {
    let time = format!(
        "2025-12-01T{:02}:{:02}:{:02}.{:03}Z",
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1_000 % 60,
        millis % 1_000
    );
    format!("{{\"id\":\"e{number}\",\"type\":\"visit\",\"customer_id\":\"c{customer:06}\",\"time\":\"{time}\"}}")
}

/// Looks at the group's offsets until it is told to stop.
fn look(stand: &Stand, stop: &AtomicBool, moves: &Mutex<Moves>) {
    let mut known = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        if let Some(committed) = stand.committed() {
            let now = Instant::now();
            for (partition, offset) in committed {
                if known.insert(partition, offset) != Some(offset) {
                    moves.lock().unwrap().entry(partition).or_default().push(now);
                }
            }
        }
        std::thread::sleep(LOOK);
    }
}

/// The longest pause of a partition between two instants.
fn pause(moves: &[Instant], from: Instant, to: Instant) -> Duration {
    let about = moves.windows(2).filter(|pair| pair[1] > from && pair[0] < to);
    about.map(|pair| pair[1] - pair[0]).max().unwrap_or(to - from)
}

struct Changes {
    bench: Bench,
    replicas: BTreeMap<u32, (Replica, u16)>,
    came: u32,
    moves: Arc<Mutex<Moves>>,
}

impl Changes {
    /// Which replica holds each partition, where every partition is held once and all replicas are ready.
    fn owners(&self) -> Option<BTreeMap<u32, u32>> {
        let mut owners = BTreeMap::new();
        for (number, (_, port)) in &self.replicas {
            if readiness(*port) != "ready" {
                return None;
            }
            let metrics = page(*port, "/metrics")?;
            let held = metrics.lines().filter_map(|line| line.strip_prefix("churnwatch_customers{partition=\""));
            for partition in held.map(|line| line.split('"').next().unwrap().parse().unwrap()) {
                if owners.insert(partition, *number).is_some() {
                    return None;
                }
            }
        }
        (owners.len() == PARTITIONS as usize).then_some(owners)
    }

    /// Waits for a new order, and until every partition has moved in it.
    fn settle(&self, since: Instant) -> BTreeMap<u32, u32> {
        let mut owners = None;
        until("partitions stay without a replica", 120, || {
            owners = self.owners();
            owners.is_some()
        });
        let ordered = Instant::now().max(since);
        until("a partition stands still", 120, || {
            let moves = self.moves.lock().unwrap();
            moves.len() == PARTITIONS as usize && moves.values().all(|all| all.last().is_some_and(|at| *at > ordered))
        });
        owners.unwrap()
    }

    fn join(&mut self) {
        self.came += 1;
        self.replicas.insert(self.came, serve(&self.bench, None));
    }

    /// Pauses of all partitions over a time in which `change` happens, by whether they stayed.
    fn measure(&mut self, change: impl FnOnce(&mut Self)) -> (Vec<Duration>, Vec<Duration>) {
        let (before, from) = (self.settle(Instant::now()), Instant::now());
        change(self);
        let after = self.settle(Instant::now());
        std::thread::sleep(SETTLE);
        let (to, moves) = (Instant::now(), self.moves.lock().unwrap());
        let (mut stayed, mut moved) = (Vec::new(), Vec::new());
        for (partition, owner) in after {
            let list = if before[&partition] == owner { &mut stayed } else { &mut moved };
            list.push(pause(&moves[&(partition as i32)], from, to));
        }
        (stayed, moved)
    }
}

#[test]
fn replicas_come_and_go_under_load() {
    let Some((_turn, nodes)) = alone() else { return };
    let (bench, mut draw) = (bench(&nodes.brokers, "changes"), draw());
    bench.topics(PARTITIONS);
    let customers = size(100_000, 20_000) as u64;
    let (mut feed, changes) = (Feed::new(&bench), size(30, 2));
    let everybody: Vec<String> = (0..customers).map(|number| event(number, number, number / 100)).collect();
    feed.send(everybody.iter().map(String::as_str));
    drop(everybody);
    let stop = Arc::new(AtomicBool::new(false));
    let mut world = Changes { bench, replicas: BTreeMap::new(), came: 0, moves: Arc::default() };
    (0..2).for_each(|_| world.join());
    let stand = Stand::new(&world.bench, PARTITIONS);
    stand.all_committed();
    let (asking, told, moves) = (Stand::new(&world.bench, PARTITIONS), stop.clone(), world.moves.clone());
    let looking = std::thread::spawn(move || look(&asking, &told, &moves));
    let live = (0_u64..).map(move |at| event(customers + at, at * 7_919 % customers, 1_000 + at / 2));
    let (fed, feeding) = feed.pace(live, RATE);

    std::thread::sleep(Duration::from_secs(2));
    let (quiet, _) = world.measure(|_| {});
    println!("no change       {}", quantiles(quiet));
    let mut pauses: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for at in 0..changes {
        let joins = at % 2 == 0;
        let leaver = *world.replicas.keys().nth(draw.below(world.replicas.len() as u64) as usize).unwrap();
        let (stayed, moved) = world.measure(|world| {
            if joins {
                world.join();
            } else {
                world.replicas.remove(&leaver).unwrap().0.terminate();
            }
        });
        println!(
            "{} {:?} stayed, {:?} moved",
            if joins { "join" } else { "leave" },
            stayed.iter().max(),
            moved.iter().max()
        );
        pauses.entry(if joins { "join, stayed" } else { "leave, stayed" }).or_default().extend(&stayed);
        pauses.entry(if joins { "join, moved" } else { "leave, moved" }).or_default().extend(&moved);
    }
    stop.store(true, Ordering::Relaxed);
    fed.store(true, Ordering::Relaxed);
    looking.join().unwrap();
    let (_, left) = feeding.join().unwrap();
    assert!(left);
    let mut longest = [Duration::ZERO; 2];
    for (what, times) in pauses.into_iter().filter(|(_, times)| !times.is_empty()) {
        let at = usize::from(what.ends_with("moved"));
        longest[at] = longest[at].max(times.iter().copied().max().unwrap());
        println!("{what:<15} {}", quantiles(times));
    }
    stand.all_committed();
    let known: usize = world.bench.restored(PARTITIONS).iter().map(Processor::customers).sum();
    assert_eq!(known, customers as usize);
    // CI shares its two cores between a broker, three replicas and the load.
    let bounds = if is_long() { [1, 5] } else { [20, 30] };
    println!("longest pause: {:?} stayed, {:?} moved", longest[0], longest[1]);
    for (longest, bound) in longest.iter().zip(bounds) {
        assert!(*longest <= Duration::from_secs(bound), "{longest:?}, where {bound} s are promised");
    }
}
