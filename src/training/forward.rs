//! The forward head, P(no purchase in the next H days): rows at many midnights, the newest half-year's weights.

use crate::engine::day::Day;
use crate::training::choose::{Split, fit_best};
use crate::training::feature_sets::forward_features;
use crate::training::fit::FitFault;
use crate::training::history::History;
use crate::training::overdue::overdue_rows;
use crate::training::recipe::{FittedHead, TrainSettings};
use crate::training::rows::{Row, RowRules, forward_rows, group_spread};
use crate::training::season::{PARTS, seasonal};

/// Days between two cutoffs.
const CUTOFF_STEP_DAYS: i32 = 15;
/// Numbers of newest cutoffs tried: a shop drifts, and a year back is another shop.
const CUTOFFS: [usize; 2] = [12, 48];
/// Cutoffs of one year.
const YEAR_CUTOFFS: usize = 24;
/// Most rows, over all cutoffs.
const MAX_ROWS: f64 = 600_000.0;
/// How long the overdue may have been silent, in horizons.
const OVERDUE_HORIZONS: i32 = 4;

/// Cutoffs `T_k` with `T_k` + H ≤ `at`, newest first, one horizon after the first event at the earliest.
fn cutoffs(first: Day, at: Day, horizon_days: i32) -> Vec<Day> {
    let newest = at.plus(-horizon_days);
    let oldest = first.plus(horizon_days.min(newest.since(first)));
    let [.., most] = CUTOFFS;
    (0..most as i32).map(|back| newest.plus(-back * CUTOFF_STEP_DAYS)).take_while(|cutoff| *cutoff >= oldest).collect()
}

/// The rows that the head is fitted with or judged by.
pub fn training_rows(history: &History, first: Day, settings: &TrainSettings, rules: &RowRules<'_>) -> Vec<Row> {
    let mut rows = log_rows(history, first, settings, rules);
    rows.extend(beside(history, rows.len(), rules));
    rows
}

/// The rows that go beside so many of the log.
fn beside(history: &History, log_rows: usize, rules: &RowRules<'_>) -> Vec<Row> {
    overdue_rows(history, log_rows, OVERDUE_HORIZONS * rules.constants.horizon_days, rules)
}

/// The log's own rows.
fn log_rows(history: &History, first: Day, settings: &TrainSettings, rules: &RowRules<'_>) -> Vec<Row> {
    let cutoffs: Vec<Day> = cutoffs(first, settings.at, settings.horizon_days).into_iter().rev().collect();
    let share = MAX_ROWS / (history.customers.len() * cutoffs.len()).max(1) as f64;
    forward_rows(history, &cutoffs, share, rules)
}

/// Fits the head.
pub fn forward_head(
    history: &History,
    first: Day,
    settings: &TrainSettings,
    rules: &RowRules<'_>,
) -> Result<FittedHead, FitFault> {
    let horizon = settings.horizon_days;
    let newest_first = cutoffs(first, settings.at, horizon);
    let rows = log_rows(history, first, settings, rules);
    let last = settings.at.plus(-horizon - 1);
    // Of cutoffs whose labels were known at the end of `day`, the newest `count`.
    let newest = |count: usize, day: Day| -> Vec<&Row> {
        let known = newest_first.iter().map(|cutoff| cutoff.plus(-1)).filter(|view| *view <= day);
        let oldest = known.take(count).last().unwrap_or(day);
        rows.iter().filter(|row| (oldest..=day).contains(&row.day)).collect()
    };
    let later: Vec<&Row> = rows.iter().filter(|row| row.day == last).collect();
    let beside = beside(history, rows.len(), rules);
    let [few, most] = CUTOFFS.map(|count| Split {
        earlier: newest(count, last.plus(-horizon)),
        later: later.clone(),
        all: newest(count, last),
        beside: &beside,
    });
    let splits = if most.all.len() > few.all.len() { vec![few, most] } else { vec![few] };
    let chosen = fit_best(&splits, &forward_features(settings.rich))?;
    let validation = chosen.validation(&later);
    // No Platt scaling on the last cutoff: it would carry one quarter's level into the next (decision 10).
    let seasonal = a_year(&newest_first, first, horizon).and_then(|oldest| {
        let part = |row: &Row| (row.day.since(oldest) / CUTOFF_STEP_DAYS) as usize * PARTS / YEAR_CUTOFFS;
        seasonal(&chosen.head, rows.iter().filter(|row| row.day >= oldest), part)
    });
    let season = seasonal.is_some();
    let head = seasonal.unwrap_or(chosen.head);
    let spread = group_spread(&head, &later);
    let validated_on = last.plus(1);
    Ok(FittedHead { head, rows: chosen.rows, alpha: chosen.alpha, season, validation, validated_on, spread })
}

/// The oldest view of exactly one year of cutoffs, if the log was two horizons old by then: before, hardly anybody can
/// have been silent for longer than a horizon, and what looks like a season is the log's own youth.
fn a_year(newest_first: &[Day], first: Day, horizon_days: i32) -> Option<Day> {
    let oldest = *newest_first.get(YEAR_CUTOFFS - 1)?;
    (oldest.since(first) >= 2 * horizon_days).then(|| oldest.plus(-1))
}
