//! The customers of one partition, packed; one of them at a time is in hand. What batches change lies beside what was
//! committed, so the way back is to forget it.

use hashbrown::HashTable;

use crate::engine::customer::customer_hash;
use crate::engine::day::Day;
use crate::engine::packed::census::Census;
use crate::engine::packed::customer::Customer;
use crate::engine::packed::layers::Slot;
use crate::engine::packed::shelf::{ALWAYS, Hand, Shelf};

/// A customer that a batch changed.
pub struct Touched<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its record, as [`pack`](crate::engine::packed::customer::pack) writes it; `None` where it is gone.
    pub record: Option<&'a [u8]>,
}

/// A customer in the index. Part of its hash is kept, so that neither growing the index nor passing over others takes a
/// look at their ids.
#[derive(Clone, Copy)]
struct Entry {
    slot: Slot,
    hash: u32,
}

impl Entry {
    /// The hash that the index goes by: what is kept, spread over all bits.
    const fn spread(hash: u32) -> u64 {
        (hash as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// All customers of a partition.
#[derive(Default)]
pub struct State {
    index: HashTable<Entry>,
    free: Vec<Slot>,
    shelf: Shelf,
}

impl State {
    /// No customers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of customers.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes that the customers take in memory, index included.
    pub fn bytes(&self) -> usize {
        self.shelf.bytes_held() + self.index.allocation_size() + size_of::<Slot>() * self.free.capacity()
    }

    /// Number of slots; every customer's is below it.
    pub fn slots(&self) -> Slot {
        self.shelf.packed.len() as Slot
    }

    /// The customer's slot.
    pub fn find(&self, id: &str, hash: u64) -> Option<Slot> {
        let hash = hash as u32;
        let same = |entry: &Entry| entry.hash == hash && self.shelf.id(entry.slot) == id;
        self.index.find(Entry::spread(hash), same).map(|entry| entry.slot)
    }

    /// Takes a customer in hand; `false` where nobody is in the slot.
    pub fn look(&mut self, slot: Slot) -> bool {
        self.shelf.look(slot)
    }

    /// The customer in hand, if it is the one of this slot.
    pub fn get(&self, slot: Slot) -> Option<&Customer> {
        self.shelf.get(slot)
    }

    /// Takes the customer in hand to change it.
    pub fn touch(&mut self, slot: Slot) -> Option<&mut Customer> {
        if !self.look(slot) {
            return None;
        }
        self.shelf.note(slot, false);
        Some(&mut self.shelf.hand.customer)
    }

    /// Adds a customer that is not there yet, and takes it in hand.
    pub fn add(&mut self, id: &str) -> Slot {
        self.shelf.put_back();
        let (slot, hash) = (self.vacant(), customer_hash(id));
        let Hand { slot: held, customer, .. } = &mut self.shelf.hand;
        *held = Some(slot);
        customer.begin(id);
        self.shelf.note(slot, true);
        self.enter(slot, hash);
        slot
    }

    /// Removes a customer.
    pub fn remove(&mut self, slot: Slot) {
        let Some(hash) = self.touch(slot).map(|customer| customer.hash) else { return };
        self.leave(slot, hash);
        self.shelf.remove(slot);
    }

    /// Puts a restored customer in, replacing the one of the same id; not part of any batch. `None` where the record can't
    /// be read.
    pub fn restore(&mut self, id: &str, record: &[u8]) -> Option<()> {
        let packed: Box<[u8]> = [&[u8::try_from(id.len()).ok()?], id.as_bytes(), record].concat().into();
        self.shelf.put_back();
        if !self.shelf.hand.unpack(&packed) {
            return None;
        }
        let hash = self.shelf.hand.customer.hash;
        let known = self.find(id, hash);
        let slot = known.unwrap_or_else(|| self.vacant());
        if let Some(place) = self.shelf.packed.get_mut(slot as usize) {
            *place = packed;
        }
        if known.is_none() {
            self.enter(slot, hash);
        }
        Some(())
    }

    /// Drops a restored customer again; not part of any batch.
    pub fn restore_removed(&mut self, id: &str) {
        let hash = customer_hash(id);
        if let Some(slot) = self.find(id, hash) {
            self.leave(slot, hash);
            self.vacate(slot);
        }
    }

    /// How everybody stands, counted.
    pub fn census(&self) -> Census {
        self.shelf.census()
    }

    /// A copy of a customer, in hand or not.
    pub fn peek(&self, slot: Slot) -> Option<Customer> {
        self.shelf.peek(slot)
    }

    /// A copy of every customer, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, Customer)> {
        (0..self.slots()).filter_map(|slot| Some((slot, self.peek(slot)?)))
    }

    /// The first slot from `next` to before `end` that a close of `day` must look at.
    pub fn next_due(&self, next: Slot, end: Slot, day: Day) -> Option<Slot> {
        let due = self.shelf.due.get(next as usize..end as usize)?;
        due.iter().position(|due| *due <= day).map(|at| next + at as Slot)
    }

    /// Has the customers whom a close of `day` is about to look at, at most `budget`, fetched into the processor's cache: side
    /// by side, where looking at one after the other would wait for each.
    pub fn fetch_due(&self, mut next: Slot, end: Slot, day: Day, budget: usize) {
        for _ in 0..budget {
            let Some(slot) = self.next_due(next, end, day) else { return };
            next = slot + 1;
            self.shelf.fetch(slot);
        }
    }

    /// The first day whose close must look at the customer.
    pub fn due(&self, slot: Slot) -> Option<Day> {
        self.shelf.due.get(slot as usize).copied()
    }

    /// No close before `day` needs to look at the customer, unless something touches it.
    pub fn sleep_until(&mut self, slot: Slot, day: Day) {
        if let Some(due) = self.shelf.due.get_mut(slot as usize) {
            *due = day;
        }
    }

    /// The next close looks at everybody.
    pub fn wake_all(&mut self) {
        self.shelf.due.fill(ALWAYS);
    }

    /// Shows the customers that the open batch touched, each once.
    pub fn each_touched(&mut self, mut visit: impl FnMut(Touched<'_>)) {
        self.shelf.put_back();
        for (place, change) in self.shelf.layers.iter() {
            let Some((id, record)) = self.shelf.written(change.slot, place) else { continue };
            if !change.removed {
                visit(Touched { id, record: Some(record) });
            } else if self.find(id, customer_hash(id)).is_none() {
                visit(Touched { id, record: None });
            }
        }
    }

    /// Number of customers that the open batch touched.
    pub fn touched_len(&self) -> usize {
        self.shelf.layers.len()
    }

    /// Hands the open batch over to be committed; what comes now is the next one's. A slot that it left stays empty until
    /// it is committed.
    pub fn seal(&mut self) {
        self.shelf.put_back();
        self.shelf.layers.seal();
    }

    /// The sealed batch is committed: there is no way back before it.
    pub fn confirm(&mut self) {
        let mut number = 0;
        while let Some((place, change)) = self.shelf.layers.sealed(number) {
            number += 1;
            let (slot, removed) = (change.slot, change.removed);
            if removed {
                self.vacate(slot);
            } else {
                self.shelf.settle(slot, place);
            }
        }
        self.shelf.layers.forget_sealed();
    }

    /// The batches are lost: every customer is again as at the last commit.
    pub fn roll_back(&mut self) {
        self.shelf.put_back();
        // Newest first: where a customer was removed and added again, the new one goes first.
        while let Some((place, change)) = self.shelf.layers.newest() {
            let hash = self.shelf.written(change.slot, place).map(|(id, _)| customer_hash(id));
            match hash {
                Some(hash) if change.added && !change.removed => self.leave(change.slot, hash),
                Some(hash) if change.removed && !change.added => self.enter(change.slot, hash),
                Some(_) | None => {}
            }
            if change.added {
                self.vacate(change.slot);
            } else {
                self.shelf.unchange(change.slot, change.beneath);
            }
            self.shelf.layers.forget_newest();
        }
        self.shelf.layers.forget_all();
        self.shelf.hand.slot = None;
        // What the lost closes found out about whom to look at next went with them.
        self.wake_all();
    }

    /// A slot with nobody in it.
    fn vacant(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| self.shelf.grow())
    }

    fn vacate(&mut self, slot: Slot) {
        self.shelf.vacate(slot);
        self.free.push(slot);
    }

    fn enter(&mut self, slot: Slot, hash: u64) {
        let hash = hash as u32;
        self.index.insert_unique(Entry::spread(hash), Entry { slot, hash }, |entry| Entry::spread(entry.hash));
    }

    fn leave(&mut self, slot: Slot, hash: u64) {
        if let Ok(entry) = self.index.find_entry(Entry::spread(hash as u32), |known| known.slot == slot) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::engine::customer::customer_hash;
    use crate::engine::money::Money;

    fn ids(state: &State) -> Vec<(String, i64)> {
        let mut ids: Vec<_> =
            state.iter().map(|(_, customer)| (customer.id, customer.profile.totals.gross.0)).collect();
        ids.sort();
        ids
    }

    #[test]
    fn a_lost_batch_leaves_no_trace() {
        let mut state = State::new();
        for id in ["ann", "bob", "cy"] {
            state.add(id);
        }
        state.seal();
        state.confirm();
        let before = ids(&state);

        let bob = state.find("bob", customer_hash("bob")).unwrap();
        state.touch(bob).unwrap().profile.totals.gross = Money(7);
        state.remove(bob);
        state.add("dan");
        let again = state.add("bob");
        state.touch(again).unwrap().profile.totals.gross = Money(9);
        let ann = state.find("ann", customer_hash("ann")).unwrap();
        state.remove(ann);
        assert_eq!(ids(&state), [("bob".into(), 9), ("cy".into(), 0), ("dan".into(), 0)]);

        state.roll_back();
        assert_eq!(ids(&state), before);
    }
}
