//! What is understood of a customer, as JSON: preferences, loyalty points, satisfaction. Names of tags that nobody
//! remembers are null.

use serde_json::{Value, json};

use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::names::Names;
use crate::engine::rfm::cause::{cause, own_name};
use crate::engine::rfm::habits::Habits;
use crate::engine::rfm::loyalty::{Account, Lot};
use crate::engine::rfm::marks::Mark;
use crate::engine::rfm::preferences::{Preference, Preferences};
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::view::View;
use crate::wire::calendar::day_text;

/// When, where and what the customer prefers to buy.
pub fn preferences_json(habits: &Habits, names: &Names) -> Value {
    let Preferences { week, day_part, channel, category } = Preferences::of(habits);
    json!({
        "week": preference_json(week, Some),
        "day_part": preference_json(day_part, Some),
        "channel": preference_json(channel, |tag| names.get(tag)),
        "category": preference_json(category, |tag| names.get(tag)),
    })
}

fn preference_json<'a, T>(preference: Preference<T>, name: impl Fn(T) -> Option<&'a str>) -> Value {
    let Preference { favourite, purchases } = preference;
    let (share, count) = favourite.as_ref().map(|favourite| (favourite.share, favourite.count)).unzip();
    let value = favourite.and_then(|favourite| name(favourite.value));
    json!({"value": value, "share": share, "count": count, "purchases": purchases})
}

/// The loyalty account.
pub fn points_json(account: &Account, day: Day) -> Value {
    let lot = |lot: Lot| json!({"day": day_text(lot.expires), "points": lot.points});
    json!({"balance": account.balance, "expiring_next": account.expiring_next(day).map(lot)})
}

/// What the customer last said, and what displeased it.
pub fn satisfaction_json(profile: &Profile, view: &View, names: &Names) -> Value {
    // To a thousandth: the profile keeps single precision.
    let rounded = |value: f32| libm::rint(f64::from(value) * 1_000.0) / 1_000.0;
    let said = |mark: &Mark<f32>| json!({"value": rounded(mark.value), "day": day_text(mark.day)});
    json!({
        "survey": profile.marks.survey.at(view.day).map(said),
        "review": profile.marks.review.at(view.day).map(said),
        "complaint_open": view.complaint_open,
        "cause": cause(view).and_then(|cause| cause_name(cause, names)),
    })
}

/// The name of a cause of displeasure.
pub fn cause_name(cause: Tag, names: &Names) -> Option<&str> {
    own_name(cause).or_else(|| names.get(cause))
}
