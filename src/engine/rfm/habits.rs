//! Habits: when, where and what a customer buys, how long it looks first, how often it gives back. Counts, folded day by day.
//!
//! A purchase counts whether or not it was given back later: that too was how the customer bought.

use crate::engine::day::Day;
use crate::engine::event::Interaction;
use crate::engine::rfm::frequent::Frequent;
use crate::engine::rfm::open::{DayCount, Entry, OpenOrder};

/// Product views further back than this many days belong to no purchase.
pub const LOOKBACK_DAYS: i32 = 30;
/// Hours of a part of the day.
const PART_HOURS: u8 = 6;

/// What a customer's purchases were like. Counts stop at [`u16::MAX`] purchases: the habits of so busy an id are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// Purchases.
    pub purchases: u16,
    /// Purchases from Monday to Friday, and at weekends.
    pub week: [u16; 2],
    /// Purchases from 0 to 6, 6 to 12, 12 to 18 and 18 to 24 o'clock, of those with a known hour.
    pub day_parts: [u16; 4],
    /// Purchases by channel, of those that name one.
    pub channels: Frequent<3>,
    /// Purchases by main category, of those that name one.
    pub categories: Frequent<4>,
    /// Purchases with a discount.
    pub discounted: u16,
    /// Refunds.
    pub returns: u16,
    /// Purchase days that product views led to.
    pub viewed_days: u16,
    /// Those views.
    pub views: u32,
    /// Sum of the days from the first of those views to the purchase, over the viewed days.
    pub delay_days: u32,
    /// Last day with a purchase.
    pub last: Option<Day>,
}

impl Habits {
    /// Folds the orders of a day in; days must come in ascending order. `counts` holds the interactions up to that day
    /// that are still known by the day.
    pub fn fold(&mut self, day: Day, orders: &[OpenOrder], counts: &[DayCount]) {
        let mut bought = false;
        for order in orders {
            match order.entry {
                Entry::Purchase(_) => {
                    bought = true;
                    self.purchase(order);
                }
                Entry::Refund(_) | Entry::RefundWhole => self.returns = self.returns.saturating_add(1),
            }
        }
        if bought {
            self.look_back(day, counts);
            self.last = Some(day);
        }
    }

    fn purchase(&mut self, order: &OpenOrder) {
        if self.purchases == u16::MAX {
            return;
        }
        self.purchases += 1;
        if let Some(days) = self.week.get_mut(usize::from(is_weekend(order.day))) {
            *days += 1;
        }
        if let Some(part) = order.hour.and_then(|hour| self.day_parts.get_mut(usize::from(hour / PART_HOURS))) {
            *part += 1;
        }
        if let Some(channel) = order.channel {
            self.channels.count(channel);
        }
        if let Some(category) = order.category {
            self.categories.count(category);
        }
        self.discounted += u16::from(order.discounted);
    }

    /// The product views that led to the purchases of `day`: after the purchase day before, within the lookback.
    fn look_back(&mut self, day: Day, counts: &[DayCount]) {
        let since = day.plus(-LOOKBACK_DAYS);
        let since = self.last.map_or(since, |last| last.max(since));
        let from = counts.partition_point(|count| count.day <= since);
        let recent = counts.iter().skip(from).take_while(|count| count.day <= day);
        let mut views = recent.filter(|count| count.kind == Interaction::ProductView.kind()).peekable();
        let Some(first) = views.peek().map(|count| count.day) else { return };
        if self.viewed_days == u16::MAX {
            return;
        }
        self.viewed_days += 1;
        self.delay_days += day.since(first).unsigned_abs();
        self.views = views.fold(self.views, |sum, count| sum.saturating_add(count.count));
    }
}

/// Whether a day is a Saturday or a Sunday; day 0 was a Thursday.
fn is_weekend(day: Day) -> bool {
    (day.0 + 3).rem_euclid(7) >= 5
}

#[cfg(test)]
mod tests {
    use super::is_weekend;
    use crate::engine::day::Day;

    #[test]
    fn the_week_is_the_calendar_s() {
        // 2026-11-21 was a Saturday.
        let week: Vec<bool> = (20_778..20_785).map(|day| is_weekend(Day(day))).collect();
        assert_eq!(week, [true, true, false, false, false, false, false]);
        assert!(!is_weekend(Day(-1)) && is_weekend(Day(-4)));
    }
}
