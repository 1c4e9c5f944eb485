//! Labelled rows for the two heads. Whether an idle day is taken depends on customer and idle day alone, never on how
//! long the silence became: anything else leaks the label into the sample.

use crate::engine::customer::uniform;
use crate::engine::day::Day;
use crate::engine::rfm::features::{FeatureConstants, Features, KNOTS, features};
use crate::training::history::{CustomerHistory, History};

/// A row: what was known at the end of a day, and what then happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The features.
    pub features: Features,
    /// Whether it was churn: the silence exceeded H, or nothing was bought in the next H days.
    pub churned: bool,
    /// The day of the view.
    pub day: Day,
    /// Position of the customer in the history.
    pub customer: u32,
    /// Days of silence.
    pub silence_days: i32,
}

/// What rows are made by.
#[derive(Clone, Copy, Debug)]
pub struct RowRules {
    /// Constants of the features.
    pub constants: FeatureConstants,
    /// Lateness of the profile.
    pub lateness_days: i32,
}

/// Mean gap between purchase days before `cutoff`, in days; 30 where nobody bought twice.
pub fn mean_gap_days(history: &History, cutoff: Day) -> f64 {
    let (mut sum, mut count) = (0_i64, 0_i64);
    for customer in &history.customers {
        let days = customer.purchase_days(cutoff);
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            sum += i64::from(last.since(*first));
            count += days.len() as i64 - 1;
        }
    }
    if count == 0 { 30.0 } else { sum as f64 / count as f64 }
}

/// Knots of the hinges: quantiles of ln R over the idle days of a horizon, R uniform in 1 … H.
pub fn knots(horizon_days: i32) -> [f64; KNOTS] {
    let horizon = f64::from(horizon_days);
    [0.1, 0.25, 0.5, 0.75].map(|quantile| libm::log((horizon * quantile).max(1.0)))
}

/// Forward rows at the midnights in `cutoffs` (ascending): every customer with a purchase before, label no purchase in
/// the H days from the cutoff on.
pub fn forward_rows(history: &History, cutoffs: &[Day], rules: &RowRules) -> Vec<Row> {
    let horizon = rules.constants.horizon_days;
    let Some(last) = cutoffs.last() else { return Vec::new() };
    let views: Vec<Day> = cutoffs.iter().map(|cutoff| cutoff.plus(-1)).collect();
    let mut rows = Vec::new();
    for (index, customer) in history.customers.iter().enumerate() {
        let bought = customer.purchase_days(last.plus(horizon));
        customer.walk(&views, rules.lateness_days, |day, profile| {
            let next = bought.get(bought.partition_point(|bought| *bought <= day));
            let churned = next.is_none_or(|next| next.since(day) > horizon);
            let view = profile.view(day, rules.lateness_days);
            if let (Some(features), Some(silence_days)) = (features(&view, &rules.constants), view.silence_days()) {
                rows.push(Row { features, churned, day, customer: index as u32, silence_days });
            }
        });
    }
    rows
}

/// Which silences give rows, and how many of their idle days are taken.
#[derive(Clone, Copy, Debug)]
pub struct SilenceSample {
    /// Only silences that start on or after this day.
    pub from: Day,
    /// Only silences whose horizon has passed before this midnight: last purchase day + H < cutoff.
    pub cutoff: Day,
    /// Share of idle days taken.
    pub share: f64,
    /// Seed of the taking.
    pub seed: u64,
}

/// Silence rows: the closes with silence 0 … H−1 of every silence in the sample, label silence exceeds H.
pub fn silence_rows(history: &History, sample: &SilenceSample, rules: &RowRules) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, customer) in history.customers.iter().enumerate() {
        let days = silence_days(customer, sample, rules.constants.horizon_days);
        let views: Vec<Day> = days.iter().map(|(day, _)| *day).collect();
        let mut labels = days.iter().map(|(_, churned)| *churned);
        customer.walk(&views, rules.lateness_days, |day, profile| {
            let churned = labels.next().unwrap_or(false);
            let view = profile.view(day, rules.lateness_days);
            if let (Some(features), Some(silence_days)) = (features(&view, &rules.constants), view.silence_days()) {
                rows.push(Row { features, churned, day, customer: index as u32, silence_days });
            }
        });
    }
    rows
}

/// The idle days of a customer that are taken, ascending, each with its silence's label.
fn silence_days(customer: &CustomerHistory, sample: &SilenceSample, horizon: i32) -> Vec<(Day, bool)> {
    let bought = customer.purchase_days(sample.cutoff);
    let mut days = Vec::new();
    for (at, last) in bought.iter().enumerate() {
        if *last < sample.from || last.plus(horizon) >= sample.cutoff {
            continue;
        }
        let next = bought.get(at + 1);
        let churned = next.is_none_or(|next| next.since(*last) > horizon);
        let length = next.map_or(horizon, |next| next.since(*last).min(horizon));
        days.extend(
            (0..length).filter(|idle| taken(customer.hash, *idle, sample)).map(|idle| (last.plus(idle), churned)),
        );
    }
    days
}

fn taken(customer: u64, idle_day: i32, sample: &SilenceSample) -> bool {
    let parts = [&customer.to_le_bytes()[..], &idle_day.to_le_bytes(), &sample.seed.to_le_bytes()];
    sample.share >= 1.0 || uniform(&parts) < sample.share
}
