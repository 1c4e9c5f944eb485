//! What silence alone will bring: the score of each coming close if nothing more is heard.

use crate::engine::day::Day;
use crate::engine::rfm::profile::Profile;
use crate::engine::scoring::model::Model;

/// Day and silence score of each close after `day` up to the day before the horizon, if nothing happens.
pub fn forecast(profile: &Profile, day: Day, model: &Model, lateness_days: i32) -> Vec<(Day, f64)> {
    let mut view = profile.view(day, lateness_days);
    let Some((last, steady)) = view.last().zip(model.steady(&view)) else { return Vec::new() };
    (day.0.max(last.0) + 1..last.0 + model.horizon_days())
        .map(Day)
        .map(|day| {
            view.move_to(day);
            (day, model.silence_later(&steady, &view))
        })
        .collect()
}
