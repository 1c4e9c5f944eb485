//! The most frequent names among many, in bounded room: Space-Saving (Metwally, Agrawal, El Abbadi 2005).
//!
//! Which names are kept depends on the order of counting, so count in a canonical order only.

use crate::engine::customer::Tag;

/// Counts of the most frequent of the names counted; exact while no more than `N` different ones came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequent<const N: usize> {
    /// How many names were counted; no more are once there are [`u16::MAX`].
    pub seen: u16,
    /// The counters; those in use come first.
    pub counters: [Counter; N],
}

/// One name's count. Two bytes aligned, because every customer has some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    tag: [u16; 3],
    /// Never below the true count; 0 where the counter is free.
    pub count: u16,
    /// By how much it may be above.
    pub error: u16,
}

impl Counter {
    /// A counter.
    pub const fn new(tag: Tag, count: u16, error: u16) -> Self {
        let bits = tag.bits();
        Self { tag: [bits as u16, (bits >> 16) as u16, (bits >> 32) as u16], count, error }
    }

    /// The name's tag.
    pub fn tag(&self) -> Tag {
        let [low, middle, high] = self.tag.map(u64::from);
        Tag::from_bits(high << 32 | middle << 16 | low)
    }

    /// How often the name came for sure.
    pub const fn sure(&self) -> u16 {
        self.count - self.error
    }
}

impl<const N: usize> Default for Frequent<N> {
    fn default() -> Self {
        Self { seen: 0, counters: [Counter::default(); N] }
    }
}

impl<const N: usize> Frequent<N> {
    /// Counts a name.
    pub fn count(&mut self, tag: Tag) {
        if self.seen == u16::MAX {
            return;
        }
        self.seen += 1;
        let known = self.counters.iter_mut().find(|counter| counter.count > 0 && counter.tag() == tag);
        if let Some(counter) = known {
            counter.count += 1;
        } else if let Some(least) = self.counters.iter_mut().min_by_key(|counter| counter.count) {
            *least = Counter::new(tag, least.count + 1, least.count);
        }
    }

    /// The counters in use.
    pub fn used(&self) -> impl Iterator<Item = &Counter> {
        self.counters.iter().filter(|counter| counter.count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::Frequent;
    use crate::engine::customer::Tag;

    #[test]
    fn whoever_has_half_of_all_is_never_lost_and_never_overstated() {
        let mut frequent = Frequent::<3>::default();
        for number in 0..100 {
            frequent.count(Tag::of("store"));
            frequent.count(Tag::of(&format!("stall {number}")));
        }
        let store = frequent.used().find(|counter| counter.tag() == Tag::of("store")).unwrap();
        assert_eq!((frequent.seen, store.sure()), (200, 100));
        for counter in frequent.used().filter(|counter| counter.tag() != Tag::of("store")) {
            assert!(counter.sure() <= 1, "{counter:?}");
        }
    }
}
