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

/// Puts an order into its sorted place; `false` if an event with its tag is there already.
pub fn insert_order(orders: &mut Vec<OpenOrder>, new: OpenOrder) -> bool {
    if orders.iter().any(|order| order.tag == new.tag) {
        return false;
    }
    let at = orders.partition_point(|order| *order < new);
    orders.insert(at, new);
    true
}

/// Counts one interaction of `kind` on `day`.
pub fn count_interaction(counts: &mut Vec<DayCount>, day: Day, kind: u8) {
    let at = counts.partition_point(|count| (count.day, count.kind) < (day, kind));
    match counts.get_mut(at) {
        Some(count) if count.day == day && count.kind == kind => count.count = count.count.saturating_add(1),
        _ => counts.insert(at, DayCount { day, kind, count: 1 }),
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
    for day in known.chunk_by(|a, b| a.day == b.day) {
        if let Some(first) = day.first() {
            visit(if plain { plain_day(first.day, day) } else { ledger_day(first.day, day, known, lateness_days) });
        }
    }
}

fn plain_day(day: Day, orders: &[OpenOrder]) -> LedgerDay {
    let gross = orders.iter().map(purchase_amount).sum();
    LedgerDay { day, gross, refunded: Money::ZERO, purchases: orders.len() as u32, purchase_day: true }
}

/// One day's sums; `known` is all that may refer to its orders.
pub fn ledger_day(day: Day, orders: &[OpenOrder], known: &[OpenOrder], lateness_days: i32) -> LedgerDay {
    let mut sums = LedgerDay { day, gross: Money::ZERO, refunded: Money::ZERO, purchases: 0, purchase_day: false };
    for order in orders {
        match order.entry {
            Entry::Purchase(amount) => {
                sums.gross += amount;
                sums.purchases += 1;
                sums.purchase_day |= !undone(order, known, lateness_days);
            }
            Entry::Refund(amount) => sums.refunded += amount,
            Entry::RefundWhole => sums.refunded += whole_amount(order, known, lateness_days),
        }
    }
    sums
}

const fn purchase_amount(order: &OpenOrder) -> Money {
    match order.entry {
        Entry::Purchase(amount) => amount,
        Entry::Refund(_) | Entry::RefundWhole => Money::ZERO,
    }
}

/// Whether refunds that name this purchase's order reach the order's amount.
fn undone(purchase: &OpenOrder, known: &[OpenOrder], lateness_days: i32) -> bool {
    let Some(tag) = purchase.order else { return false };
    let mut refunds = known.iter().filter(|refund| names(refund, tag, purchase.day, lateness_days)).peekable();
    if refunds.peek().is_none() {
        return false;
    }
    if refunds.clone().any(|refund| refund.entry == Entry::RefundWhole) {
        return true;
    }
    // An order id used again on another day is another order.
    let same = |other: &&OpenOrder| other.order == Some(tag) && other.day == purchase.day;
    let paid: Money = known.iter().filter(same).map(purchase_amount).sum();
    let returned: Money = refunds.map(refund_amount).sum();
    returned >= paid
}

const fn refund_amount(order: &OpenOrder) -> Money {
    match order.entry {
        Entry::Refund(amount) => amount,
        Entry::Purchase(_) | Entry::RefundWhole => Money::ZERO,
    }
}

/// Whether `refund` gives back `order` of `day`: not before it, and less than `lateness_days` later.
fn names(refund: &OpenOrder, order: Tag, day: Day, lateness_days: i32) -> bool {
    !matches!(refund.entry, Entry::Purchase(_))
        && refund.order == Some(order)
        && (0..lateness_days).contains(&refund.day.since(day))
}

/// What a whole-order refund is worth: the order's amount less its other refunds; the first of several takes it.
pub fn whole_amount(refund: &OpenOrder, known: &[OpenOrder], lateness_days: i32) -> Money {
    let Some(tag) = refund.order else { return Money::ZERO };
    let bought = |other: &&OpenOrder| {
        matches!(other.entry, Entry::Purchase(_))
            && other.order == Some(tag)
            && names(refund, tag, other.day, lateness_days)
    };
    let Some(day) = known.iter().find(bought).map(|order| order.day) else { return Money::ZERO };
    let refunds = || known.iter().filter(|other| names(other, tag, day, lateness_days));
    if refunds().find(|other| other.entry == Entry::RefundWhole).is_some_and(|first| first.tag != refund.tag) {
        return Money::ZERO;
    }
    let paid: Money = known.iter().filter(bought).filter(|other| other.day == day).map(purchase_amount).sum();
    let returned: Money = refunds().map(refund_amount).sum();
    (paid - returned).max(Money::ZERO)
}

/// Turns the whole-order refunds of `day`'s purchases into amounts, before that day leaves the open part.
pub fn price_refunds_of(orders: &mut [OpenOrder], day: Day, lateness_days: i32) {
    let is_whole = |order: &OpenOrder| order.entry == Entry::RefundWhole;
    if !orders.iter().any(is_whole) {
        return;
    }
    let priced: Vec<Money> = orders.iter().map(|order| whole_amount(order, orders, lateness_days)).collect();
    let sold: Vec<Tag> = orders
        .iter()
        .filter(|order| order.day == day && matches!(order.entry, Entry::Purchase(_)))
        .filter_map(|order| order.order)
        .collect();
    for (order, amount) in orders.iter_mut().zip(priced) {
        if is_whole(order) && sold.iter().any(|tag| names(order, *tag, day, lateness_days)) {
            order.entry = Entry::Refund(amount);
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
