//! The open part of a profile: what may still be reordered, duplicated or given back.
//!
//! It is a canonical (sorted) set, so it does not know the order in which its events arrived.

use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::money::Money;
use crate::engine::rfm::ledger::LedgerDay;

/// A purchase or a refund that is not yet settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenOrder {
    /// Local day on which its money books.
    pub day: Day,
    /// When it happened.
    pub time: Millis,
    /// Tag of the event, for deduplication.
    pub tag: Tag,
    /// Tag of the order id.
    pub order: Option<Tag>,
    /// Where it was bought, as a tag.
    pub channel: Option<Tag>,
    /// Its main category, as a tag.
    pub category: Option<Tag>,
    /// Whether there was a discount.
    pub discounted: bool,
    /// The local hour, if it is known.
    pub hour: Option<u8>,
    /// What it is and how much.
    pub entry: Entry,
}

/// A purchase or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// Paid.
    Purchase(Money),
    /// Given back.
    Refund(Money),
    /// The whole order is to be given back; the amount follows from the order.
    RefundWhole,
}

/// Interactions of one kind on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayCount {
    /// The local day.
    pub day: Day,
    /// [`crate::engine::event::Interaction::kind`].
    pub kind: u8,
    /// How many.
    pub count: u32,
}

/// How many interactions are remembered one by one, to see duplicates.
pub const RECENT_TAGS: usize = 8;
/// Most open orders of one customer; what comes beyond is refused as `state full`. No person buys so often: it is an id
/// that many share, and its changelog record must still fit a message.
pub const MAX_OPEN_ORDERS: usize = 2_000;

/// Puts an order into its sorted place; `false` if an event with its tag is there already.
pub fn insert_order(orders: &mut Vec<OpenOrder>, new: OpenOrder) -> bool {
    if orders.iter().any(|order| order.tag == new.tag) {
        return false;
    }
    let at = orders.partition_point(|order| *order < new);
    orders.insert(at, new);
    true
}

/// Counts further interactions of a day and kind in.
pub fn count_interactions(counts: &mut Vec<DayCount>, new: DayCount) {
    let at = counts.partition_point(|count| (count.day, count.kind) < (new.day, new.kind));
    match counts.get_mut(at) {
        Some(count) if (count.day, count.kind) == (new.day, new.kind) => {
            count.count = count.count.saturating_add(new.count);
        }
        _ => counts.insert(at, new),
    }
}

/// One interaction remembered by itself; ordered by time, then tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recent {
    /// When it happened.
    pub time: Millis,
    /// Tag of the event.
    pub tag: Tag,
    /// The local day of `time`.
    pub day: Day,
}

/// Remembers an interaction among the newest; `false` if it is one of them already.
///
/// Kept are the [`RECENT_TAGS`] largest by (time, tag), whatever the order of arrival.
pub fn remember_recent(recent: &mut Vec<Recent>, new: Recent) -> bool {
    if recent.iter().any(|known| known.tag == new.tag) {
        return false;
    }
    let at = recent.partition_point(|known| *known < new);
    if at > 0 || recent.len() < RECENT_TAGS {
        recent.insert(at, new);
        if recent.len() > RECENT_TAGS {
            recent.remove(0);
        }
    }
    true
}

/// The days of `orders` up to and including `until`, oldest first, each handed to `visit`.
///
/// `lateness_days` bounds how much later than its order a refund may be and still undo the purchase.
pub fn for_each_day(orders: &[OpenOrder], until: Day, lateness_days: i32, mut visit: impl FnMut(LedgerDay)) {
    let known = orders.partition_point(|order| order.day <= until);
    let known = orders.get(..known).unwrap_or_default();
    let plain = known.iter().all(|order| matches!(order.entry, Entry::Purchase(_)));
    let returns = if plain { Returns::default() } else { Returns::of(known, lateness_days) };
    for day in known.chunk_by(|a, b| a.day == b.day) {
        if let Some(first) = day.first() {
            visit(returns.ledger_day(first.day, day));
        }
    }
}

/// What refunds did to one order.
#[derive(Clone, Copy, Debug)]
struct OrderSums {
    order: Tag,
    day: Day,
    paid: Money,
    given_back: Money,
    refunds: bool,
    /// The first refund of the whole order.
    whole: Option<Tag>,
}

/// Which order each refund gives back: the newest of its id on or before the refund's day, less than the lateness back.
/// An order id used again on another day is another order.
#[derive(Debug, Default)]
pub struct Returns {
    lateness_days: i32,
    /// Ascending by order id and day.
    orders: Vec<OrderSums>,
}

