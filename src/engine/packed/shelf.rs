//! The customers of a partition by slot, packed; one of them at a time is unpacked, in hand. What a batch changes lies
//! beside what was committed. Knows no ids' index.

use std::ops::Range;

use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::packed::customer::{Customer, pack, unpack};

/// A place in the state; valid until the customer in it is forgotten or rolled back.
pub type Slot = u32;

/// The place in the batch of a customer that the batch has not changed.
const UNCHANGED: u32 = u32::MAX;

/// A customer that the batch changes.
pub struct Change {
    pub(crate) slot: Slot,
    /// The batch made it.
    pub(crate) added: bool,
    /// The batch removed it.
    pub(crate) removed: bool,
    /// Where it lies among the batch's bytes; empty before it is put there.
    pub(crate) bytes: Range<usize>,
}

/// Before every day: the next close looks at the customer.
pub const ALWAYS: Day = Day(i32::MIN);

/// A packed customer is the length of its id, the id, and the record of [`pack`].
#[derive(Default)]
pub struct Shelf {
    /// As at the last commit; empty where nobody was.
    pub(crate) packed: Vec<Box<[u8]>>,
    /// The first close that must look at the customer.
    pub(crate) due: Vec<Day>,
    /// The customer's place in `changes`.
    place: Vec<u32>,
    pub(crate) changes: Vec<Change>,
    /// The changed customers' bytes, one after the other.
    pub(crate) fresh: Vec<u8>,
    pub(crate) hand: Hand,
    writer: Writer,
}

/// The customer being looked at; its room is used again and again.
#[derive(Default)]
pub struct Hand {
    pub(crate) slot: Option<Slot>,
    /// It differs from its bytes.
    changed: bool,
    pub(crate) customer: Customer,
    names: Vec<Tag>,
}

impl Shelf {
    /// Takes a customer in hand; `false` where nobody is in the slot.
    pub(crate) fn look(&mut self, slot: Slot) -> bool {
        if self.hand.slot == Some(slot) {
            return true;
        }
        self.put_back();
        let Self { packed, place, changes, fresh, hand, .. } = self;
        let there = hand.unpack(bytes_of(slot, packed, place, changes, fresh));
        hand.slot = there.then_some(slot);
        there
    }

