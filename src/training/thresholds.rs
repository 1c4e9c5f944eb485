//! Where bands begin: the score at which alerts have a wanted precision, on silences whose end is known.

use crate::engine::scoring::logistic::Head;
use crate::training::rows::Row;

/// Precision wanted of alerts that reach watch, high and critical, unless told otherwise.
pub const WANTED_PRECISION: [f64; 3] = [0.70, 0.80, 0.90];
/// Thresholds are at least this far apart, and from 0 and 1.
const SPACING: f64 = 0.01;

/// What a threshold is chosen by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// Share of warnings that come true.
    Precision(f64),
    /// Warnings a day.
    PerDay(f64),
}

impl Wanted {
    /// The lowest threshold that gives it on silences that start on `days` days; `None` where none does.
    pub fn threshold(self, peaks: &[Peak], days: i32) -> Option<f64> {
        match self {
            Self::Precision(precision) => threshold_for_precision(peaks, precision),
            Self::PerDay(count) => threshold_for_count(peaks, count * f64::from(days)),
        }
    }

    /// Where a band begins when no threshold gives it: so high that next to nothing reaches it, or the share itself.
    const fn fallback(self) -> f64 {
        match self {
            Self::Precision(precision) => precision,
            Self::PerDay(_) => 1.0,
        }
    }
}

/// How high a silence's score ever got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The highest score.
    pub score: f64,
    /// Whether the silence exceeded the horizon.
    pub churned: bool,
    /// How many silences it stands for.
    pub weight: f64,
}

/// The highest score that a silence reaches from `min_silence_days` on, over all its closes; `None` if it ends before.
pub fn peak(silence: &[Row], head: &Head, min_silence_days: i32, weight: f64) -> Option<Peak> {
    let idle = silence.iter().filter(|row| row.silence_days >= min_silence_days);
    let score = idle.map(|row| head.score(&row.features)).reduce(f64::max)?;
    Some(Peak { score, churned: silence.first()?.churned, weight })
}

/// The lowest threshold at and above which alerts have at least `precision`; `None` where no threshold has it.
pub fn threshold_for_precision(peaks: &[Peak], precision: f64) -> Option<f64> {
    let mut sorted = peaks.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut alerts, mut right, mut best) = (0.0, 0.0, None);
    for ties in sorted.chunk_by(|a, b| a.score == b.score) {
        alerts += ties.iter().map(|peak| peak.weight).sum::<f64>();
        right += ties.iter().filter(|peak| peak.churned).map(|peak| peak.weight).sum::<f64>();
        if right / alerts >= precision {
            best = ties.first().map(|peak| peak.score);
        }
    }
    best
}

/// The lowest threshold at and above which at most `count` silences peak; `None` where even the highest score is shared
/// by more.
pub fn threshold_for_count(peaks: &[Peak], count: f64) -> Option<f64> {
    let mut sorted = peaks.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut alerts, mut best) = (0.0, None);
    for ties in sorted.chunk_by(|a, b| a.score == b.score) {
        alerts += ties.iter().map(|peak| peak.weight).sum::<f64>();
        if alerts > count {
            break;
        }
        best = ties.first().map(|peak| peak.score);
    }
    best
}

/// What warnings at and above a threshold would have been: the share that came true, and how many a day.
pub fn warned_at(peaks: &[Peak], days: i32, threshold: f64) -> (f64, f64) {
    let warned = peaks.iter().filter(|peak| peak.score >= threshold);
    let (all, right) = warned.fold((0.0, 0.0), |(all, right), peak| {
        (all + peak.weight, right + if peak.churned { peak.weight } else { 0.0 })
    });
    (if all > 0.0 { right / all } else { 0.0 }, all / f64::from(days.max(1)))
}

/// Thresholds for watch, high and critical: those that give what is wanted, kept apart and inside (0, 1).
pub fn band_thresholds(peaks: &[Peak], days: i32, wanted: [Wanted; 3]) -> [f64; 3] {
    let mut floor = SPACING;
    let mut room_above = 3.0 * SPACING;
    wanted.map(|wanted| {
        let threshold = wanted.threshold(peaks, days).unwrap_or(wanted.fallback());
        let threshold = threshold.max(floor).min(1.0 - room_above);
        floor = threshold + SPACING;
        room_above -= SPACING;
        threshold
    })
}

#[cfg(test)]
mod tests {
    use super::{Peak, WANTED_PRECISION, Wanted, band_thresholds, threshold_for_count, threshold_for_precision};

    fn peaks(told: &[(f64, bool)]) -> Vec<Peak> {
        told.iter().map(|(score, churned)| Peak { score: *score, churned: *churned, weight: 1.0 }).collect()
    }

    #[test]
    fn the_threshold_is_the_lowest_with_the_precision_wanted() {
        let peaks = peaks(&[(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.5, false), (0.4, false)]);
        assert_eq!(threshold_for_precision(&peaks, 1.0), Some(0.8));
        assert_eq!(threshold_for_precision(&peaks, 0.75), Some(0.6));
        assert_eq!(threshold_for_precision(&peaks, 0.5), Some(0.4));
        assert_eq!(threshold_for_precision(&peaks[2..3], 0.5), None);
    }

    #[test]
    fn a_capacity_is_filled_and_not_exceeded() {
        let peaks = peaks(&[(0.9, true), (0.8, true), (0.7, false), (0.7, true), (0.4, false)]);
        assert_eq!(threshold_for_count(&peaks, 3.0), Some(0.8), "the two at 0.7 would be four");
        assert_eq!(threshold_for_count(&peaks, 4.0), Some(0.7));
        assert_eq!(Wanted::PerDay(0.5).threshold(&peaks, 10), Some(0.4));
        assert_eq!(threshold_for_count(&peaks, 0.5), None);
    }

    #[test]
    fn thresholds_rise_and_stay_inside_whatever_the_silences() {
        for told in [vec![(0.5, true)], vec![(0.99, false)], vec![(0.999, true), (0.9985, true)], Vec::new()] {
            let [watch, high, critical] = band_thresholds(&peaks(&told), 1, WANTED_PRECISION.map(Wanted::Precision));
            assert!(0.0 < watch && watch < high && high < critical && critical < 1.0, "{watch} {high} {critical}");
        }
    }
}
