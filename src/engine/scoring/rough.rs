//! A head that looks at several days at once: rough log-odds, and how far they may be from the exact ones.

use crate::engine::rfm::features::FEATURES;
use crate::engine::rfm::number::Rough;
use crate::engine::scoring::logistic::{CLIP, Column, Head};

/// The rough copy of a head.
pub struct RoughHead {
    /// As many as the head has; the others weigh nothing.
    columns: [RoughColumn; FEATURES],
    count: usize,
    base: f32,
    slack: f64,
}

/// A column with its part of the calibrated log-odds: weight · (value − mean) · scale.
#[derive(Clone, Copy, Default)]
struct RoughColumn {
    feature: usize,
    mean: f32,
    scale: f32,
    weight: f32,
}

/// The rounding of a 32-bit float.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;

impl RoughHead {
    /// The rough copy, for a customer with so many purchase days.
    ///
    /// A rough feature x is off by at most 64 u (1 + |x|), u being the rounding of a 32-bit float, and the kernel of BG/NBD
    /// by 2 u more for each purchase day. Where x is not clipped, it is at most |mean| + 8 deviations. Adding n terms, each at
    /// most 8 weights, costs n u times all of them; the model's own numbers are rounded too.
    pub fn of(head: &Head, purchase_days: f64) -> Self {
        let base = head.slope * head.intercept + head.offset;
        let roundings = head.columns.len() as f64 + 8.0;
        let (mut columns, mut slack) = ([RoughColumn::default(); FEATURES], roundings * base.abs());
        for (rough, column) in columns.iter_mut().zip(&head.columns) {
            let Column { feature, mean, deviation, weight } = *column;
            let (scale, weight) = (1.0 / deviation, head.slope * weight);
            let off = 64.0 * (1.0 + mean.abs() + CLIP * deviation) + 2.0 * purchase_days;
            slack += weight.abs() * (off * scale + roundings * CLIP);
            *rough = RoughColumn { feature, mean: mean as f32, scale: scale as f32, weight: weight as f32 };
        }
        Self { columns, count: head.columns.len(), base: base as f32, slack: UNIT * slack }
    }

    /// How far the log-odds may be from the exact ones.
    pub const fn slack(&self) -> f64 {
        self.slack
    }

    /// Calibrated log-odds.
    pub fn log_odds(&self, features: &[Rough; FEATURES]) -> Rough {
        self.columns.iter().take(self.count).fold(Rough::splat(self.base), |sum, column| {
            let value = features.get(column.feature).copied().unwrap_or(Rough::ZERO);
            let standardised = (value - Rough::splat(column.mean)) * Rough::splat(column.scale);
            sum + Rough::splat(column.weight)
                * standardised.fast_max(Rough::splat(-CLIP as f32)).fast_min(Rough::splat(CLIP as f32))
        })
    }
}
