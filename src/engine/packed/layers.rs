//! What the two batches that are not committed changed, one layer over the other: the open one over the sealed.
//!
//! Invariant: a slot changes at most once in a layer, and each change knows the one beneath it.

use std::ops::Range;

/// Stale bytes of a layer that are put up with.
const MAX_STALE: usize = 1 << 20;
/// Bytes of a layer whose room is kept for the next batch.
const KEPT: usize = 1 << 18;

/// A place in the state; valid until the customer in it is forgotten or rolled back.
pub type Slot = u32;

/// Where a change lies: its number in its layer, and in the last bit which of the two that is, so that a layer that is
/// sealed stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u32);

impl Place {
    /// That of whoever is as at the last commit.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// A customer that a batch changes.
#[derive(Clone, Debug)]
pub struct Change {
    pub(crate) slot: Slot,
    /// The batch made it.
    pub(crate) added: bool,
    /// The batch removed it.
    pub(crate) removed: bool,
    /// What the sealed batch made of the customer, where this change is the open one's.
    pub(crate) beneath: Place,
    /// Where it lies among the layer's bytes; empty before it is put there.
    bytes: Range<usize>,
}

/// What one batch changed.
#[derive(Default)]
struct Layer {
    changes: Vec<Change>,
    /// The changed customers' bytes, one after the other.
    bytes: Vec<u8>,
    /// So many of them are a customer's that was put there again since.
    stale: usize,
}

impl Layer {
    /// Leaves the stale bytes out: a batch may change the same few customers again and again.
    fn compact(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.stale);
        for change in &mut self.changes {
            let from = bytes.len();
            bytes.extend_from_slice(self.bytes.get(change.bytes.clone()).unwrap_or_default());
            change.bytes = from..bytes.len();
        }
        (self.bytes, self.stale) = (bytes, 0);
    }

    /// Forgets the changes but keeps some of the room: a partition whose turn is over needs no more.
    fn clear(&mut self) {
        self.changes.clear();
        self.changes.shrink_to(KEPT / size_of::<Change>());
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.stale = 0;
    }
}

/// The two layers.
#[derive(Default)]
pub struct Layers {
    open: Layer,
    sealed: Layer,
    /// The last bit of the open layer's places.
    turn: u32,
}

impl Layers {
    fn place(turn: u32, number: usize) -> Place {
        Place(number as u32 * 2 + turn)
    }

    /// Whether it is a change of the open batch.
    pub(crate) fn is_open(&self, place: Place) -> bool {
        place != Place::NONE && place.0 & 1 == self.turn
    }

    fn layer(&self, place: Place) -> &Layer {
        if place.0 & 1 == self.turn { &self.open } else { &self.sealed }
    }

    /// The change at a place.
    pub(crate) fn get(&self, place: Place) -> Option<&Change> {
        self.layer(place).changes.get(place.0 as usize / 2)
    }

    /// The change at a place, if it is the open batch's.
    pub(crate) fn get_open(&mut self, place: Place) -> Option<&mut Change> {
        if self.is_open(place) { self.open.changes.get_mut(place.0 as usize / 2) } else { None }
    }

    /// The bytes that a change put there last, be they of the layer beneath; `None` where they are those of the last commit.
    pub(crate) fn bytes(&self, place: Place) -> Option<&[u8]> {
        let change = self.get(place)?;
        let own = self.layer(place).bytes.get(change.bytes.clone()).filter(|bytes| !bytes.is_empty());
        own.or_else(|| self.bytes(change.beneath))
    }

    /// The open batch changes one more customer.
    pub(crate) fn push(&mut self, slot: Slot, added: bool, beneath: Place) -> Place {
        let place = Self::place(self.turn, self.open.changes.len());
        self.open.changes.push(Change { slot, added, removed: false, beneath, bytes: 0..0 });
        place
    }

    /// Puts the bytes there that the open batch made of a customer.
    pub(crate) fn put(&mut self, place: Place, bytes: &[u8]) {
        let from = self.open.bytes.len();
        self.open.bytes.extend_from_slice(bytes);
        let written = from..self.open.bytes.len();
        if let Some(change) = self.get_open(place) {
            let before = std::mem::replace(&mut change.bytes, written);
            self.open.stale += before.len();
        }
        if self.open.stale > MAX_STALE && self.open.stale > self.open.bytes.len() / 2 {
            self.open.compact();
        }
    }

    /// Number of changes of the open batch.
    pub(crate) const fn len(&self) -> usize {
        self.open.changes.len()
    }

    /// The changes of the open batch.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Place, &Change)> {
        let places = (0..).map(|number| Self::place(self.turn, number));
        places.zip(&self.open.changes)
    }

    /// Hands the open layer over.
    pub(crate) const fn seal(&mut self) {
        debug_assert!(self.sealed.changes.is_empty(), "one batch at a time is handed over");
        std::mem::swap(&mut self.open, &mut self.sealed);
        self.turn ^= 1;
    }

    /// The change of the sealed layer with this number, for as long as there is one.
    pub(crate) fn sealed(&self, number: usize) -> Option<(Place, &Change)> {
        Some((Self::place(self.turn ^ 1, number), self.sealed.changes.get(number)?))
    }

    /// Forgets the sealed layer, whose room is used again.
    pub(crate) fn forget_sealed(&mut self) {
        self.sealed.clear();
    }

    /// The newest change.
    pub(crate) fn newest(&self) -> Option<(Place, Change)> {
        let last = |turn: u32, layer: &Layer| {
            let change = layer.changes.last()?.clone();
            Some((Self::place(turn, layer.changes.len() - 1), change))
        };
        last(self.turn, &self.open).or_else(|| last(self.turn ^ 1, &self.sealed))
    }

    /// Forgets the newest change, but not its bytes.
    pub(crate) fn forget_newest(&mut self) {
        if self.open.changes.pop().is_none() {
            self.sealed.changes.pop();
        }
    }

    /// Forgets both layers.
    pub(crate) fn forget_all(&mut self) {
        self.open.clear();
        self.sealed.clear();
    }

    /// Bytes that they take in memory.
    pub(crate) fn bytes_held(&self) -> usize {
        let held = |layer: &Layer| size_of::<Change>() * layer.changes.capacity() + layer.bytes.capacity();
        held(&self.open) + held(&self.sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Layers, MAX_STALE, Place};

    #[test]
    fn a_batch_that_changes_the_same_few_again_and_again_stays_small() {
        let mut layers = Layers::default();
        let places: Vec<Place> = (0..3).map(|slot| layers.push(slot, true, Place::NONE)).collect();
        for time in 0..20_000 {
            let place = places[time % 2];
            layers.put(place, &[time as u8; 300][..200 + time % 100]);
            assert!(layers.open.bytes.len() <= 2 * MAX_STALE + 600, "{} bytes", layers.open.bytes.len());
        }
        assert_eq!(layers.bytes(places[0]), Some(&[(19_998 % 256) as u8; 298][..]));
        assert_eq!(layers.bytes(places[1]), Some(&[(19_999 % 256) as u8; 299][..]));
        assert_eq!(layers.bytes(places[2]), None);
        layers.seal();
        let above = layers.push(0, false, places[0]);
        assert_eq!(layers.bytes(above).map(<[u8]>::len), Some(298));
        layers.put(above, b"new");
        assert_eq!(layers.bytes(above), Some(&b"new"[..]));
        assert_eq!(layers.bytes(places[0]).map(<[u8]>::len), Some(298));
    }
}
