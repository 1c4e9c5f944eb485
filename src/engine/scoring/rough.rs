//! A head that looks at several days at once: rough log-odds, and how far they may be from the exact ones.

use crate::engine::rfm::features::FEATURES;
use crate::engine::rfm::number::Rough;
use crate::engine::scoring::logistic::{CLIP, Column, Head};

/// The rough copy of a head, whose columns look at features as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct RoughHead {
    columns: Vec<RoughColumn>,
    base: f32,
    slack: f64,
    slack_a_purchase_day: f64,
}

/// A column's part of the calibrated log-odds, but for what is in the base: weight · value, between the clips.
#[derive(Clone, Copy, Debug, PartialEq)]
struct RoughColumn {
    feature: usize,
    least: f32,
    most: f32,
    weight: f32,
}

/// The rounding of a 32-bit float.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;

impl RoughHead {
    /// The rough copy.
    ///
    /// A rough feature x is off by at most 64 u (1 + |x|), u being the rounding of a 32-bit float, and the kernel of BG/NBD,
    /// a difference of two logarithms, by 20 u more for each purchase day. Where x is not clipped, it is at most |mean| + 8
    /// deviations. Adding n terms, each at most that times its weight, to a base costs n u times all of them; the head's own
    /// numbers are rounded too.
    pub fn of(head: &Head) -> Self {
        let roundings = head.columns.len() as f64 + 8.0;
        let mut base = head.slope * head.intercept + head.offset;
        let (mut off, mut sum, mut off_a_purchase_day) = (0.0, base.abs(), 0.0);
        let mut columns = Vec::with_capacity(head.columns.len());
        for Column { feature, mean, deviation, weight } in head.columns.iter().copied() {
            let (weight, reach) = (head.slope * weight / deviation, CLIP * deviation);
            let (heft, most) = (weight.abs(), mean.abs() + reach);
            base -= weight * mean;
            off += heft * 64.0 * (1.0 + most);
            off_a_purchase_day += heft * 20.0;
            sum += heft * (mean.abs() + most);
            let (least, most, weight) = ((mean - reach) as f32, (mean + reach) as f32, weight as f32);
            columns.push(RoughColumn { feature, least, most, weight });
        }
        Self {
            columns,
            base: base as f32,
            slack: UNIT * (off + roundings * sum),
            slack_a_purchase_day: UNIT * off_a_purchase_day,
        }
    }

    /// How far the log-odds of a customer with so many purchase days may be from the exact ones.
    pub const fn slack(&self, purchase_days: f64) -> f64 {
        self.slack + self.slack_a_purchase_day * purchase_days
    }

    /// Calibrated log-odds.
    pub fn log_odds(&self, features: &[Rough; FEATURES]) -> Rough {
        self.columns.iter().fold(Rough::splat(self.base), |sum, column| {
            let value = features.get(column.feature).copied().unwrap_or(Rough::ZERO);
            let clipped = value.fast_max(Rough::splat(column.least)).fast_min(Rough::splat(column.most));
            sum + Rough::splat(column.weight) * clipped
        })
    }
}
