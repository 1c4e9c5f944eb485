//! How far features may stray from a straight line while a silence grows: bounds from their second derivatives by the day.
//!
//! With them a few looks at a long silence prove what all of its days would show.

use crate::engine::day::Day;
use crate::engine::rfm::features::{FEATURES, Features, Steady, YEAR_DAYS};

/// How a quantity bends between two days of a silence.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bend {
    /// Bounds of the second derivative where there is one.
    pub low: f64,
    /// The upper one.
    pub high: f64,
    /// Sum of the jumps of the first derivative.
    pub kinks: f64,
}

impl Bend {
    /// A second derivative that grows or falls from one of these to the other.
    const fn between(one: f64, other: f64) -> Self {
        Self { low: one.min(other), high: one.max(other), kinks: 0.0 }
    }

    /// One no further from 0 than `bound`.
    const fn within(bound: f64) -> Self {
        Self { low: -bound, high: bound, kinks: 0.0 }
    }

    fn times(&self, factor: f64) -> Self {
        let mut product = Self::default();
        product.add(self, factor);
        product
    }

    /// Adds another's times `factor`.
    pub fn add(&mut self, other: &Self, factor: f64) {
        let (low, high) = if factor < 0.0 { (other.high, other.low) } else { (other.low, other.high) };
        self.low += low * factor;
        self.high += high * factor;
        self.kinks += other.kinks * factor.abs();
    }

    fn steepest(&self) -> f64 {
        self.high.max(-self.low).max(0.0)
    }

    /// How far a quantity may leave the straight line between its ends, `days` apart. With f″ within ±M it is M d²/8; a
    /// kink of J leaves it by J d/4 at most, in the middle.
    pub fn stray(&self, days: f64) -> f64 {
        (self.steepest() * days / 8.0 + self.kinks / 4.0) * days
    }

    /// How far the slope may be from the line's: M d/2 and every jump.
    pub fn turn(&self, days: f64) -> f64 {
        self.steepest() * days / 2.0 + self.kinks
    }
}

/// ln 2 over the half-life: what decays by itself loses this share a day.
const fn rate(half_life_days: f64) -> f64 {
    std::f64::consts::LN_2 / half_life_days
}

/// (ln(c + u))″ = λ² c u/(c + u)², where u decays at the rate λ: at most λ²/4, where u = c.
const fn ln_decayed(half_life_days: f64) -> Bend {
    Bend { low: 0.0, high: rate(half_life_days) * rate(half_life_days) / 4.0, kinks: 0.0 }
}

impl Steady {
    /// The bends of all features from `day` to `days` days later; `ends` is what they are on both.
    pub fn bends(&self, day: Day, ends: [&Features; 2], days: i32) -> [Bend; FEATURES] {
        let r = f64::from(day.since(self.last).max(0)) + 1.0;
        let end = r + f64::from(days);
        let (ln_r, ln_end) = (libm::log(r), libm::log(end));
        // (ln(R + c))″ = −1/(R + c)²
        let log_of =
            |shift: f64| Bend::between(-1.0 / ((r + shift) * (r + shift)), -1.0 / ((end + shift) * (end + shift)));
        let ln_of_r = log_of(0.0);
        let hinge = |knot: f64| match knot {
            knot if knot <= ln_r => ln_of_r,
            knot if knot >= ln_end => Bend::default(),
            _ => Bend { high: 0.0, kinks: 1.0 / r, ..ln_of_r },
        };
        let [h1, h2, h3, h4] = self.constants.knots.map(hinge);
        let overdue = log_of(0.001 * self.mean_gap);
        let missed = [r, end].map(|r| self.missed_a_day() / (1.0 + r * self.missed_a_day()));
        let still = Bend::default();
        let [[.., attention30, _, _, _, _, unsubscribed, _, complaint, _, _, _, _, _, _], then] = ends.map(|end| *end);
        let [.., complaint_then, _, _, _, _, _, _] = then;
        let unsubscribed = Bend {
            low: 0.0,
            high: rate(90.0) * rate(90.0) * unsubscribed,
            kinks: if unsubscribed >= 1.0 { rate(90.0) } else { 0.0 },
        };
        let complaint = Bend { kinks: if complaint == complaint_then { 0.0 } else { f64::INFINITY }, ..still };
        // (ln R · g)″ = −g/R² + 2 g′/R + g″ ln R, where g falls, |g′| ≤ λ and |g″| ≤ λ²/4.
        let attention = attention30 / (r * r) + 2.0 * rate(30.0) / r + ln_decayed(30.0).high * ln_end;
        let year = std::f64::consts::TAU / YEAR_DAYS;
        let (year, half_year) = (Bend::within(year * year), Bend::within(4.0 * year * year));
        // ((ln R)²)″ = 2 (1 − ln R)/R² falls to −e⁻³ where ln R = 3/2.
        let square = |r: f64, ln_r: f64| 2.0 * (1.0 - ln_r) / (r * r);
        let mut squared = Bend::between(square(r, ln_r), square(end, ln_end));
        if ln_r < 1.5 {
            squared.low = squared.low.min(-0.05);
        }
        let [missed, missed_then] = missed;
        [
            ln_decayed(7.0),
            ln_decayed(14.0),
            ln_decayed(60.0),
            ln_decayed(90.0),
            still,
            still,
            log_of(self.span + 7.0).times(self.repeats + 0.5),
            Bend::between(-missed * missed, -missed_then * missed_then),
            overdue,
            log_of(1.0),
            still,
            log_of(1.0).times(self.one),
            still,
            still,
            ln_decayed(30.0),
            ln_decayed(90.0),
            still,
            still,
            ln_of_r,
            squared,
            Bend::between(-0.25 / (r * libm::sqrt(r)), -0.25 / (end * libm::sqrt(end))),
            overdue.times(self.ln_n),
            ln_of_r.times(self.ln_n),
            h1,
            h2,
            h3,
            h4,
            still,
            log_of(self.span),
            ln_decayed(7.0),
            ln_decayed(30.0),
            ln_decayed(90.0),
            ln_decayed(30.0),
            ln_decayed(30.0),
            ln_decayed(30.0),
            unsubscribed,
            ln_decayed(30.0),
            complaint,
            still,
            Bend::within(if attention30 > 0.0 { attention } else { 0.0 }),
            year,
            year,
            half_year,
            half_year,
        ]
    }
}
