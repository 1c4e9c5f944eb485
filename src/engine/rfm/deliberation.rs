//! Whether a customer decides after comparing or on the spot, from how it buys. The rule is docs/profile.md's.
//!
//! An impulse is felt at the sight of the product and acted on at once (Rook 1987, "The Buying Impulse"); who deliberates
//! looks around first. So days and views before a purchase speak for reason, discounts too; what is given back against it.

use crate::engine::rfm::habits::Habits;
use crate::engine::rfm::style::Style;

/// Fewest purchases to judge by.
pub const MIN_PURCHASES: u16 = 3;
/// Mean days from the first look to the purchase that speak neither way, and how many more or fewer speak fully.
const DELAY_DAYS: (f64, f64) = (2.0, 2.0);
/// Mean product views a viewed purchase day that speak neither way, and how many more or fewer speak fully.
const VIEWS: (f64, f64) = (4.0, 3.0);
/// Share of discounted purchases that speaks fully.
const DISCOUNT_SHARE: f64 = 0.5;
/// Refunds a purchase that speak fully.
const RETURN_SHARE: f64 = 0.3;
/// Sum of what speaks either way from which on the style is told.
const DECIDED: f64 = 0.5;

/// How a customer of these habits decides.
pub fn style(habits: &Habits) -> Style {
    match score(habits) {
        Some(score) if score >= DECIDED => Style::Rational,
        Some(score) if score <= -DECIDED => Style::Impulsive,
        Some(_) | None => Style::Unknown,
    }
}

/// What speaks for reason less what speaks for impulse, each part at most 1; `None` where too little is known.
fn score(habits: &Habits) -> Option<f64> {
    if habits.purchases < MIN_PURCHASES || (habits.viewed_days == 0 && habits.discounted == 0) {
        return None;
    }
    let purchases = f64::from(habits.purchases);
    let looks = if habits.viewed_days == 0 {
        0.0
    } else {
        let mean = |sum: u32| f64::from(sum) / f64::from(habits.viewed_days);
        lean(mean(habits.delay_days), DELAY_DAYS) + lean(mean(habits.views), VIEWS)
    };
    let discounts = f64::from(habits.discounted) / purchases / DISCOUNT_SHARE;
    let returns = f64::from(habits.returns) / purchases / RETURN_SHARE;
    Some(looks + discounts.min(1.0) - returns.min(1.0))
}

/// −1 to 1: how far a value lies from the middle.
fn lean(value: f64, (middle, reach): (f64, f64)) -> f64 {
    ((value - middle) / reach).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::style;
    use crate::engine::rfm::habits::Habits;
    use crate::engine::rfm::style::Style;

    fn habits(purchases: u16, viewed_days: u16, views: u32, delay_days: u32) -> Habits {
        Habits { purchases, viewed_days, views, delay_days, ..Habits::default() }
    }

    #[test]
    fn who_looks_long_is_rational_and_who_buys_at_sight_impulsive() {
        assert_eq!(style(&habits(4, 4, 28, 20)), Style::Rational);
        assert_eq!(style(&habits(4, 4, 6, 0)), Style::Impulsive);
        assert_eq!(style(&habits(4, 4, 16, 8)), Style::Unknown);
        assert_eq!(style(&habits(2, 2, 14, 10)), Style::Unknown);
        assert_eq!(style(&habits(9, 0, 0, 0)), Style::Unknown);
        assert_eq!(style(&Habits { discounted: 3, ..habits(6, 0, 0, 0) }), Style::Rational);
        assert_eq!(style(&Habits { discounted: 3, returns: 2, ..habits(6, 0, 0, 0) }), Style::Unknown);
    }
}
