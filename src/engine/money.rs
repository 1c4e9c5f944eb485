//! Money as integer minor units of the one base currency. Conversion from other currencies happens on the wire.

use std::ops::{Add, AddAssign, Neg, Sub};

/// An amount in minor units of the base currency (cents for EUR). Sums saturate, so a hostile amount cannot wrap a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount one event may carry: 10¹⁵ minor units, so that 9,000 of them fit a sum.
    pub const MAX_EVENT: Self = Self(1_000_000_000_000_000);

    /// The amount in major units, for features.
    pub fn major(self, minor_per_major: f64) -> f64 {
        self.0 as f64 / minor_per_major
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}
