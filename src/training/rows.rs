//! Labelled rows for the two heads. Whether a row is taken depends on customer and day of the view alone, never on how
//! long the silence became: anything else leaks the label into the sample.

use crate::engine::customer::uniform;
use crate::engine::day::Day;
use crate::engine::rfm::features::{FeatureConstants, Features, Group, KNOTS, features};
use crate::engine::rfm::profile::Profile;
use crate::engine::scoring::logistic::Head;
use crate::training::history::{CustomerHistory, History};
use crate::training::treatments::Treatments;

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

impl Row {
    /// The last purchase day before the view.
    pub const fn silent_since(&self) -> Day {
        self.day.plus(-self.silence_days)
    }
}

/// What rows are made by.
#[derive(Clone, Copy)]
pub struct RowRules<'a> {
    /// Constants of the features.
    pub constants: FeatureConstants,
    /// Lateness of the profile.
    pub lateness_days: i32,
    /// Who was warned about.
    pub treatments: &'a Treatments,
    /// Seed of the sampling.
    pub seed: u64,
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

impl RowRules<'_> {
    /// The row of a view; `None` where no purchase stands.
    pub fn row(&self, customer: usize, day: Day, profile: &Profile, churned: bool) -> Option<Row> {
        let view = profile.view(day, self.lateness_days);
        let silence_days = view.silence_days()?;
        Some(Row { features: features(&view, &self.constants)?, churned, day, customer: customer as u32, silence_days })
    }

    /// Whether the dice take what is drawn for a customer and a number with probability `share`.
    fn takes(&self, customer: &CustomerHistory, number: i32, share: f64) -> bool {
        let parts = [&customer.hash.to_le_bytes()[..], &number.to_le_bytes(), &self.seed.to_le_bytes()];
        share >= 1.0 || uniform(&parts) < share
    }

    /// How often a row stands in the sample: its weight, the fraction by dice.
    fn copies(&self, customer: &CustomerHistory, day: Day, weight: f64) -> usize {
        let parts = [&customer.hash.to_le_bytes()[..], &day.0.to_le_bytes(), &self.seed.to_le_bytes(), b"weight"];
        let whole = weight.floor();
        whole as usize + usize::from(weight > whole && uniform(&parts) < weight - whole)
    }
}

/// Standard deviation over the rows of what each group adds to a head's log-odds.
pub fn group_spread(head: &Head, rows: &[&Row]) -> [f64; Group::ALL.len()] {
    let (mut count, mut sums, mut squares) = (0.0, [0.0; Group::ALL.len()], [0.0; Group::ALL.len()]);
    for row in rows {
        count += 1.0;
        let terms = head.group_terms(&row.features);
        for ((sum, square), term) in sums.iter_mut().zip(&mut squares).zip(terms) {
            *sum += term;
            *square += term * term;
        }
    }
    let mut spread = [0.0; Group::ALL.len()];
    for (spread, (sum, square)) in spread.iter_mut().zip(sums.into_iter().zip(squares)) {
        *spread = if count > 0.0 { libm::sqrt((square / count - (sum / count).powi(2)).max(0.0)) } else { 0.0 };
    }
    spread
}

