//! Where bands begin: the score at which alerts have a wanted precision, on silences whose end is known.

use crate::engine::scoring::logistic::Head;
use crate::training::rows::Row;

/// Precision wanted of alerts that reach watch, high and critical.
pub const WANTED_PRECISION: [f64; 3] = [0.70, 0.80, 0.90];
/// Thresholds are at least this far apart, and from 0 and 1.
const SPACING: f64 = 0.05;

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

/// Thresholds for watch, high and critical: those of [`WANTED_PRECISION`], kept apart and inside (0, 1).
pub fn band_thresholds(peaks: &[Peak]) -> [f64; 3] {
    let mut floor = SPACING;
    let mut room_above = 3.0 * SPACING;
    WANTED_PRECISION.map(|precision| {
        let wanted = threshold_for_precision(peaks, precision).unwrap_or(precision);
        let threshold = wanted.max(floor).min(1.0 - room_above);
        floor = threshold + SPACING;
        room_above -= SPACING;
        threshold
    })
}

#[cfg(test)]
mod tests {
    use super::{Peak, band_thresholds, threshold_for_precision};

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
    fn thresholds_rise_and_stay_inside_whatever_the_silences() {
        for told in [vec![(0.5, true)], vec![(0.99, false)], vec![(0.999, true), (0.9985, true)], Vec::new()] {
            let [watch, high, critical] = band_thresholds(&peaks(&told));
            assert!(0.0 < watch && watch < high && high < critical && critical < 1.0, "{watch} {high} {critical}");
        }
    }
}
