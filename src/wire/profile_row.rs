//! A profile as a row for analysts.

use serde_json::Value;

use crate::engine::assess::Judge;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::names::Names;
use crate::engine::packed::customer::Customer;
use crate::wire::profile_json::profile_shape;
use crate::wire::shapes::profile_row::{MoreShape, ProfileRow};
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::words::Locale;

/// The customer at the end of `day`, with the settings and the model that judge it.
pub fn profile_row(customer: &Customer, day: Day, judge: Judge<'_>, names: &Names, locale: &Locale) -> Value {
    let view = customer.profile.view(day, judge.policy.lateness_days);
    let rhythm = view.rhythm.as_ref();
    let repeated = rhythm.filter(|rhythm| rhythm.days > 1);
    let (gross, purchases) = (view.totals.gross.0, i64::from(view.totals.purchases));
    let profile = profile_shape(customer, day, judge, names, locale);
    let more = MoreShape {
        expected_churn_day: rhythm
            .map(|rhythm| rhythm.last.plus(judge.model.horizon_days()))
            .filter(|churn| *churn > day)
            .map(Into::into),
        mean_gap_days: repeated.map(|rhythm| f64::from(rhythm.last.since(rhythm.first)) / f64::from(rhythm.days - 1)),
        recent_gap_days: repeated.map(|rhythm| f64::from(rhythm.smoothed_gap)),
        longest_gap_days: repeated.map(|rhythm| rhythm.longest_gap),
        mean_purchase: gross.checked_div(purchases).map(|mean| MoneyText::of(Money(mean), locale.currency)),
        model: &judge.model.version,
    };
    serde_json::to_value(ProfileRow { profile, more }).unwrap_or_default()
}
