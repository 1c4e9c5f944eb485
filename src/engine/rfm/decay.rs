//! Exponential decay over whole days, 2^(−days/half-life), the same bits on every machine.
//!
//! Every decayed quantity is folded forward day by day in `f32`, so a fold may be cut anywhere and resumed.

use std::sync::LazyLock;

/// The half-lives that occur, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfLife {
    /// 7 days.
    D7,
    /// 14 days.
    D14,
    /// 30 days.
    D30,
    /// 60 days.
    D60,
    /// 90 days.
    D90,
}

impl HalfLife {
    /// The half-life in days.
    pub const fn days(self) -> f64 {
        match self {
            Self::D7 => 7.0,
            Self::D14 => 14.0,
            Self::D30 => 30.0,
            Self::D60 => 60.0,
            Self::D90 => 90.0,
        }
    }
}

const HALF_LIVES: [HalfLife; 5] = [HalfLife::D7, HalfLife::D14, HalfLife::D30, HalfLife::D60, HalfLife::D90];

/// Gaps up to here come from a table; longer ones are computed by the same formula.
const TABLE_DAYS: usize = 1024;

static TABLE: LazyLock<Vec<Left>> = LazyLock::new(|| (0..TABLE_DAYS).map(|days| Left::compute(days as f64)).collect());

/// What is left of 1 after a number of days, by half-life.
#[derive(Clone, Copy, Debug)]
pub struct Left([f32; HALF_LIVES.len()]);

impl Left {
    /// After `days` (negative counts as none).
    pub fn after(days: i32) -> Self {
        let days = days.max(0);
        TABLE.get(days as usize).copied().unwrap_or_else(|| Self::compute(f64::from(days)))
    }

    /// With this half-life.
    pub const fn by(self, half: HalfLife) -> f32 {
        let Self([d7, d14, d30, d60, d90]) = self;
        match half {
            HalfLife::D7 => d7,
            HalfLife::D14 => d14,
            HalfLife::D30 => d30,
            HalfLife::D60 => d60,
            HalfLife::D90 => d90,
        }
    }

    fn compute(days: f64) -> Self {
        Self(HALF_LIVES.map(|half| libm::exp2(-days / half.days()) as f32))
    }
}

/// What is left of 1 after `days` (negative counts as none).
pub fn decay(half: HalfLife, days: i32) -> f32 {
    Left::after(days).by(half)
}

#[cfg(test)]
mod tests {
    use super::{HalfLife, decay};

    #[test]
    fn half_is_left_after_one_half_life_and_long_gaps_go_on_smoothly() {
        assert_eq!(decay(HalfLife::D7, 7), 0.5);
        assert_eq!(decay(HalfLife::D90, 180), 0.25);
        assert_eq!(decay(HalfLife::D30, -3), 1.0);
        assert!(decay(HalfLife::D90, 1024) < decay(HalfLife::D90, 1023));
        assert!(decay(HalfLife::D90, 1024) > 0.99 * decay(HalfLife::D90, 1023));
    }
}
