//! The warnings to come, as `/v1/forecast` and `forecast` show them.

use serde_json::Value;

use crate::engine::coming::{Due, Forecast};
use crate::engine::day::Day;
use crate::wire::shapes::forecast::{DayShape, DueShape, ForecastShape, TiersShape};
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::words::Locale;

/// The warnings that the `days` closes after the one of `closed` would bring if nothing more were heard, in so many
/// partitions of all.
pub fn forecast_json(
    forecast: &Forecast,
    days: i32,
    closed: Option<Day>,
    [partitions, all]: [u64; 2],
    locale: &Locale,
) -> Value {
    let mut sums = [Due::default(); 3];
    for tiers in forecast.values() {
        for (sum, due) in sums.iter_mut().zip(tiers) {
            sum.add(due);
        }
    }
    let by_day = forecast.iter().map(|(day, tiers)| {
        let [low, mid, high] = tiers.map(|due| due_shape(due, locale));
        DayShape { day: (*day).into(), low, mid, high }
    });
    let shape = ForecastShape {
        closed_day: closed.map(Into::into),
        days,
        currency: locale.currency.into(),
        partitions,
        incomplete: partitions < all,
        warnings: tiers_shape(sums, locale),
        by_day: by_day.collect(),
    };
    serde_json::to_value(shape).unwrap_or_default()
}

/// Warnings by value tier.
pub fn tiers_shape(tiers: [Due; 3], locale: &Locale) -> TiersShape {
    let [low, mid, high] = tiers.map(|due| due_shape(due, locale));
    TiersShape { low, mid, high }
}

fn due_shape(due: Due, locale: &Locale) -> DueShape {
    DueShape { count: due.warnings, value_at_risk: MoneyText::of(due.value_at_risk, locale.currency) }
}
