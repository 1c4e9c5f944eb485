//! What customers did, told by days alone, and the plain count of what that makes of their silences.

use std::collections::{BTreeMap, BTreeSet};

/// The churn horizon, days.
pub(crate) const H: i32 = 90;

/// What one customer did, told by days alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deeds {
    /// Days with a purchase.
    pub(crate) bought: BTreeSet<i32>,
    /// Purchase days of which a refund left nothing, and the day from which that is known.
    pub(crate) undone: BTreeMap<i32, i32>,
}

impl Deeds {
    /// The last purchase day that stands as seen at the end of `day`.
    fn silent_since(&self, day: i32) -> Option<i32> {
        (0..=day).rev().take(2_000).find(|on| self.bought.contains(on) && !self.is_undone(*on, day))
    }

    fn is_undone(&self, bought: i32, seen: i32) -> bool {
        self.undone.get(&bought).is_some_and(|known| *known <= seen)
    }

    /// Every silence that may enter, as its first day, whether it exceeded H, and its closes: day and days of silence.
    pub(crate) fn silences(&self, from: i32, cutoff: i32) -> Vec<Silence> {
        let mut silences = Vec::new();
        for last in self.bought.iter().copied() {
            if last < from || last + H >= cutoff {
                continue;
            }
            let mut churned = true;
            for day in last + 1..=last + H {
                if self.bought.contains(&day) {
                    churned = false;
                }
            }
            let mut closes = Vec::new();
            for r in 1..=H {
                let day = last + r - 1;
                if r > 1 && self.bought.contains(&day) {
                    break;
                }
                // Once the purchase that it began with is undone, nobody sees this silence any more.
                if !self.is_undone(last, day) {
                    closes.push((day, r - 1));
                }
            }
            if !closes.is_empty() {
                silences.push(Silence { last, churned, closes });
            }
        }
        silences
    }

    /// At the midnight that opens `cutoff`: days of silence and whether nothing is bought in the H days from then on.
    pub(crate) fn forward(&self, cutoff: i32) -> Option<(i32, bool)> {
        let since = self.silent_since(cutoff - 1)?;
        let mut churned = true;
        for day in cutoff..cutoff + H {
            if self.bought.contains(&day) {
                churned = false;
            }
        }
        Some((cutoff - 1 - since, churned))
    }
}

/// A silence: the day that it began with, whether it exceeded H, and its closes as day and days of silence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Silence {
    pub(crate) last: i32,
    pub(crate) churned: bool,
    pub(crate) closes: Vec<(i32, i32)>,
}
