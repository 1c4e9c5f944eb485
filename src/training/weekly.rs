//! The list that a team would have worked off every Monday: the tenth of customers whose silence looks worst.

use std::collections::BTreeMap;

use crate::engine::day::Day;
use crate::engine::scoring::logistic::Head;
use crate::training::metrics::share;
use crate::training::rows::Row;

/// Share of the customers on the list.
const SHARE: f64 = 0.1;

/// The lists of some weeks.
pub struct Weekly {
    from: Day,
    until: Day,
    /// Score, days of silence, hash of the customer for ties, label.
    weeks: BTreeMap<Day, Vec<(f64, i32, u64, bool)>>,
}

impl Weekly {
    /// Lists at the Monday closes from `from` up to but not on `until`.
    pub const fn new(from: Day, until: Day) -> Self {
        Self { from, until, weeks: BTreeMap::new() }
    }

    /// Takes a silence in.
    pub fn see(&mut self, customer: u64, rows: &[Row], head: &Head) {
        // 1970-01-05 was a Monday.
        let monday = |row: &&Row| (self.from..self.until).contains(&row.day) && (row.day.0 - 4).rem_euclid(7) == 0;
        for row in rows.iter().filter(monday) {
            let entry = (head.score(&row.features), row.silence_days, customer, row.churned);
            self.weeks.entry(row.day).or_default().push(entry);
        }
    }

    /// Number of lists, mean share of the lists that came true by score and by days of silence, and that of all
    /// customers.
    pub fn figures(&mut self) -> (usize, [f64; 3]) {
        let mut sums = [0.0; 3];
        for customers in self.weeks.values_mut() {
            let length = ((customers.len() as f64 * SHARE) as usize).max(1);
            let rate = |list: &[(f64, i32, u64, bool)]| share(list.iter().map(|(.., churned)| *churned));
            let everybody = rate(customers);
            customers.sort_by(|a, b| b.0.total_cmp(&a.0));
            let by_score = rate(customers.get(..length).unwrap_or_default());
            customers.sort_by_key(|(_, silence_days, hash, _)| (std::cmp::Reverse(*silence_days), *hash));
            let by_silence = rate(customers.get(..length).unwrap_or_default());
            for (sum, value) in sums.iter_mut().zip([by_score, by_silence, everybody]) {
                *sum += value;
            }
        }
        let weeks = self.weeks.len();
        (weeks, sums.map(|sum| sum / weeks.max(1) as f64))
    }
}
