//! The customers of a partition and the two batches that are not committed yet, against plain maps: whatever is added,
//! changed, removed, sealed, confirmed and rolled back, in an order drawn by chance.
//!
//! One seed replays one history: `CHURNWATCH_SEED=17 cargo test --test rollback`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;

use churnwatch::engine::customer::customer_hash;
use churnwatch::engine::money::Money;
use churnwatch::engine::state::State;
use support::draw::Draw;

/// Customers by id, each with a number that stands for its profile.
type Customers = BTreeMap<String, i64>;

/// A state and what it should be.
#[derive(Default)]
struct Pair {
    state: State,
    open: Customers,
    sealed: Option<Customers>,
    committed: Customers,
    /// The changelog, and what the sealed batch adds to it.
    log: BTreeMap<String, Vec<u8>>,
    written: Vec<(String, Option<Vec<u8>>)>,
}

fn customers(state: &State) -> Customers {
    state.iter().map(|(_, customer)| (customer.id, customer.profile.totals.gross.0)).collect()
}

impl Pair {
    fn put(&mut self, id: &str, gross: i64) {
        let known = self.state.find(id, customer_hash(id));
        assert_eq!(known.is_some(), self.open.contains_key(id), "{id}");
        let slot = known.unwrap_or_else(|| self.state.add(id));
        let customer = self.state.touch(slot).unwrap();
        assert_eq!(
            (customer.id.as_str(), customer.profile.totals.gross.0),
            (id, self.open.get(id).copied().unwrap_or(0))
        );
        customer.profile.totals.gross = Money(gross);
        self.open.insert(id.to_owned(), gross);
    }

    fn remove(&mut self, id: &str) {
        if let Some(slot) = self.state.find(id, customer_hash(id)) {
            self.state.remove(slot);
            assert!(!self.state.look(slot), "{id} is still there");
        }
        self.open.remove(id);
    }

    fn seal(&mut self) {
        let (state, written) = (&mut self.state, &mut self.written);
        state.each_touched(|touched| written.push((touched.id.to_owned(), touched.record.map(<[u8]>::to_vec))));
        let records: BTreeMap<&String, bool> = written.iter().map(|(id, record)| (id, record.is_some())).collect();
        // One that came and went again may be said to be gone twice.
        assert!(written.iter().all(|(id, record)| records[id] == record.is_some()), "a customer is there and gone");
        assert_eq!(
            records.values().filter(|there| **there).count(),
            written.iter().filter(|(_, record)| record.is_some()).count()
        );
        state.seal();
        assert_eq!(state.touched_len(), 0);
        self.sealed = Some(self.open.clone());
    }

    fn confirm(&mut self) {
        self.state.confirm();
        self.committed = self.sealed.take().unwrap();
        for (id, record) in self.written.drain(..) {
            match record {
                Some(record) => self.log.insert(id, record),
                None => self.log.remove(&id),
            };
        }
        let mut restored = State::new();
        for (id, record) in &self.log {
            restored.restore(id, record).unwrap();
        }
        assert_eq!(customers(&restored), self.committed, "the changelog says something else");
    }

    fn roll_back(&mut self) {
        self.state.roll_back();
        self.open = self.committed.clone();
        self.sealed = None;
        self.written.clear();
    }

    fn check(&self) {
        assert_eq!(customers(&self.state), self.open);
        assert_eq!(self.state.len(), self.open.len());
        for id in self.open.keys() {
            let slot = self.state.find(id, customer_hash(id)).unwrap();
            assert_eq!(self.state.peek(slot).unwrap().id, *id);
        }
    }
}

/// Gives how often two batches were rolled back at once.
fn live(seed: u64) -> usize {
    let (mut draw, mut pair, mut both) = (Draw::new(seed), Pair::default(), 0);
    for _ in 0..400 {
        let id = format!("c{}", draw.below(12));
        match draw.below(16) {
            0..8 => pair.put(&id, draw.below(1 << 40) as i64),
            8..11 => pair.remove(&id),
            11 => {
                // Somebody else is taken in hand.
                pair.state.find(&id, customer_hash(&id)).map(|slot| pair.state.look(slot));
            }
            12 | 13 if pair.sealed.is_none() => pair.seal(),
            12 | 13 => pair.confirm(),
            14 if draw.below(3) == 0 => {
                both += usize::from(pair.sealed.is_some() && pair.state.touched_len() > 0);
                pair.roll_back();
            }
            _ => {}
        }
        pair.check();
    }
    both
}

#[test]
fn two_batches_are_lost_together() {
    let seed = std::env::var("CHURNWATCH_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = seed.map_or(0..300, |seed| seed..seed + 1);
    let both: usize = seeds
        .map(|seed| {
            println!("seed {seed}");
            live(seed)
        })
        .sum();
    assert!(seed.is_some() || both > 300, "two batches were rolled back {both} times");
}
