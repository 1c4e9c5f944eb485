//! What features are computed with: a number of one day, exact, or those of several days side by side, rough but fast.

use std::ops::{Add, Div, Mul, Sub};

use wide::f32x8;

/// A quantity on one day or on several days in a row.
pub trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + 'static
{
    /// How many days.
    const DAYS: i32;

    /// The same on every day.
    fn same(value: f64) -> Self;

    /// By the day, of which the first is 0.
    fn by_day(value: impl Fn(i32) -> f64) -> Self;

    /// The natural logarithm, of what is above 0.
    #[must_use]
    fn ln(self) -> Self;

    /// ln(1 + x).
    #[must_use]
    fn ln_1p(self) -> Self;

    /// The greater of the two.
    #[must_use]
    fn max(self, least: f64) -> Self;
}

/// The exact one: its logarithms come from the libm crate, so every machine gets the same bits.
impl Number for f64 {
    const DAYS: i32 = 1;

    fn same(value: f64) -> Self {
        value
    }

    fn by_day(value: impl Fn(i32) -> f64) -> Self {
        value(0)
    }

    fn ln(self) -> Self {
        libm::log(self)
    }

    /// Most customers have most counts at nought, of which the logarithm is known.
    fn ln_1p(self) -> Self {
        if self == 0.0 { self } else { libm::log1p(self) }
    }

    fn max(self, least: f64) -> Self {
        Self::max(self, least)
    }
}

/// Eight days in a row, to about seven digits.
pub type Rough = f32x8;

impl Number for Rough {
    const DAYS: i32 = 8;

    fn same(value: f64) -> Self {
        Self::splat(value as f32)
    }

    fn by_day(value: impl Fn(i32) -> f64) -> Self {
        let mut days = 0..;
        Self::new([(); 8].map(|()| days.next().map_or(0.0, &value) as f32))
    }

    fn ln(self) -> Self {
        self.ln()
    }

    fn ln_1p(self) -> Self {
        (self + Self::ONE).ln()
    }

    fn max(self, least: f64) -> Self {
        self.fast_max(Self::same(least))
    }
}
