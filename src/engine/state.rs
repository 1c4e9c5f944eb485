//! The customers of one partition, and the way back to how they were at the last commit.

use hashbrown::HashTable;

use crate::engine::alerting::episode::Standing;
use crate::engine::customer::customer_hash;
use crate::engine::rfm::profile::Profile;

/// One customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// Its id.
    pub id: Box<str>,
    /// [`customer_hash`] of the id.
    pub hash: u64,
    /// What is remembered of it.
    pub profile: Profile,
    /// What the closes have led to.
    pub standing: Standing,
}

/// A place in the state; valid until the customer in it is forgotten or rolled back.
pub type Slot = u32;

/// How a touched customer was at the last commit.
struct Saved {
    id: Box<str>,
    hash: u64,
    before: Option<Customer>,
}

/// All customers of a partition.
#[derive(Default)]
pub struct State {
    index: HashTable<Slot>,
    slots: Vec<Option<Customer>>,
    /// For each slot the batch that last saved it.
    saved_in: Vec<u64>,
    free: Vec<Slot>,
    batch: u64,
    saved: Vec<Saved>,
}

impl State {
    /// No customers.
    pub fn new() -> Self {
        Self { batch: 1, ..Self::default() }
    }

    /// Number of customers.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Number of slots; every customer's is below it.
    pub fn slots(&self) -> Slot {
        self.slots.len() as Slot
    }

    /// The customer's slot.
    pub fn find(&self, id: &str, hash: u64) -> Option<Slot> {
        let same = |slot: &Slot| self.get(*slot).is_some_and(|customer| &*customer.id == id);
        self.index.find(hash, same).copied()
    }

    /// The customer in a slot.
    pub fn get(&self, slot: Slot) -> Option<&Customer> {
        self.slots.get(slot as usize).and_then(Option::as_ref)
    }

    /// The customer in a slot, to be changed; its present state is saved first, once a batch.
    pub fn touch(&mut self, slot: Slot) -> Option<&mut Customer> {
        let customer = self.slots.get_mut(slot as usize)?.as_mut()?;
        let saved_in = self.saved_in.get_mut(slot as usize)?;
        if *saved_in != self.batch {
            *saved_in = self.batch;
            let (id, hash) = (customer.id.clone(), customer.hash);
            self.saved.push(Saved { id, hash, before: Some(customer.clone()) });
        }
        Some(customer)
    }

    /// Adds a customer that is not there yet.
    pub fn add(&mut self, id: &str) -> Slot {
        let hash = customer_hash(id);
        self.saved.push(Saved { id: id.into(), hash, before: None });
        let customer = Customer { id: id.into(), hash, profile: Profile::default(), standing: Standing::default() };
        self.place(customer)
    }

    /// Removes a customer.
    pub fn remove(&mut self, slot: Slot) {
        let batch = self.batch;
        let Some(customer) = self.vacate(slot) else { return };
        if self.saved_in.get(slot as usize).is_some_and(|saved| *saved != batch) {
            self.saved.push(Saved { id: customer.id.clone(), hash: customer.hash, before: Some(customer) });
        }
    }

    /// Puts a restored customer in, replacing the one of the same id; not part of any batch.
    pub fn restore(&mut self, customer: Customer) {
        if let Some(slot) = self.find(&customer.id, customer.hash) {
            if let Some(place) = self.slots.get_mut(slot as usize) {
                *place = Some(customer);
            }
        } else {
            let slot = self.place(customer);
            if let Some(saved_in) = self.saved_in.get_mut(slot as usize) {
                *saved_in = 0;
            }
        }
    }

    /// Drops a restored customer again; not part of any batch.
    pub fn restore_removed(&mut self, id: &str) {
        if let Some(slot) = self.find(id, customer_hash(id)) {
            self.vacate(slot);
        }
    }

    /// Every customer, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &Customer)> {
        self.slots.iter().enumerate().filter_map(|(slot, place)| Some((slot as Slot, place.as_ref()?)))
    }

    /// The customers touched since the last commit: id, and the customer unless it is gone.
    pub fn touched(&self) -> impl Iterator<Item = (&str, Option<&Customer>)> {
        self.saved.iter().map(|saved| (&*saved.id, self.find(&saved.id, saved.hash).and_then(|slot| self.get(slot))))
    }

    /// Number of customers touched since the last commit.
    pub fn touched_len(&self) -> usize {
        self.saved.len()
    }

    /// The batch is committed: the present state is the one to go back to.
    pub fn committed(&mut self) {
        self.saved.clear();
        self.batch += 1;
    }

    /// The batch is lost: every touched customer is again as at the last commit.
    pub fn roll_back(&mut self) {
        for saved in std::mem::take(&mut self.saved).into_iter().rev() {
            let slot = self.find(&saved.id, saved.hash);
            match (slot, saved.before) {
                (Some(slot), Some(before)) => {
                    if let Some(place) = self.slots.get_mut(slot as usize) {
                        *place = Some(before);
                    }
                }
                (Some(slot), None) => {
                    self.vacate(slot);
                }
                (None, Some(before)) => {
                    self.place(before);
                }
                (None, None) => {}
            }
        }
        self.batch += 1;
    }

    fn place(&mut self, customer: Customer) -> Slot {
        let hash = customer.hash;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.saved_in.push(0);
            self.slots.len() as Slot - 1
        });
        if let Some(saved_in) = self.saved_in.get_mut(slot as usize) {
            *saved_in = self.batch;
        }
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(customer);
        }
        let Self { index, slots, .. } = self;
        index.insert_unique(hash, slot, |slot| {
            slots.get(*slot as usize).and_then(Option::as_ref).map_or(0, |customer| customer.hash)
        });
        slot
    }

    fn vacate(&mut self, slot: Slot) -> Option<Customer> {
        let customer = self.slots.get_mut(slot as usize)?.take()?;
        if let Ok(entry) = self.index.find_entry(customer.hash, |known| *known == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(customer)
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::engine::customer::customer_hash;
    use crate::engine::money::Money;

    fn ids(state: &State) -> Vec<(String, i64)> {
        let mut ids: Vec<_> =
            state.iter().map(|(_, customer)| (customer.id.to_string(), customer.profile.totals.gross.0)).collect();
        ids.sort();
        ids
    }

    #[test]
    fn a_lost_batch_leaves_no_trace() {
        let mut state = State::new();
        for id in ["ann", "bob", "cy"] {
            state.add(id);
        }
        state.committed();
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
