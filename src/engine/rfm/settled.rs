//! The settled part of a profile: strict day-by-day folds. Folding the open days on top gives the view of any later day.
//!
//! A fold depends on the days alone, so it is the same wherever the border to the open part lies.

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::rfm::decay::{HalfLife, Left, decay};
use crate::engine::rfm::ledger::LedgerDay;

/// Half-lives of the decayed purchase-day counts.
pub const PURCHASE_HALF_LIVES: [HalfLife; 4] = [HalfLife::D7, HalfLife::D14, HalfLife::D60, HalfLife::D90];
/// Half-lives of the decayed spend.
pub const SPEND_HALF_LIVES: [HalfLife; 2] = [HalfLife::D30, HalfLife::D90];
/// Half-lives of the decayed interaction counts.
pub const INTERACTION_HALF_LIVES: [HalfLife; 3] = [HalfLife::D7, HalfLife::D30, HalfLife::D90];
/// Weight of the newest gap in the smoothed gap.
const GAP_WEIGHT: f32 = 0.3;

/// The rhythm of the purchase days, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// First purchase day.
    pub first: Day,
    /// Last purchase day.
    pub last: Day,
    /// Number of purchase days, at least 1.
    pub days: u32,
    /// Exponentially smoothed gap in days; 0 with one purchase day.
    pub smoothed_gap: f32,
    /// Longest gap in days; 0 with one purchase day.
    pub longest_gap: i32,
    /// Decayed counts of purchase days just after the last one, by [`PURCHASE_HALF_LIVES`].
    pub frequency: [f32; 4],
    /// Decayed gross spend in minor units just after the last purchase day, by [`SPEND_HALF_LIVES`].
    pub spend: [f32; 2],
    /// Gross of the last purchase day.
    pub last_gross: Money,
}

impl Rhythm {
    /// The rhythm after a first purchase day.
    pub fn begin(day: &LedgerDay) -> Self {
        Self {
            first: day.day,
            last: day.day,
            days: 1,
            smoothed_gap: 0.0,
            longest_gap: 0,
            frequency: [1.0; 4],
            spend: [day.gross.0 as f32; 2],
            last_gross: day.gross,
        }
    }

    /// Folds the next purchase day in; days must come in ascending order.
    pub fn fold(&mut self, day: &LedgerDay) {
        let gap = day.day.since(self.last);
        debug_assert!(gap > 0, "purchase days fold in ascending order");
        let length = gap as f32;
        self.smoothed_gap =
            if self.days == 1 { length } else { self.smoothed_gap + GAP_WEIGHT * (length - self.smoothed_gap) };
        self.longest_gap = self.longest_gap.max(gap);
        let left = Left::after(gap);
        for (count, half) in self.frequency.iter_mut().zip(PURCHASE_HALF_LIVES) {
            *count = 1.0 + *count * left.by(half);
        }
        for (spend, half) in self.spend.iter_mut().zip(SPEND_HALF_LIVES) {
            *spend = day.gross.0 as f32 + *spend * left.by(half);
        }
        self.days += 1;
        self.last = day.day;
        self.last_gross = day.gross;
    }
}

/// Sums over the whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Purchases.
    pub purchases: u32,
    /// What was paid.
    pub gross: Money,
    /// What was given back.
    pub refunded: Money,
}

/// Folds one day of money into rhythm and totals.
pub fn fold_day(rhythm: &mut Option<Rhythm>, totals: &mut Totals, day: &LedgerDay) {
    totals.purchases = totals.purchases.saturating_add(day.purchases);
    totals.gross += day.gross;
    totals.refunded += day.refunded;
    if day.purchase_day {
        match rhythm {
            Some(rhythm) => rhythm.fold(day),
            None => *rhythm = Some(Rhythm::begin(day)),
        }
    }
}

/// Decayed counts of one kind of interaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindCount {
    /// [`crate::engine::event::Interaction::kind`].
    pub kind: u8,
    /// The last day folded in; the values are as of its end.
    pub day: Day,
    /// Undecayed count over the whole life.
    pub total: u32,
    /// Decayed counts by [`INTERACTION_HALF_LIVES`].
    pub decayed: [f32; 3],
}

impl KindCount {
    /// No interaction of this kind yet.
    pub const fn none(kind: u8, day: Day) -> Self {
        Self { kind, day, total: 0, decayed: [0.0; 3] }
    }

    /// Folds `count` interactions of `day` in; days must come in ascending order.
    pub fn fold(&mut self, day: Day, count: u32) {
        let decayed = self.at(day);
        self.decayed = decayed.map(|value| value + count as f32);
        self.day = day;
        self.total = self.total.saturating_add(count);
    }

    /// The decayed counts at the end of `day`.
    pub fn at(&self, day: Day) -> [f32; 3] {
        let (mut decayed, left) = (self.decayed, Left::after(day.since(self.day)));
        for (value, half) in decayed.iter_mut().zip(INTERACTION_HALF_LIVES) {
            *value *= left.by(half);
        }
        decayed
    }

    /// The same of one of [`INTERACTION_HALF_LIVES`].
    pub fn left(&self, half: usize, day: Day) -> f32 {
        let counted = self.decayed.get(half).zip(INTERACTION_HALF_LIVES.get(half));
        counted.map_or(0.0, |(value, half)| value * decay(*half, day.since(self.day)))
    }
}
