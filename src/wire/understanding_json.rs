//! What is understood of a customer, as JSON: preferences, loyalty points, satisfaction. Names of tags that nobody
//! remembers are null.

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
use crate::wire::shapes::understanding::{self, ExpiringPoints, Points, PreferenceShape, Said, Satisfaction};
use crate::wire::shapes::vocabulary::{DayPart, Week, Word};

/// When, where and what the customer prefers to buy.
pub fn preferences<'a>(habits: &Habits, names: &'a Names) -> understanding::Preferences<'a> {
    let Preferences { week, day_part, channel, category } = Preferences::of(habits);
    understanding::Preferences {
        week: preference(week, |part| Some(Word(Week(part)))),
        day_part: preference(day_part, |part| Some(Word(DayPart(part)))),
        channel: preference(channel, |tag| names.get(tag)),
        category: preference(category, |tag| names.get(tag)),
    }
}

fn preference<T, N>(preference: Preference<T>, name: impl Fn(T) -> Option<N>) -> PreferenceShape<N> {
    let Preference { favourite, purchases } = preference;
    let (share, count) = favourite.as_ref().map(|favourite| (favourite.share, favourite.count)).unzip();
    let value = favourite.and_then(|favourite| name(favourite.value));
    PreferenceShape { value, share, count, purchases }
}

/// The loyalty account.
pub fn points(account: &Account, day: Day) -> Points {
    let lot = |lot: Lot| ExpiringPoints { day: lot.expires.into(), points: lot.points };
    Points { balance: account.balance, expiring_next: account.expiring_next(day).map(lot) }
}

/// What the customer last said, and what displeased it.
pub fn satisfaction<'a>(profile: &Profile, view: &View, names: &'a Names) -> Satisfaction<'a> {
    // To a thousandth: the profile keeps single precision.
    let rounded = |value: f32| libm::rint(f64::from(value) * 1_000.0) / 1_000.0;
    let said = |mark: &Mark<f32>| Said { value: rounded(mark.value), day: mark.day.into() };
    Satisfaction {
        survey: profile.marks.survey.at(view.day).map(said),
        review: profile.marks.review.at(view.day).map(said),
        complaint_open: view.complaint_open(),
        cause: cause(view).and_then(|cause| cause_name(cause, names)),
    }
}

/// The name of a cause of displeasure.
pub fn cause_name(cause: Tag, names: &Names) -> Option<&str> {
    own_name(cause).or_else(|| names.get(cause))
}
