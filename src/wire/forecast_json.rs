//! The warnings to come, as `/v1/forecast` and `forecast` show them.

use serde_json::{Map, Value, json};

use crate::engine::alerting::value::Tier;
use crate::engine::coming::{Due, Forecast};
use crate::engine::day::Day;
use crate::wire::calendar::day_text;
use crate::wire::money::money_text;
use crate::wire::words::Locale;

/// The warnings that the `days` closes after the one of `closed` would bring if nothing more were heard. `incomplete`: other
/// replicas hold partitions that are not counted.
pub fn forecast_json(forecast: &Forecast, days: i32, closed: Option<Day>, incomplete: bool, locale: &Locale) -> Value {
    let mut sums = [Due::default(); 3];
    for tiers in forecast.values() {
        for (sum, due) in sums.iter_mut().zip(tiers) {
            sum.add(due);
        }
    }
    let by_day = forecast.iter().map(|(day, tiers)| {
        let mut row = tiers_json(tiers, locale);
        row.insert("day".to_owned(), json!(day_text(*day)));
        Value::Object(row)
    });
    json!({
        "closed_day": closed.map(day_text),
        "days": days,
        "currency": locale.currency.code(),
        "incomplete": incomplete,
        "warnings": tiers_json(&sums, locale),
        "by_day": by_day.collect::<Vec<Value>>(),
    })
}

/// Warnings and their value, by tier.
fn tiers_json(tiers: &[Due; 3], locale: &Locale) -> Map<String, Value> {
    let one = |(tier, due): (Tier, &Due)| {
        let value = money_text(due.value_at_risk, locale.currency);
        (tier.name().to_owned(), json!({"count": due.warnings, "value_at_risk": value}))
    };
    Tier::ALL.into_iter().zip(tiers).map(one).collect()
}
