//! What features are computed with: a number of one day, exact, or those of several days side by side, rough but fast.

use std::ops::{Add, Div, Mul, Sub};

use wide::bytemuck::cast;
use wide::{f32x8, i32x8};

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

/// √½ as a 32-bit float.
const SQRT_HALF: i32 = 0x3f35_04f3;
/// Bits of a 32-bit float's mantissa.
const MANTISSA: i32 = 23;

impl Number for Rough {
    const DAYS: i32 = 8;

    fn same(value: f64) -> Self {
        Self::splat(value as f32)
    }

    fn by_day(value: impl Fn(i32) -> f64) -> Self {
        let mut days = 0..;
        Self::new([(); 8].map(|()| days.next().map_or(0.0, &value) as f32))
    }

    /// Of normal numbers: with x = m 2^e, √½ ≤ m < √2 and s = (m − 1)/(m + 1) it is e ln 2 + 2 artanh s, and 2 artanh s =
    /// 2 s + s³ (2/3 + 2/5 s² + …), of which the rest is the line that is nearest for these s: off by 3.5e-8 at most, half the
    /// rounding of a number near 1.
    fn ln(self) -> Self {
        let bits = cast::<Self, i32x8>(self) - i32x8::splat(SQRT_HALF);
        let exponent = Self::from_i32x8(bits >> MANTISSA);
        let mantissa = cast::<i32x8, Self>((bits & i32x8::splat((1 << MANTISSA) - 1)) + i32x8::splat(SQRT_HALF));
        let s = (mantissa - Self::ONE) / (mantissa + Self::ONE);
        let squared = s * s;
        let rest = s * squared * squared.mul_add(Self::splat(0.412_874_7), Self::splat(0.666_534_3));
        exponent.mul_add(Self::LN_2, s + s + rest)
    }

    fn ln_1p(self) -> Self {
        Number::ln(self + Self::ONE)
    }

    fn max(self, least: f64) -> Self {
        self.fast_max(Self::same(least))
    }
}
