//! The level of churn by the time of the year, learnt apart from the weights (docs/decisions/0009-season.md).
//!
//! Weights come from the newest rows, the level from exactly one year of them: over less, or over more, a season can't be
//! told from growth.

use ndarray::Array2;

use crate::engine::rfm::features::feature_index;
use crate::engine::scoring::logistic::{Column, Head, sigmoid};
use crate::training::metrics::log_loss;
use crate::training::newton::newton;
use crate::training::rows::Row;

/// Pull on the level's terms, in rows.
const ALPHA: f64 = 1.0;
/// Share of the log loss that a season must save: less is not worth extrapolating a wave that was seen once.
const WORTH: f64 = 0.005;
/// Parts of the year that are left out in turn.
pub const PARTS: usize = 12;

/// One row of the year.
#[derive(Clone, Copy, Debug)]
struct SeasonRow {
    /// Log-odds of the head without a season.
    raw: f64,
    /// Sine and cosine of the label window's centre.
    phase: [f64; 2],
    /// Which part of the year, 0 to [`PARTS`] − 1.
    part: usize,
    /// The label.
    churned: bool,
}

impl SeasonRow {
    fn new(head: &Head, row: &Row, part: usize) -> Self {
        let value = |name| feature_index(name).and_then(|at| row.features.get(at)).copied().unwrap_or_default();
        let phase = ["season_sin", "season_cos"].map(value);
        Self { raw: head.log_odds(&row.features), phase, part, churned: row.churned }
    }
}

/// What the level may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terms {
    Nothing,
    Trend,
    Season,
}

impl Terms {
    fn of(self, row: &SeasonRow) -> [f64; 3] {
        let [sin, cos] = row.phase;
        match self {
            Self::Nothing => [row.raw, 0.0, 0.0],
            Self::Trend => [row.raw, row.part as f64 / PARTS as f64, 0.0],
            Self::Season => [row.raw, sin, cos],
        }
    }
}

/// A level: log-odds = slope · raw + terms + offset.
struct Level {
    weights: Vec<f64>,
    offset: f64,
}

impl Level {
    fn fit<'a>(rows: impl Iterator<Item = &'a SeasonRow>, terms: Terms) -> Self {
        let (mut values, mut churned) = (Vec::new(), Vec::new());
        for row in rows {
            values.extend(terms.of(row));
            churned.push(row.churned);
        }
        let matrix = Array2::from_shape_vec((churned.len(), 3), values).unwrap_or_default();
        let (weights, offset) = newton(matrix.view(), &churned, ALPHA);
        Self { weights, offset }
    }

    fn score(&self, row: &SeasonRow, terms: Terms) -> f64 {
        sigmoid(self.weights.iter().zip(terms.of(row)).fold(self.offset, |sum, (weight, value)| sum + weight * value))
    }
}

/// Log loss of parts of the year that were left out, with no term, with a straight trend, and with a season.
fn left_out_log_loss(rows: &[SeasonRow]) -> [f64; 3] {
    [Terms::Nothing, Terms::Trend, Terms::Season].map(|terms| {
        let losses = (0..PARTS).map(|part| {
            let level = Level::fit(rows.iter().filter(|row| row.part != part), terms);
            let out: Vec<&SeasonRow> = rows.iter().filter(|row| row.part == part).collect();
            let scores: Vec<f64> = out.iter().map(|row| level.score(row, terms)).collect();
            log_loss(&scores, &out.iter().map(|row| row.churned).collect::<Vec<bool>>())
        });
        losses.sum::<f64>() / PARTS as f64
    })
}

/// The head with the season's level, learnt from one year of rows; `part` says which part of the year a row is in. `None`
/// where a season is not worth it.
pub fn seasonal<'a>(head: &Head, year: impl Iterator<Item = &'a Row>, part: impl Fn(&Row) -> usize) -> Option<Head> {
    let year: Vec<SeasonRow> = year.map(|row| SeasonRow::new(head, row, part(row))).collect();
    with_season(head, &year)
}

/// The head with the season's level, where the parts of the year left out are better explained by a season than by
/// nothing and by a straight trend; `None` where they are not, or where a part of the year is empty.
fn with_season(head: &Head, rows: &[SeasonRow]) -> Option<Head> {
    if (0..PARTS).any(|part| rows.iter().all(|row| row.part != part)) {
        return None;
    }
    let [nothing, trend, season] = left_out_log_loss(rows);
    if !(season < (1.0 - WORTH) * nothing && season < trend) {
        return None;
    }
    let Level { weights, offset } = Level::fit(rows.iter(), Terms::Season);
    let [slope, sin, cos] = weights.try_into().ok()?;
    if slope <= 0.0 {
        return None;
    }
    // slope · (raw + sin/slope · s + cos/slope · c) + offset, on top of the calibration that `raw` already has.
    let inner = head.slope;
    let terms = [("season_sin", sin), ("season_cos", cos)].into_iter().filter_map(|(name, weight)| {
        let feature = feature_index(name)?;
        Some(Column { feature, mean: 0.0, deviation: 1.0, weight: weight / (slope * inner) })
    });
    let mut columns: Vec<Column> = head.columns.iter().copied().chain(terms).collect();
    columns.sort_by_key(|column| column.feature);
    Some(Head { columns, intercept: head.intercept, slope: slope * inner, offset: slope * head.offset + offset })
}

#[cfg(test)]
mod tests {
    use super::{PARTS, SeasonRow, with_season};
    use crate::engine::customer::uniform;
    use crate::engine::scoring::logistic::{Head, sigmoid};

    /// A year of rows whose level is `level(part)` above what the head says.
    fn year(level: impl Fn(f64) -> f64) -> Vec<SeasonRow> {
        let row = |at: usize| {
            let part = at % PARTS;
            let turn = (part as f64 + 0.5) / PARTS as f64;
            let raw = 4.0 * uniform(&[&at.to_le_bytes()]) - 2.0;
            let churned = uniform(&[b"label", &at.to_le_bytes()]) < sigmoid(raw + level(turn));
            let angle = std::f64::consts::TAU * turn;
            SeasonRow { raw, phase: [libm::sin(angle), libm::cos(angle)], part, churned }
        };
        (0..24_000).map(row).collect()
    }

    #[test]
    fn a_season_is_seen_and_a_trend_is_not_taken_for_one() {
        let head = Head { columns: Vec::new(), intercept: 0.0, slope: 1.0, offset: 0.0 };
        let seasonal = with_season(&head, &year(|turn| libm::sin(std::f64::consts::TAU * turn))).unwrap();
        let [sin, cos] = [&seasonal.columns[0], &seasonal.columns[1]].map(|column| column.weight * seasonal.slope);
        assert!((sin - 1.0).abs() < 0.1 && cos.abs() < 0.1, "{sin} {cos}");
        assert_eq!(with_season(&head, &year(|turn| 2.0 * turn - 1.0)), None);
    }
}