impl Returns {
    /// Binds the refunds among `known` to its purchases.
    pub fn of(known: &[OpenOrder], lateness_days: i32) -> Self {
        let bought = known.iter().filter_map(|order| match (order.entry, order.order) {
            (Entry::Purchase(paid), Some(tag)) => Some((tag, order.day, paid)),
            (Entry::Purchase(_), None) | (Entry::Refund(_) | Entry::RefundWhole, _) => None,
        });
        let mut bought: Vec<(Tag, Day, Money)> = bought.collect();
        bought.sort_unstable();
        let sum = |parts: &[(Tag, Day, Money)]| {
            let (order, day, _) = *parts.first()?;
            let paid = parts.iter().map(|(_, _, paid)| *paid).sum();
            Some(OrderSums { order, day, paid, given_back: Money::ZERO, refunds: false, whole: None })
        };
        let orders = bought.chunk_by(|(a, b, _), (c, d, _)| (a, b) == (c, d)).filter_map(sum).collect();
        let mut returns = Self { lateness_days, orders };
        for refund in known {
            let Some(order) = returns.target(refund).and_then(|at| returns.orders.get_mut(at)) else { continue };
            order.refunds = true;
            match refund.entry {
                Entry::Refund(amount) => order.given_back += amount,
                Entry::RefundWhole => order.whole = order.whole.or(Some(refund.tag)),
                Entry::Purchase(_) => {}
            }
        }
        returns
    }

    /// The place of the order that a refund gives back.
    fn target(&self, refund: &OpenOrder) -> Option<usize> {
        let tag = refund.order.filter(|_| !matches!(refund.entry, Entry::Purchase(_)))?;
        let after = self.orders.partition_point(|order| (order.order, order.day) <= (tag, refund.day));
        let at = after.checked_sub(1)?;
        let order = self.orders.get(at)?;
        (order.order == tag && refund.day.since(order.day) < self.lateness_days).then_some(at)
    }

    /// Whether refunds reach the amount of the order that `purchase` belongs to.
    fn undone(&self, purchase: &OpenOrder) -> bool {
        let Some(tag) = purchase.order else { return false };
        let at = self.orders.binary_search_by_key(&(tag, purchase.day), |order| (order.order, order.day));
        let order = at.ok().and_then(|at| self.orders.get(at));
        order.is_some_and(|order| order.refunds && (order.whole.is_some() || order.given_back >= order.paid))
    }

    /// What a refund gives back; of the whole order its amount less its other refunds, and only once.
    fn amount(&self, refund: &OpenOrder) -> Money {
        match refund.entry {
            Entry::Purchase(_) => Money::ZERO,
            Entry::Refund(amount) => amount,
            Entry::RefundWhole => {
                let order = self.target(refund).and_then(|at| self.orders.get(at));
                let order = order.filter(|order| order.whole == Some(refund.tag));
                order.map_or(Money::ZERO, |order| (order.paid - order.given_back).max(Money::ZERO))
            }
        }
    }

    /// The sums of one day, whose orders are `orders`.
    pub fn ledger_day(&self, day: Day, orders: &[OpenOrder]) -> LedgerDay {
        let mut sums = LedgerDay { day, gross: Money::ZERO, refunded: Money::ZERO, purchases: 0, purchase_day: false };
        for order in orders {
            if let Entry::Purchase(amount) = order.entry {
                sums.gross += amount;
                sums.purchases += 1;
                sums.purchase_day |= !self.undone(order);
            } else {
                sums.refunded += self.amount(order);
            }
        }
        sums
    }

    /// Turns the whole-order refunds of `day`'s purchases into amounts, before that day leaves the open part.
    pub fn price(&self, orders: &mut [OpenOrder], day: Day) {
        for order in orders.iter_mut().filter(|order| order.entry == Entry::RefundWhole) {
            let target = self.target(order).and_then(|at| self.orders.get(at));
            if target.is_some_and(|target| target.day == day) {
                order.entry = Entry::Refund(self.amount(order));
            }
        }
    }
}

/// Whether a purchase of `order` is open that a refund on `day` may give back.
pub fn knows_order(orders: &[OpenOrder], order: Tag, day: Day, lateness_days: i32) -> bool {
    orders.iter().any(|other| {
        other.order == Some(order)
            && matches!(other.entry, Entry::Purchase(_))
            && (0..lateness_days).contains(&day.since(other.day))
    })
}
