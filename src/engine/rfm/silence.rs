//! What depends on a number of days alone.

use std::sync::LazyLock;

use crate::engine::rfm::number::{Number, Rough};

/// What depends on the length of a silence alone.
#[derive(Clone, Copy, Debug)]
pub struct Silence<T> {
    /// R: days of silence and one.
    pub r: T,
    /// ln R.
    pub ln_r: T,
    /// √R.
    pub sqrt_r: T,
    /// 2^(−R/half-life) for 7, 14, 60 and 90 days.
    pub left: [T; 4],
    /// 2^(−days/half-life) for 30 and 90 days.
    pub left_spend: [T; 2],
}

impl<T: Number> Silence<T> {
    fn compute(silence_days: i32) -> Self {
        let by_r = |of: fn(f64) -> f64| T::by_day(|day| of(f64::from(silence_days + day) + 1.0));
        let left = |days: i32, half: f64| libm::exp2(-f64::from(days) / half);
        Self {
            r: by_r(|r| r),
            ln_r: by_r(libm::log),
            sqrt_r: by_r(libm::sqrt),
            left: [7.0, 14.0, 60.0, 90.0].map(|half| T::by_day(|day| left(silence_days + day + 1, half))),
            left_spend: [30.0, 90.0].map(|half| T::by_day(|day| left(silence_days + day, half))),
        }
    }
}

/// Silences up to here come from a table; longer ones are computed by the same formulas.
const TABLE_DAYS: i32 = 1_024;

type Table<T> = LazyLock<Vec<Silence<T>>>;

static EXACT: Table<f64> = LazyLock::new(|| (0..TABLE_DAYS).map(Silence::compute).collect());
static ROUGH: Table<Rough> = LazyLock::new(|| (0..TABLE_DAYS).map(Silence::compute).collect());

/// Logarithms of so many days come from a table, of eleven years.
const LOGARITHMS: i32 = 4_096;

static LN: LazyLock<Vec<f64>> = LazyLock::new(|| (0..LOGARITHMS).map(|days| libm::log(f64::from(days))).collect());
static ROUGH_LN: LazyLock<Vec<f32>> = LazyLock::new(|| LN.iter().map(|ln| *ln as f32).collect());

/// What days are divided by, above 0, with its logarithm.
#[derive(Clone, Copy, Debug)]
pub struct Divisor {
    value: f64,
    ln: f64,
}

impl Divisor {
    /// With its logarithm, which comes from the table where it is a number of days.
    pub fn of(value: f64) -> Self {
        let days = value as i32;
        let ln = if f64::from(days) == value { f64::ln_of(days) } else { libm::log(value) };
        Self { value, ln }
    }
}

/// A number of which there are tables by days.
pub trait Tabled: Number {
    /// What the silence of so many days, or the first of several such, brings with it.
    fn silence(days: i32) -> Silence<Self>;

    /// The logarithm of so many days, above 0, or of that and the following numbers.
    fn ln_of(days: i32) -> Self;

    /// The same of so many days divided by something. A rough one is a difference of logarithms, off by what both are rounded.
    fn ln_ratio(days: i32, by: &Divisor) -> Self;
}

impl Tabled for f64 {
    fn silence(days: i32) -> Silence<Self> {
        look_up(&EXACT, days)
    }

    fn ln_of(days: i32) -> Self {
        LN.get(days as usize).copied().unwrap_or_else(|| libm::log(Self::from(days)))
    }

    fn ln_ratio(days: i32, by: &Divisor) -> Self {
        libm::log(Self::from(days) / by.value)
    }
}

impl Tabled for Rough {
    fn silence(days: i32) -> Silence<Self> {
        look_up(&ROUGH, days)
    }

    fn ln_of(days: i32) -> Self {
        let tabled = ROUGH_LN.get(days as usize..).and_then(|days| days.first_chunk());
        tabled.map_or_else(|| Self::by_day(|day| libm::log(f64::from(days + day))), |days| Self::new(*days))
    }

    fn ln_ratio(days: i32, by: &Divisor) -> Self {
        Self::ln_of(days) - Self::same(by.ln)
    }
}

fn look_up<T: Number>(table: &Table<T>, days: i32) -> Silence<T> {
    table.get(days as usize).copied().unwrap_or_else(|| Silence::compute(days))
}
