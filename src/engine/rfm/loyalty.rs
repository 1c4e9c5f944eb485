//! The loyalty account: the balance, and which points expire next. Folded day by day, so the order of arrival does not show.
//!
//! The balance is the sum of what the events say: points that expire leave it when the company books the loss.

use crate::engine::day::Day;

/// Most expiry days that are told apart; points that expire later count with the last of them, so too early, never too late.
pub const MAX_LOTS: usize = 12;
/// Points that expired so many days ago are booked off by now; what is spent later was not spent from them.
const BOOKED_DAYS: i32 = 35;

/// Points that expire together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The last day on which they can be spent.
    pub expires: Day,
    /// How many are left.
    pub points: i64,
}

/// The account at the end of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Sum of all changes.
    pub balance: i64,
    /// Points left that expire, ascending by day.
    pub lots: Vec<Lot>,
}

/// Changes of one day that are not yet settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointChange {
    /// The local day.
    pub day: Day,
    /// When the points gained expire; `None`: never, or points spent.
    pub expires: Option<Day>,
    /// Points gained.
    pub gained: i64,
    /// Points spent, as a positive number.
    pub spent: i64,
}

/// The settled account and the open changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loyalty {
    /// The settled account.
    pub account: Account,
    /// Open changes, ascending by day and expiry.
    pub open: Vec<PointChange>,
}

impl PointChange {
    /// What an event of `day` says.
    pub fn of(day: Day, points: i64, expires: Option<Day>) -> Self {
        let expires = expires.filter(|expires| points > 0 && *expires >= day);
        Self { day, expires, gained: points.max(0), spent: points.min(0).saturating_neg() }
    }
}

/// Takes a change into others. Of a day's expiry days the earliest are kept, and all later points with the last of them,
/// whatever came first.
pub fn insert_change(changes: &mut Vec<PointChange>, new: PointChange) {
    let PointChange { day, expires, gained, spent } = new;
    let at = changes.partition_point(|change| (change.day, change.expires) < (day, expires));
    match changes.get_mut(at) {
        Some(known) if (known.day, known.expires) == (day, expires) => {
            known.gained = known.gained.saturating_add(gained);
            known.spent = known.spent.saturating_add(spent);
        }
        _ => changes.insert(at, new),
    }
    let end = changes.partition_point(|change| change.day <= day);
    let expiring = changes.iter().take(end).filter(|change| change.day == day && change.expires.is_some());
    if expiring.count() > MAX_LOTS {
        let latest = changes.remove(end - 1);
        if let Some(last) = changes.get_mut(end - 2) {
            last.gained = last.gained.saturating_add(latest.gained);
        }
    }
}

impl Account {
    /// Takes the changes of a day in; days must come in ascending order. Spent first are the points that expire first.
    fn fold(&mut self, day: Day, changes: &[PointChange]) {
        self.lots.retain(|lot| day.since(lot.expires) <= BOOKED_DAYS);
        let mut spent = 0_i64;
        for change in changes {
            self.balance = self.balance.wrapping_add(change.gained).wrapping_sub(change.spent);
            spent = spent.saturating_add(change.spent);
            if let Some(expires) = change.expires {
                self.gain(expires, change.gained);
            }
        }
        for lot in &mut self.lots {
            let taken = lot.points.min(spent);
            lot.points -= taken;
            spent -= taken;
        }
        self.lots.retain(|lot| lot.points > 0);
    }

    fn gain(&mut self, expires: Day, points: i64) {
        let at = self.lots.partition_point(|lot| lot.expires < expires);
        match self.lots.get_mut(at) {
            Some(lot) if lot.expires == expires => lot.points = lot.points.saturating_add(points),
            _ => self.lots.insert(at, Lot { expires, points }),
        }
        if self.lots.len() > MAX_LOTS
            && let Some(latest) = self.lots.pop()
            && let Some(last) = self.lots.last_mut()
        {
            last.points = last.points.saturating_add(latest.points);
        }
    }

    /// The points that expire next after the end of `day`.
    pub fn expiring_next(&self, day: Day) -> Option<Lot> {
        self.lots.iter().find(|lot| lot.expires > day).copied()
    }
}

impl Loyalty {
    /// Takes a change in.
    pub fn change(&mut self, change: PointChange) {
        insert_change(&mut self.open, change);
    }

    /// Up to `until` nothing can come any more.
    pub fn settle(&mut self, until: Day) {
        let settled = self.open.partition_point(|change| change.day <= until);
        for day in self.open.get(..settled).unwrap_or_default().chunk_by(|a, b| a.day == b.day) {
            if let Some(first) = day.first() {
                self.account.fold(first.day, day);
            }
        }
        self.open.drain(..settled);
    }

    /// The account at the end of `day`.
    pub fn at(&self, day: Day) -> Account {
        let mut known = self.clone();
        known.settle(day);
        known.account
    }

    /// Erases what happened up to the end of `day`.
    pub fn forget(&mut self, day: Day) {
        self.account = Account::default();
        self.open.retain(|change| change.day > day);
    }
}

#[cfg(test)]
mod tests {
    use super::{BOOKED_DAYS, Lot, Loyalty, MAX_LOTS, PointChange};
    use crate::engine::day::Day;

    #[test]
    fn what_expires_first_is_spent_first() {
        let mut loyalty = Loyalty::default();
        loyalty.change(PointChange::of(Day(10), 100, Some(Day(50))));
        loyalty.change(PointChange::of(Day(11), 40, Some(Day(30))));
        loyalty.change(PointChange::of(Day(11), 500, None));
        loyalty.change(PointChange::of(Day(12), -60, None));
        let account = loyalty.at(Day(20));
        assert_eq!(account.balance, 580);
        assert_eq!(account.expiring_next(Day(20)), Some(Lot { expires: Day(50), points: 80 }));
        assert_eq!(loyalty.at(Day(11)).expiring_next(Day(11)), Some(Lot { expires: Day(30), points: 40 }));
        assert_eq!(account.expiring_next(Day(50)), None);
    }

    #[test]
    fn points_that_expired_long_ago_are_not_spent_any_more() {
        let left = |spent_on: i32| {
            let mut loyalty = Loyalty::default();
            loyalty.change(PointChange::of(Day(1), 100, Some(Day(10))));
            loyalty.change(PointChange::of(Day(1), 50, Some(Day(200))));
            loyalty.change(PointChange::of(Day(spent_on), -30, None));
            loyalty.at(Day(60)).expiring_next(Day(60)).map(|lot| lot.points)
        };
        assert_eq!((left(10 + BOOKED_DAYS), left(11 + BOOKED_DAYS)), (Some(50), Some(20)));
    }

    #[test]
    fn a_flood_of_expiry_days_is_bounded_the_same_in_any_order() {
        let (mut up, mut down) = (Loyalty::default(), Loyalty::default());
        for number in 0..40 {
            up.change(PointChange::of(Day(1), 10, Some(Day(100 + number))));
            down.change(PointChange::of(Day(1), 10, Some(Day(139 - number))));
        }
        assert_eq!(up, down);
        assert_eq!(up.open.len(), MAX_LOTS);
        let lots = up.at(Day(1)).lots;
        assert_eq!(lots.iter().map(|lot| lot.points).sum::<i64>(), 400);
        assert_eq!(lots.last(), Some(&Lot { expires: Day(111), points: 290 }));
    }
}