    /// The customer in hand, if it is the one of this slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Customer> {
        (self.hand.slot == Some(slot)).then_some(&self.hand.customer)
    }

    /// A copy of a customer, in hand or not.
    pub(crate) fn peek(&self, slot: Slot) -> Option<Customer> {
        if let Some(customer) = self.get(slot) {
            return Some(customer.clone());
        }
        let mut hand = Hand::default();
        hand.unpack(self.bytes(slot)).then_some(hand.customer)
    }

    /// A new slot.
    pub(crate) fn grow(&mut self) -> Slot {
        self.packed.push(Box::default());
        self.due.push(ALWAYS);
        self.place.push(UNCHANGED);
        self.packed.len() as Slot - 1
    }

    /// Nobody is in the slot any more.
    pub(crate) fn vacate(&mut self, slot: Slot) {
        if let Some(packed) = self.packed.get_mut(slot as usize) {
            *packed = Box::default();
        }
        self.unchange(slot);
    }

    /// The customer in the slot is as at the last commit.
    pub(crate) fn unchange(&mut self, slot: Slot) {
        if let Some((place, due)) = self.place.get_mut(slot as usize).zip(self.due.get_mut(slot as usize)) {
            (*place, *due) = (UNCHANGED, ALWAYS);
        }
    }

    /// What the batch made of a customer is what it is.
    pub(crate) fn settle(&mut self, slot: Slot, bytes: Range<usize>) {
        if let Some(place) = self.place.get_mut(slot as usize) {
            *place = UNCHANGED;
        }
        if let Some((packed, bytes)) = self.packed.get_mut(slot as usize).zip(self.fresh.get(bytes)) {
            if packed.len() == bytes.len() {
                packed.copy_from_slice(bytes);
            } else {
                *packed = bytes.into();
            }
        }
    }

    /// The customer in hand differs from its bytes from now on, and the next close must look at it.
    pub(crate) fn note(&mut self, slot: Slot, added: bool) {
        self.hand.changed = true;
        let Some((place, due)) = self.place.get_mut(slot as usize).zip(self.due.get_mut(slot as usize)) else { return };
        *due = ALWAYS;
        if *place == UNCHANGED {
            *place = self.changes.len() as u32;
            self.changes.push(Change { slot, added, removed: false, bytes: 0..0 });
        }
    }

    /// The batch removes the customer in hand.
    pub(crate) fn remove(&mut self, slot: Slot) {
        (self.hand.slot, self.hand.changed) = (None, false);
        if let Some(change) = self.change(slot) {
            change.removed = true;
        }
    }

    fn change(&mut self, slot: Slot) -> Option<&mut Change> {
        self.changes.get_mut(*self.place.get(slot as usize)? as usize)
    }

    /// Packs the customer in hand again if it was changed; it stays in hand.
    pub(crate) fn put_back(&mut self) {
        let Some(slot) = self.hand.slot.filter(|_| self.hand.changed) else { return };
        self.hand.changed = false;
        let Self { writer, hand, fresh, .. } = self;
        let Customer { id, profile, standing, .. } = &hand.customer;
        writer.begin();
        // Ids are at most 128 bytes long.
        writer.byte(id.len() as u8);
        writer.raw(id.as_bytes());
        pack(writer, profile, standing);
        let from = fresh.len();
        fresh.extend_from_slice(writer.bytes());
        let bytes = from..fresh.len();
        if let Some(change) = self.change(slot) {
            change.bytes = bytes;
        }
    }

    /// Bytes that the customers take in memory, the allocator's own aside.
    pub(crate) fn bytes_held(&self) -> usize {
        let Self { packed, due, place, changes, fresh, .. } = self;
        let each = size_of::<Box<[u8]>>() * packed.capacity()
            + size_of::<Day>() * due.capacity()
            + size_of::<u32>() * place.capacity()
            + size_of::<Change>() * changes.capacity();
        each + fresh.capacity() + packed.iter().map(|packed| packed.len()).sum::<usize>()
    }

    fn bytes(&self, slot: Slot) -> &[u8] {
        bytes_of(slot, &self.packed, &self.place, &self.changes, &self.fresh)
    }

    /// The id of the customer in a slot.
    pub(crate) fn id(&self, slot: Slot) -> &str {
        if self.hand.slot == Some(slot) {
            return &self.hand.customer.id;
        }
        split(self.bytes(slot)).map_or("", |(id, _)| id)
    }

    /// Id and newest record of a changed customer, removed or not; `None` where it was gone before it was ever written.
    pub(crate) fn of_change(&self, change: &Change) -> Option<(&str, &[u8])> {
        let fresh = self.fresh.get(change.bytes.clone()).filter(|bytes| !bytes.is_empty());
        split(fresh.or_else(|| self.packed.get(change.slot as usize).map(|packed| &**packed))?)
    }
}

/// The bytes of the customer in a slot as the batch has them; empty where nobody is.
fn bytes_of<'a>(slot: Slot, packed: &'a [Box<[u8]>], place: &[u32], changes: &[Change], fresh: &'a [u8]) -> &'a [u8] {
    let change = place.get(slot as usize).and_then(|place| changes.get(*place as usize));
    match change {
        Some(change) if change.removed => &[],
        Some(change) if !change.bytes.is_empty() => fresh.get(change.bytes.clone()).unwrap_or_default(),
        Some(_) | None => packed.get(slot as usize).map(|packed| &**packed).unwrap_or_default(),
    }
}

/// Id and record of a packed customer.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (id, record) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(id).ok()?, record))
}

impl Hand {
    /// Takes the customer of `bytes` in hand; `false` where they are nobody's.
    pub(crate) fn unpack(&mut self, bytes: &[u8]) -> bool {
        (self.slot, self.changed) = (None, false);
        let Some((id, record)) = split(bytes) else { return false };
        self.customer.begin(id);
        let Customer { profile, standing, .. } = &mut self.customer;
        unpack(Reader::begin(record, &mut self.names), profile, standing).is_some()
    }
}
