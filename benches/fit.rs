//! The fit at the size that the trainer is meant for: a million rows of twenty correlated columns.
//!
//! `cargo bench --bench fit -- rows.f64` also writes the rows (label, then columns, little-endian), for
//! `benches/fit_sklearn.py`, which fits the same with scikit-learn and prints the same figures.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as it should be")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use churnwatch::engine::customer::uniform;
use churnwatch::engine::day::Day;
use churnwatch::engine::rfm::features::FEATURES;
use churnwatch::engine::scoring::logistic::sigmoid;
use churnwatch::training::fit::Design;
use churnwatch::training::metrics::log_loss;
use churnwatch::training::rows::Row;

const ROWS: u32 = 1_000_000;
const COLUMNS: usize = 20;
const ALPHA: f64 = 1.0;

/// Columns share a common part, as features of one silence do; the label follows a logistic model of them.
fn row(at: u32) -> Row {
    let draw = |what: u32| uniform(&[&at.to_le_bytes(), &what.to_le_bytes()]) - 0.5;
    let common = draw(1_000);
    let mut features = [0.0; FEATURES];
    let mut log_odds = -0.4;
    for (column, feature) in (0..COLUMNS as u32).zip(&mut features) {
        *feature = 2.0 * common + draw(column);
        log_odds += *feature * (f64::from(column % 7) - 3.0) / 4.0;
    }
    let churned = draw(2_000) + 0.5 < sigmoid(log_odds);
    Row { features, churned, day: Day(0), customer: at, silence_days: 0 }
}

fn main() {
    let rows: Vec<Row> = (0..ROWS).map(row).collect();
    if let Some(path) = std::env::args().nth(1).filter(|argument| !argument.starts_with("--")) {
        let mut out = BufWriter::new(File::create(path).unwrap());
        for row in &rows {
            let label = f64::from(u8::from(row.churned));
            for value in std::iter::once(&label).chain(row.features.iter().take(COLUMNS)) {
                out.write_all(&value.to_le_bytes()).unwrap();
            }
        }
    }
    let refs: Vec<&Row> = rows.iter().collect();
    let columns: Vec<usize> = (0..COLUMNS).collect();
    for _ in 0..3 {
        let start = Instant::now();
        let head = Design::new(&refs, &[], &columns).fit(ALPHA).unwrap();
        let took = start.elapsed().as_secs_f64();
        let scores: Vec<f64> = rows.iter().map(|row| head.score(&row.features)).collect();
        let truth: Vec<bool> = rows.iter().map(|row| row.churned).collect();
        println!("churnwatch {took:.2} s, log loss {:.12}", log_loss(&scores, &truth));
    }
}
