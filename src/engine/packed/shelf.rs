//! The customers of a partition by slot, packed; one of them at a time is unpacked, in hand. What batches change lies
//! beside what was committed. Knows no ids' index.

use std::hint::black_box;

use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::packed::census::Census;
use crate::engine::packed::customer::{Customer, pack, unpack, unpack_standing};
use crate::engine::packed::layers::{Layers, Place, Slot};

/// Before every day: the next close looks at the customer.
pub const ALWAYS: Day = Day(i32::MIN);

/// Bytes that a processor's cache fetches at a time.
const CACHE_LINE: usize = 64;

/// A packed customer is the length of its id, the id, and the record of [`pack`].
#[derive(Default)]
pub struct Shelf {
    /// As at the last commit; empty where nobody was.
    pub(crate) packed: Vec<Box<[u8]>>,
    /// The first close that must look at the customer.
    pub(crate) due: Vec<Day>,
    /// Where the customer's newest change lies.
    place: Vec<Place>,
    pub(crate) layers: Layers,
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
        let Self { packed, place, layers, hand, .. } = self;
        let there = hand.unpack(bytes_of(slot, packed, place, layers));
        hand.slot = there.then_some(slot);
        there
    }

    /// Reads a byte of each of the customer's cache lines.
    pub(crate) fn fetch(&self, slot: Slot) {
        let lines = self.packed.get(slot as usize).map_or(&[][..], |packed| packed).iter().step_by(CACHE_LINE);
        black_box(lines.fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
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
        self.place.push(Place::NONE);
        self.packed.len() as Slot - 1
    }

    /// Nobody is in the slot any more.
    pub(crate) fn vacate(&mut self, slot: Slot) {
        if let Some(packed) = self.packed.get_mut(slot as usize) {
            *packed = Box::default();
        }
        self.unchange(slot, Place::NONE);
    }

    /// The customer in the slot is as the change `beneath` has it.
    pub(crate) fn unchange(&mut self, slot: Slot, beneath: Place) {
        if let Some((place, due)) = self.place.get_mut(slot as usize).zip(self.due.get_mut(slot as usize)) {
            (*place, *due) = (beneath, ALWAYS);
        }
    }

    /// What the sealed batch made of a customer is what it is, or what the open batch changes further.
    pub(crate) fn settle(&mut self, slot: Slot, sealed: Place) {
        let Self { packed, place, layers, .. } = self;
        if let Some((packed, bytes)) = packed.get_mut(slot as usize).zip(layers.bytes(sealed)) {
            if packed.len() == bytes.len() {
                packed.copy_from_slice(bytes);
            } else {
                *packed = bytes.into();
            }
        }
        let Some(place) = place.get_mut(slot as usize) else { return };
        if let Some(open) = layers.get_open(*place) {
            open.beneath = Place::NONE;
        } else {
            *place = Place::NONE;
        }
    }

    /// The customer in hand differs from its bytes from now on, and the next close must look at it.
    pub(crate) fn note(&mut self, slot: Slot, added: bool) {
        self.hand.changed = true;
        let Some((place, due)) = self.place.get_mut(slot as usize).zip(self.due.get_mut(slot as usize)) else { return };
        *due = ALWAYS;
        if !self.layers.is_open(*place) {
            *place = self.layers.push(slot, added, *place);
        }
    }

    /// The batch removes the customer in hand.
    pub(crate) fn remove(&mut self, slot: Slot) {
        (self.hand.slot, self.hand.changed) = (None, false);
        let place = self.place.get(slot as usize).copied().unwrap_or(Place::NONE);
        if let Some(change) = self.layers.get_open(place) {
            change.removed = true;
        }
    }

    /// Packs the customer in hand again if it was changed; it stays in hand.
    pub(crate) fn put_back(&mut self) {
        let Some(slot) = self.hand.slot.filter(|_| self.hand.changed) else { return };
        self.hand.changed = false;
        let Self { writer, hand, layers, place, .. } = self;
        let Customer { id, profile, standing, .. } = &hand.customer;
        writer.begin();
        // Ids are at most 128 bytes long.
        writer.byte(id.len() as u8);
        writer.raw(id.as_bytes());
        pack(writer, profile, standing);
        layers.put(place.get(slot as usize).copied().unwrap_or(Place::NONE), writer.bytes());
    }

    /// Bytes that the customers take in memory, the allocator's own aside.
    pub(crate) fn bytes_held(&self) -> usize {
        let Self { packed, due, place, layers, .. } = self;
        let each = size_of::<Box<[u8]>>() * packed.capacity()
            + size_of::<Day>() * due.capacity()
            + size_of::<Place>() * place.capacity();
        each + layers.bytes_held() + packed.iter().map(|packed| packed.len()).sum::<usize>()
    }

    /// How everybody stands.
    pub(crate) fn census(&self) -> Census {
        let (mut census, mut names) = (Census::default(), Vec::new());
        for slot in 0..self.packed.len() as Slot {
            if let Some(customer) = self.get(slot) {
                census.count(&customer.standing);
            } else if let Some((_, record)) = split(self.bytes(slot))
                && let Some(standing) = unpack_standing(Reader::begin(record, &mut names))
            {
                census.count(&standing);
            }
        }
        census
    }

    fn bytes(&self, slot: Slot) -> &[u8] {
        bytes_of(slot, &self.packed, &self.place, &self.layers)
    }

    /// The id of the customer in a slot.
    pub(crate) fn id(&self, slot: Slot) -> &str {
        if self.hand.slot == Some(slot) {
            return &self.hand.customer.id;
        }
        split(self.bytes(slot)).map_or("", |(id, _)| id)
    }

    /// Id and newest record of a customer changed at `place`, removed or not; `None` where it was gone before it was ever
    /// written.
    pub(crate) fn written(&self, slot: Slot, place: Place) -> Option<(&str, &[u8])> {
        split(self.layers.bytes(place).or_else(|| self.packed.get(slot as usize).map(|packed| &**packed))?)
    }
}

/// The bytes of the customer in a slot as the batches have them; empty where nobody is.
fn bytes_of<'a>(slot: Slot, packed: &'a [Box<[u8]>], place: &[Place], layers: &'a Layers) -> &'a [u8] {
    let place = place.get(slot as usize).copied().unwrap_or(Place::NONE);
    if layers.get(place).is_some_and(|change| change.removed) {
        return &[];
    }
    let written = layers.bytes(place).or_else(|| packed.get(slot as usize).map(|packed| &**packed));
    written.unwrap_or_default()
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
