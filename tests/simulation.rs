//! A deterministic simulation: the real worker logic over an in-memory broker with transactions that take their time,
//! fencing, rebalances, zombies, lost replies, crashes at every step, compaction, an input with duplicates and disorder, and schemas that are long in coming.
//!
//! One seed replays one history: `CHURNWATCH_SEED=17 cargo test --test simulation`; `CHURNWATCH_SEEDS=20000` runs more.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "simulation/broker.rs"]
mod broker;
#[path = "simulation/cluster.rs"]
mod cluster;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/registry.rs"]
mod registry;
#[path = "simulation/tally.rs"]
mod tally;
#[path = "simulation/world.rs"]
mod world;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cluster::Planted;
use tally::Tally;
use world::World;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Lives one seed's history to its end and holds it against the invariants.
fn live(seed: u64, planted: Planted) -> Tally {
    let mut world = World::new(seed, planted);
    world.run();
    invariants::check(&world);
    world.tally()
}

#[test]
fn every_seed_keeps_the_invariants() {
    let seeds: Vec<u64> = match number("CHURNWATCH_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("CHURNWATCH_SEEDS").unwrap_or(500)).collect(),
    };
    let mut sum = Tally::default();
    for seed in &seeds {
        let tally = catch_unwind(AssertUnwindSafe(|| live(*seed, Planted::Nothing))).ok();
        let advice = "CHURNWATCH_SEED=that cargo test --test simulation";
        sum.add(&tally.unwrap_or_else(|| panic!("seed {seed} breaks an invariant: {advice}")));
    }
    println!("{} seeds: {sum:?}", seeds.len());
    if seeds.len() >= 200 {
        // A simulation in which nothing happens proves nothing.
        assert!(sum.alerts > 1_000 && sum.crashes > 200 && sum.aborts > 200 && sum.unknown > 100, "{sum:?}");
        assert!(sum.switches > 100, "{sum:?}");
        assert!(sum.looks > 1_000 && sum.interrupted > 200 && sum.late_ends > 20, "{sum:?}");
        assert!(sum.zombie_commits > 20 && sum.rebalances > 200 && sum.duplicates > 100 && sum.late > 20, "{sum:?}");
        assert!(sum.full > 100 && sum.pauses > 1_000, "{sum:?}");
    }
}

#[test]
fn a_seed_is_a_history() {
    assert_eq!(format!("{:?}", live(3, Planted::Nothing)), format!("{:?}", live(3, Planted::Nothing)));
}

/// Faults of the broker that the service may rely on never to happen: each must be seen within a few seeds.
#[test]
fn planted_faults_are_found() {
    let faults = [
        Planted::AbortedIsVisible,
        Planted::NoFencing,
        Planted::RestoreStopsShort,
        Planted::OffsetsLost,
        Planted::AbortedIsSaidCommitted,
        Planted::OffsetsBeforeOutputs,
        Planted::NotRolledBack,
    ];
    for planted in faults {
        let found = (0..500).find(|seed| catch_unwind(AssertUnwindSafe(|| live(*seed, planted))).is_err());
        assert!(found.is_some(), "{planted:?} was not found");
        println!("{planted:?} found by seed {}", found.unwrap());
    }
}
