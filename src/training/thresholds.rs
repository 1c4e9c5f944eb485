//! Where bands begin: the score at which alerts have a wanted precision, on silences whose end is known.

use crate::engine::day::Day;
use crate::engine::scoring::logistic::Head;
use crate::training::rows::Row;

/// Precision wanted of alerts that reach watch, high and critical.
pub const WANTED_PRECISION: [f64; 3] = [0.70, 0.80, 0.90];
/// Thresholds are at least this far apart, and from 0 and 1.
const SPACING: f64 = 0.05;

/// The highest score that each silence reaches from `min_silence_days` on, and whether it exceeded the horizon.
pub fn silence_peaks(rows: &[Row], head: &Head, min_silence_days: i32) -> Vec<(f64, bool)> {
    let start = |row: &Row| -> (u32, Day) { (row.customer, row.day.plus(-row.silence_days)) };
    rows.chunk_by(|a, b| start(a) == start(b))
        .filter_map(|silence| {
            let idle = silence.iter().filter(|row| row.silence_days >= min_silence_days);
            let peak = idle.map(|row| head.score(&row.features)).reduce(f64::max)?;
            Some((peak, silence.first()?.churned))
        })
        .collect()
}

/// The lowest threshold at and above which alerts have at least `precision`; `None` where no threshold has it.
pub fn threshold_for_precision(peaks: &[(f64, bool)], precision: f64) -> Option<f64> {
    let mut sorted = peaks.to_vec();
    sorted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let (mut alerts, mut right, mut best) = (0.0, 0.0, None);
    for ties in sorted.chunk_by(|(a, _), (b, _)| a == b) {
        alerts += ties.len() as f64;
        right += ties.iter().filter(|(_, churned)| *churned).count() as f64;
        if right / alerts >= precision {
            best = ties.first().map(|(score, _)| *score);
        }
    }
    best
}

/// Thresholds for watch, high and critical: those of [`WANTED_PRECISION`], kept apart and inside (0, 1).
pub fn band_thresholds(peaks: &[(f64, bool)]) -> [f64; 3] {
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
    use super::{band_thresholds, threshold_for_precision};

    #[test]
    fn the_threshold_is_the_lowest_with_the_precision_wanted() {
        let peaks = [(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.5, false), (0.4, false)];
        assert_eq!(threshold_for_precision(&peaks, 1.0), Some(0.8));
        assert_eq!(threshold_for_precision(&peaks, 0.75), Some(0.6));
        assert_eq!(threshold_for_precision(&peaks, 0.5), Some(0.4));
        assert_eq!(threshold_for_precision(&[(0.9, false)], 0.5), None);
    }

    #[test]
    fn thresholds_rise_and_stay_inside_whatever_the_silences() {
        for peaks in [vec![(0.5, true)], vec![(0.99, false)], vec![(0.999, true), (0.9985, true)], Vec::new()] {
            let [watch, high, critical] = band_thresholds(&peaks);
            assert!(0.0 < watch && watch < high && high < critical && critical < 1.0, "{watch} {high} {critical}");
        }
    }
}
