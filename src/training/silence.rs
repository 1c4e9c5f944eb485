//! The silence head, P(this silence will exceed H): rows are idle days, thresholds come from the newest silences.

use crate::engine::day::Day;
use crate::engine::scoring::logistic::{CLIP, Head};
use crate::engine::scoring::model::ScoreReference;
use crate::training::choose::{Split, fit_best};
use crate::training::feature_sets::silence_features;
use crate::training::fit::FitFault;
use crate::training::history::History;
use crate::training::overdue::overdue_rows;
use crate::training::recipe::{FittedHead, TrainSettings};
use crate::training::rows::{Row, RowRules, SilenceSample, each_silence, group_spread, silence_rows};
use crate::training::season::{PARTS, seasonal};
use crate::training::thresholds::{Peak, band_thresholds, peak, warned_at};

/// Most rows of one fit.
const MAX_ROWS: f64 = 300_000.0;
/// Most rows that thresholds are chosen on.
const MAX_THRESHOLD_ROWS: f64 = 2_000_000.0;
/// Days of a year's part, for the season.
const PART_DAYS: i32 = 30;

/// Where the bands of a head begin, and what that would have been on the newest silences whose end was known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandEdges {
    /// Scores at which watch, high and critical begin.
    pub thresholds: [f64; 3],
    /// For each, the share of warnings that came true, and the warnings a day.
    pub warned: [(f64, f64); 3],
}

/// About how many rows all idle days of all silences would be.
fn all_rows(history: &History, settings: &TrainSettings) -> f64 {
    let days = history.customers.iter().map(|customer| customer.purchase_days(settings.at).len()).sum::<usize>();
    (days as f64 * f64::from(settings.horizon_days) / 2.0).max(1.0)
}

fn sample(all_rows: f64, settings: &TrainSettings) -> SilenceSample {
    SilenceSample { from: Day(i32::MIN), cutoff: settings.at, customers: 1.0, idle_days: MAX_ROWS / all_rows }
}

/// The rows that the head is fitted with.
pub fn training_rows(history: &History, settings: &TrainSettings, rules: &RowRules<'_>) -> Vec<Row> {
    let mut rows = silence_rows(history, &sample(all_rows(history, settings), settings), rules);
    rows.extend(overdue_rows(history, rows.len(), settings.horizon_days, rules));
    rows
}

/// Fits the head, or takes the one given `instead`, which no rows of this kind have judged; also gives its band edges and
/// the spread of its scores.
pub fn silence_head(
    history: &History,
    first: Day,
    settings: &TrainSettings,
    rules: &RowRules<'_>,
    instead: Option<&FittedHead>,
) -> Result<(FittedHead, BandEdges, Option<ScoreReference>), FitFault> {
    let horizon = settings.horizon_days;
    let all_rows = all_rows(history, settings);
    let sample = sample(all_rows, settings);
    let rows = silence_rows(history, &sample, rules);
    // The later block: silences that end their horizon in the last quarter of what can be known, at most one horizon.
    let known = settings.at.since(first) - horizon;
    let border = settings.at.plus(-horizon - (known / 4).min(horizon));
    let later: Vec<&Row> = rows.iter().filter(|row| row.silent_since() >= border).collect();
    let newest = settings.at.plus(-horizon);
    let oldest = newest.plus(-PART_DAYS * PARTS as i32);
    let year: Vec<&Row> = rows.iter().filter(|row| (oldest..newest).contains(&row.silent_since())).collect();
    let (fitted, held_against) = if let Some(other) = instead {
        (other.unjudged(), &later)
    } else {
        let earlier = rows.iter().filter(|row| row.silent_since().plus(horizon) < border).collect();
        let beside = overdue_rows(history, rows.len(), horizon, rules);
        let split = Split { earlier, later: later.clone(), all: rows.iter().collect(), beside: &beside };
        let chosen = fit_best(&[split], &silence_features(settings.rich))?;
        let validation = chosen.validation(&later);
        let old_enough = oldest.since(first) >= 2 * horizon;
        let part = |row: &Row| (row.silent_since().since(oldest) / PART_DAYS) as usize;
        let seasonal = old_enough.then(|| seasonal(&chosen.head, year.iter().copied(), part)).flatten();
        let season = seasonal.is_some();
        // No Platt scaling on the later block: it would carry one quarter's level into the next (decision 10).
        let head = seasonal.unwrap_or(chosen.head);
        let (alpha, rows, validated_on) = (chosen.alpha, chosen.rows, border);
        let spread = group_spread(&head, &later);
        let fitted = FittedHead { head, rows, alpha, season, validation, validated_on, spread };
        // A season moves all scores by design, so they are held against a whole year's.
        (fitted, if season { &year } else { &later })
    };
    let reference = reference(&fitted.head, held_against);
    let customers = MAX_THRESHOLD_ROWS / all_rows;
    let every_day = SilenceSample { from: border, customers, idle_days: 1.0, ..sample };
    // Where customers were sampled, all of them would have been warned of so many times more often a day.
    let scale = 1.0 / (customers.min(1.0) * history.share());
    let mut peaks: Vec<Peak> = Vec::new();
    each_silence(history, &every_day, rules, |_, silence, weight| {
        peaks.extend(peak(silence, &fitted.head, settings.min_silence_days, weight * scale));
    });
    let days = newest.since(border).max(1);
    let thresholds = band_thresholds(&peaks, days, settings.wanted);
    let edges = BandEdges { thresholds, warned: thresholds.map(|threshold| warned_at(&peaks, days, threshold)) };
    Ok((fitted, edges, reference))
}

/// Deciles of the scores, and how much is clipped: what drift is measured against; `None` without rows.
fn reference(head: &Head, rows: &[&Row]) -> Option<ScoreReference> {
    let mut scores: Vec<f64> = rows.iter().map(|row| head.score(&row.features)).collect();
    scores.sort_unstable_by(f64::total_cmp);
    let last = *scores.last()?;
    let decile = |tenth: usize| scores.get(scores.len() * tenth / 10).copied().unwrap_or(last);
    let edges = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(decile);
    let mut shares = [0.0; 10];
    let count = scores.len() as f64;
    for score in &scores {
        if let Some(share) = shares.get_mut(ScoreReference::bin(&edges, *score)) {
            *share += 1.0 / count;
        }
    }
    let values = rows.iter().flat_map(|row| head.columns.iter().map(|column| column.standardise(&row.features)));
    let clipped = values.filter(|value| value.abs() >= CLIP).count() as f64;
    Some(ScoreReference { edges, shares, clipped: clipped / (count * head.columns.len().max(1) as f64) })
}
