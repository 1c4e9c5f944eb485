//! What a profile was made of, day by day, kept where customers may be merged: the profiles of two ids are then folded
//! anew as that of one customer, because two folds cannot be merged into the fold of the merged days.
//!
//! Everything here is a sum or a sorted set of events, so it does not know their order.

use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::rfm::loyalty::{PointChange, insert_change};
use crate::engine::rfm::open::{DayCount, OpenOrder, count_interactions};

/// Most orders, days with interactions and changes of points that are kept. An id with more is no person's, and the
/// message that hands it over must still fit a record.
const MAX_ORDERS: usize = 3_000;
const MAX_COUNTS: usize = 9_000;
const MAX_POINTS: usize = 2_000;
/// Most ids that may be merged into one.
const MAX_ALIASES: usize = 200;

/// Another id of the same customer, whose profile was merged into this one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// The other id.
    pub id: Box<str>,
    /// Tag of the event that said so: the same profile is never merged twice.
    pub said: Tag,
}

/// All that happened to a customer since it was last erased, and which ids it had.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chronicle {
    /// Purchases and refunds as they came, ascending.
    pub orders: Vec<OpenOrder>,
    /// Interactions, ascending by day and kind.
    pub counts: Vec<DayCount>,
    /// Changes of points, ascending by day and expiry.
    pub points: Vec<PointChange>,
    /// The ids merged into this one, ascending.
    pub aliases: Vec<Alias>,
    /// The id that this one is an alias of: whatever comes is that customer's.
    pub moved_to: Option<Box<str>>,
    /// Too much happened to be kept: the customer can't be merged any more.
    pub full: bool,
}

impl Chronicle {
    /// A purchase or a refund that the profile took in.
    pub fn order(&mut self, order: OpenOrder) {
        if !self.full {
            let at = self.orders.partition_point(|known| *known < order);
            self.orders.insert(at, order);
            self.bound();
        }
    }

    /// An interaction that the profile took in, with what it changes of the points.
    pub fn interaction(&mut self, day: Day, kind: u8, change: Option<PointChange>) {
        if self.full {
            return;
        }
        count_interactions(&mut self.counts, DayCount { day, kind, count: 1 });
        if let Some(change) = change {
            insert_change(&mut self.points, change);
        }
        self.bound();
    }

    /// Whether the profile may be folded anew for an event that comes too late: the partitions of several ids need not be
    /// equally far in their inputs.
    pub const fn takes_late(&self) -> bool {
        let has_room =
            self.orders.len() < MAX_ORDERS && self.counts.len() < MAX_COUNTS && self.points.len() < MAX_POINTS;
        !self.full && has_room && !self.aliases.is_empty()
    }

    /// Whether an order is known.
    pub fn knows(&self, order: &OpenOrder) -> bool {
        self.orders.binary_search_by_key(&event_of(order), event_of).is_ok()
    }

    /// Takes in what happened under another id. An order that both know happened once.
    pub fn merge(&mut self, other: &Self) {
        self.orders.extend_from_slice(&other.orders);
        self.orders.sort_unstable();
        self.orders.dedup_by_key(|order| event_of(order));
        for count in &other.counts {
            count_interactions(&mut self.counts, *count);
        }
        for change in &other.points {
            insert_change(&mut self.points, *change);
        }
        self.aliases.extend_from_slice(&other.aliases);
        self.aliases.sort_unstable();
        self.aliases.dedup();
    }

    /// Whether what happened under another id could be taken in.
    pub const fn has_room_for(&self, other: &Self) -> bool {
        !self.full
            && !other.full
            && self.orders.len() + other.orders.len() <= MAX_ORDERS
            && self.counts.len() + other.counts.len() <= MAX_COUNTS
            && self.points.len() + other.points.len() <= MAX_POINTS
            && self.aliases.len() + other.aliases.len() < MAX_ALIASES
    }

    /// Erases orders up to `time`, whatever else happened up to the end of its `day`, and the other ids.
    pub fn forget(&mut self, time: Millis, day: Day) {
        self.orders.retain(|order| order.time > time);
        self.counts.retain(|count| count.day > day);
        self.points.retain(|change| change.day > day);
        self.aliases.clear();
        self.full = false;
    }

    fn bound(&mut self) {
        let Self { orders, counts, points, .. } = self;
        if orders.len() > MAX_ORDERS || counts.len() > MAX_COUNTS || points.len() > MAX_POINTS {
            (*orders, *counts, *points) = (Vec::new(), Vec::new(), Vec::new());
            self.full = true;
        }
    }
}

/// The event that an order came of; orders ascend by it.
const fn event_of(order: &OpenOrder) -> (Day, Millis, Tag) {
    (order.day, order.time, order.tag)
}
