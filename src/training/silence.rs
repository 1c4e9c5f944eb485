//! The silence head, P(this silence will exceed H): rows are idle days, thresholds come from the newest silences.

use crate::engine::day::Day;
use crate::engine::scoring::logistic::{CLIP, Head};
use crate::engine::scoring::model::ScoreReference;
use crate::training::choose::{Split, fit_best};
use crate::training::evaluate::Scored;
use crate::training::feature_sets::silence_features;
use crate::training::fit::FitFault;
use crate::training::history::History;
use crate::training::rows::{Row, RowRules, SilenceSample, each_silence, group_spread, silence_rows};
use crate::training::season::{PARTS, SeasonRow, with_season};
use crate::training::thresholds::{Peak, band_thresholds, peak};
use crate::training::train::{FittedHead, TrainSettings};

/// Most rows of one fit.
const MAX_ROWS: f64 = 300_000.0;
/// Most rows that thresholds are chosen on.
const MAX_THRESHOLD_ROWS: f64 = 2_000_000.0;
/// Days of a year's part, for the season.
const PART_DAYS: i32 = 30;

/// Fits the head; also gives its thresholds and the spread of its scores.
pub fn silence_head(
    history: &History,
    first: Day,
    settings: &TrainSettings,
    rules: &RowRules<'_>,
) -> Result<(FittedHead, [f64; 3], ScoreReference), FitFault> {
    let horizon = settings.horizon_days;
    let days = history.customers.iter().map(|customer| customer.purchase_days(settings.at).len()).sum::<usize>();
    let expected = (days as f64 * f64::from(horizon) / 2.0).max(1.0);
    let sample =
        SilenceSample { from: Day(i32::MIN), cutoff: settings.at, customers: 1.0, idle_days: MAX_ROWS / expected };
    let rows = silence_rows(history, &sample, rules);
    // The later block: silences that end their horizon in the last quarter of what can be known, at most one horizon.
    let known = settings.at.since(first) - horizon;
    let border = settings.at.plus(-horizon - (known / 4).min(horizon));
    let split = Split {
        earlier: rows.iter().filter(|row| row.silent_since().plus(horizon) < border).collect(),
        later: rows.iter().filter(|row| row.silent_since() >= border).collect(),
        all: rows.iter().collect(),
    };
    let later: Vec<Row> = split.later.iter().copied().cloned().collect();
    let chosen = fit_best(&[split], &silence_features(settings.rich))?;
    let newest = settings.at.plus(-horizon);
    let oldest = newest.plus(-PART_DAYS * PARTS as i32);
    let seasonal = (oldest.since(first) >= 2 * horizon)
        .then(|| {
            let part = |row: &Row| (row.silent_since().since(oldest) / PART_DAYS) as usize;
            let year = rows.iter().filter(|row| (oldest..newest).contains(&row.silent_since()));
            let year: Vec<SeasonRow> =
                year.map(|row| SeasonRow::new(&chosen.head, &row.features, part(row), row.churned)).collect();
            with_season(&chosen.head, &year)
        })
        .flatten();
    let scores = chosen.trial.iter().flat_map(|trial| trial.scores.iter());
    let validation = later.iter().zip(scores).map(|(row, score)| Scored::of_row(row, *score)).collect();
    let season = seasonal.is_some();
    // No Platt scaling on the later block: it would carry one quarter's level into the next (decision 10).
    let head = seasonal.unwrap_or(chosen.head);
    let every_day = SilenceSample { from: border, customers: MAX_THRESHOLD_ROWS / expected, idle_days: 1.0, ..sample };
    let mut peaks: Vec<Peak> = Vec::new();
    each_silence(history, &every_day, rules, |_, silence, weight| {
        peaks.extend(peak(silence, &head, settings.min_silence_days, weight));
    });
    let reference = reference(&head, &later);
    let spread = group_spread(&head, later.iter());
    let fitted =
        FittedHead { head, rows: chosen.rows, alpha: chosen.alpha, season, validation, validated_on: border, spread };
    Ok((fitted, band_thresholds(&peaks), reference))
}

/// Deciles of the scores, and how much is clipped: what drift is measured against.
fn reference(head: &Head, rows: &[Row]) -> ScoreReference {
    let mut scores: Vec<f64> = rows.iter().map(|row| head.score(&row.features)).collect();
    scores.sort_unstable_by(f64::total_cmp);
    let decile = |tenth: usize| scores.get(scores.len() * tenth / 10).copied().unwrap_or(tenth as f64 / 10.0);
    let edges = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(decile);
    let mut shares = [0.0; 10];
    let count = scores.len().max(1) as f64;
    for score in &scores {
        if let Some(share) = shares.get_mut(ScoreReference::bin(&edges, *score)) {
            *share += 1.0 / count;
        }
    }
    let values = rows.iter().flat_map(|row| head.columns.iter().map(|column| column.standardise(&row.features)));
    let clipped = values.filter(|value| value.abs() >= CLIP).count() as f64;
    ScoreReference { edges, shares, clipped: clipped / (count * head.columns.len().max(1) as f64) }
}
