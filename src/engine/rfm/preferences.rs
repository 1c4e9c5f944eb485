//! Preferences: what a customer favours of the day, the week, the channels, the categories, or that nothing is clear.
//!
//! Told is only what the purchases bear out: docs/profile.md states the rule.

use crate::engine::customer::Tag;
use crate::engine::rfm::frequent::Frequent;
use crate::engine::rfm::habits::Habits;

/// Fewest purchases that tell the attribute.
pub const MIN_PURCHASES: u16 = 5;
/// Least share of the favourite among them.
pub const MIN_SHARE: f64 = 0.5;
/// Normal quantile of a two-sided interval of 95 %. With 90 % one in eight customers who did not care for one of three
/// channels was told to prefer one.
const Z: f64 = 1.959_963_984_540_054;

/// What is told of one attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preference<T> {
    /// The favourite; `None`: no clear preference.
    pub favourite: Option<Favourite<T>>,
    /// Purchases that tell the attribute.
    pub purchases: u16,
}

/// What a customer favours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Favourite<T> {
    /// What.
    pub value: T,
    /// How many purchases.
    pub count: u16,
    /// Their share of the purchases that tell the attribute.
    pub share: f64,
}

/// Everything that is told of a customer's preferences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preferences {
    /// `weekday` or `weekend`.
    pub week: Preference<&'static str>,
    /// `night`, `morning`, `afternoon` or `evening`.
    pub day_part: Preference<&'static str>,
    /// The channel's name, as a tag.
    pub channel: Preference<Tag>,
    /// The category's name, as a tag.
    pub category: Preference<Tag>,
}

impl Preferences {
    /// What the habits bear out.
    pub fn of(habits: &Habits) -> Self {
        let [weekdays, weekends] = habits.week;
        let [night, morning, afternoon, evening] = habits.day_parts;
        Self {
            week: preference([("weekday", weekdays, 5.0 / 7.0), ("weekend", weekends, 2.0 / 7.0)], habits.purchases),
            day_part: preference(
                [("night", night), ("morning", morning), ("afternoon", afternoon), ("evening", evening)]
                    .map(|(part, count)| (part, count, 0.25)),
                habits.day_parts.iter().fold(0, |sum, count| sum.saturating_add(*count)),
            ),
            channel: of_names(&habits.channels),
            category: of_names(&habits.categories),
        }
    }
}

/// By chance a name would have the share of each of those known, at most a half.
fn of_names<const N: usize>(names: &Frequent<N>) -> Preference<Tag> {
    let chance = 1.0 / names.used().count().max(2) as f64;
    preference(names.used().map(|counter| (counter.tag(), counter.sure(), chance)), names.seen)
}

/// The favourite among values with their counts and their shares by chance, if there is one; of equals the first.
fn preference<T>(counts: impl IntoIterator<Item = (T, u16, f64)>, purchases: u16) -> Preference<T> {
    let most = counts.into_iter().reduce(|most, next| if next.1 > most.1 { next } else { most });
    let favourite = most.and_then(|(value, count, chance)| {
        let share = f64::from(count) / f64::from(purchases.max(1));
        let clear = purchases >= MIN_PURCHASES && share >= MIN_SHARE && wilson_lower(count, purchases) > chance;
        clear.then_some(Favourite { value, count, share })
    });
    Preference { favourite, purchases }
}

/// The lower end of the 95 % score interval of a share (Wilson 1927).
fn wilson_lower(count: u16, of: u16) -> f64 {
    let (n, share) = (f64::from(of), f64::from(count) / f64::from(of));
    let z2 = Z * Z / n;
    (share + z2 / 2.0 - Z * libm::sqrt((share * (1.0 - share) + z2 / 4.0) / n)) / (1.0 + z2)
}

#[cfg(test)]
mod tests {
    use super::{Preferences, wilson_lower};
    use crate::engine::rfm::habits::Habits;

    fn week(weekdays: u16, weekends: u16) -> Option<&'static str> {
        let habits = Habits { purchases: weekdays + weekends, week: [weekdays, weekends], ..Habits::default() };
        Preferences::of(&habits).week.favourite.map(|favourite| favourite.value)
    }

    #[test]
    fn the_score_interval_is_wilson_s() {
        // 5 of 5: 1 / (1 + z²/5).
        assert!((wilson_lower(5, 5) - 0.565_518).abs() < 1e-6, "{}", wilson_lower(5, 5));
        assert!((wilson_lower(8, 10) - 0.490_162).abs() < 1e-6, "{}", wilson_lower(8, 10));
        assert_eq!(wilson_lower(0, 10), 0.0);
    }

    #[test]
    fn most_people_buy_on_weekdays_so_it_takes_more_to_prefer_them() {
        assert_eq!(week(0, 4), None);
        assert_eq!(week(0, 5), Some("weekend"));
        assert_eq!(week(5, 0), None);
        assert_eq!(week(9, 0), None);
        assert_eq!(week(10, 0), Some("weekday"));
        assert_eq!(week(15, 5), None);
        assert_eq!(week(0, 0), None);
    }
}
