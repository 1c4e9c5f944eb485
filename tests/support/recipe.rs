//! What a training is asked for in tests: the defaults of the command, at a date.

use churnwatch::engine::day::Day;
use churnwatch::training::recipe::{Label, TrainSettings};
use churnwatch::training::thresholds::{WANTED_PRECISION, Wanted};

/// The defaults before the midnight that opens `at`.
pub(crate) fn recipe(at: Day) -> TrainSettings {
    TrainSettings {
        at,
        horizon_days: 90,
        rich: true,
        lateness_days: 35,
        minor_per_major: 100.0,
        min_silence_days: 7,
        label: Label::Both,
        wanted: WANTED_PRECISION.map(Wanted::Precision),
        seed: 1,
    }
}