/// Forward rows at the midnights in `cutoffs` (ascending): a share of the customers with a purchase before, label no
/// purchase in the H days from the cutoff on.
pub fn forward_rows(history: &History, cutoffs: &[Day], share: f64, rules: &RowRules<'_>) -> Vec<Row> {
    let horizon = rules.constants.horizon_days;
    let Some(last) = cutoffs.last() else { return Vec::new() };
    let mut rows = Vec::new();
    for (index, customer) in history.customers.iter().enumerate() {
        let views = cutoffs.iter().map(|cutoff| cutoff.plus(-1));
        let views: Vec<Day> = views.filter(|view| rules.takes(customer, view.0, share)).collect();
        if views.is_empty() {
            continue;
        }
        let bought = customer.purchase_days(last.plus(horizon));
        customer.walk(&views, rules.lateness_days, |day, profile| {
            let next = bought.get(bought.partition_point(|bought| *bought <= day));
            let next = next.copied().filter(|next| next.since(day) <= horizon);
            let Some(row) = rules.row(index, day, profile, next.is_none()) else { return };
            let until = next.unwrap_or(day.plus(horizon + 1));
            let weight = rules.treatments.weight(&customer.customer, row.silent_since(), until);
            let copies = rules.copies(customer, day, weight);
            rows.extend(std::iter::repeat_n(row, copies));
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
    /// Share of customers taken.
    pub customers: f64,
    /// Share of idle days taken.
    pub idle_days: f64,
}

/// Hands each silence in the sample to `visit`, as the rows of its closes with silence 0 … H−1 that are taken, label
/// silence exceeds H, with its weight. Any purchase ends a silence, whether or not it is given back later.
pub fn each_silence(
    history: &History,
    sample: &SilenceSample,
    rules: &RowRules<'_>,
    mut visit: impl FnMut(&CustomerHistory, &[Row], f64),
) {
    let mut rows = Vec::new();
    for (index, customer) in history.customers.iter().enumerate() {
        if !rules.takes(customer, i32::MIN, sample.customers) {
            continue;
        }
        let silences = silences(customer, sample, rules);
        let views: Vec<Day> = silences.iter().flat_map(|silence| silence.views.iter().copied()).collect();
        rows.clear();
        let mut seen = silences.iter().flat_map(|silence| silence.views.iter().map(move |_| silence));
        let mut standing = Vec::with_capacity(views.len());
        customer.walk(&views, rules.lateness_days, |day, profile| {
            let row = seen.next().and_then(|silence| {
                // Once a refund has undone the purchase that it began with, the view is of the silence before.
                let row = rules.row(index, day, profile, silence.churned)?;
                (row.silent_since() == silence.since).then_some(row)
            });
            standing.push(row.is_some());
            rows.extend(row);
        });
        let (mut from, mut standing) = (0, standing.into_iter());
        for silence in &silences {
            let count = standing.by_ref().take(silence.views.len()).filter(|stands| *stands).count();
            if let Some(part) = rows.get(from..from + count).filter(|part| !part.is_empty()) {
                visit(customer, part, silence.weight);
            }
            from += count;
        }
    }
}

/// The rows of all silences in the sample, each as often as its weight says.
pub fn silence_rows(history: &History, sample: &SilenceSample, rules: &RowRules<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    each_silence(history, sample, rules, |customer, silence, weight| {
        for row in silence {
            rows.extend(std::iter::repeat_n(row, rules.copies(customer, row.day, weight)).cloned());
        }
    });
    rows
}

/// One silence of a customer.
struct Silence {
    since: Day,
    churned: bool,
    weight: f64,
    views: Vec<Day>,
}

/// The silences of a customer whose end is known, with the idle days that are taken.
fn silences(customer: &CustomerHistory, sample: &SilenceSample, rules: &RowRules<'_>) -> Vec<Silence> {
    let horizon = rules.constants.horizon_days;
    let bought = customer.purchase_days(sample.cutoff);
    let known = |last: Day| last >= sample.from && last.plus(horizon) < sample.cutoff;
    let silence = |(at, last): (usize, &Day)| {
        let next = bought.get(at + 1).copied().filter(|next| next.since(*last) <= horizon);
        let until = next.unwrap_or(last.plus(horizon));
        let weight = rules.treatments.weight(&customer.customer, *last, until);
        let idle = (0..until.since(*last)).filter(|idle| rules.takes(customer, *idle, sample.idle_days));
        Silence { since: *last, churned: next.is_none(), weight, views: idle.map(|idle| last.plus(idle)).collect() }
    };
    let silences = bought.iter().enumerate().filter(|(_, last)| known(**last)).map(silence);
    silences.filter(|silence| silence.weight > 0.0 && !silence.views.is_empty()).collect()
}
