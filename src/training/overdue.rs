//! Rows of customers that a log may lack: those who bought often and are overdue beyond doubt. No log's own rows are
//! replaced by them; they say what the weights of features would otherwise have to guess.
//!
//! A straight line through a log of rare buyers, continued to a daily one, may end anywhere (docs/decisions/0020-overdue.md).

use crate::engine::customer::{Tag, uniform};
use crate::engine::day::{Day, Millis};
use crate::engine::event::{Body, Event, Manner};
use crate::engine::rfm::features::{Features, LN_SURE_ODDS, feature_index};
use crate::engine::scoring::logistic::sigmoid;
use crate::training::history::History;
use crate::training::rows::{Row, RowRules};
use crate::wire::calendar::DAY_MILLIS;

/// Mean gaps between purchase days, as shares of the horizon.
const GAPS: [f64; 9] = [0.011, 0.022, 0.033, 0.056, 0.078, 0.11, 0.16, 0.23, 0.33];
/// Numbers of purchase days.
const PURCHASE_DAYS: [i32; 6] = [4, 8, 15, 30, 60, 100];
/// One for so many rows of the log: enough to be heard where the log says nothing, too few where it speaks.
const ONE_IN: usize = 1_000;
/// Fewest.
const LEAST: usize = 200;
/// Last days of their purchases.
const LAST: Day = Day(0);

/// As many rows as go beside `log_rows` of the history's own, of customers who have been silent for less than `longest`
/// days; their customer is none of the history's.
/// What became of each is drawn with the probability that BG/NBD gives it to have left (Fader, Hardie, Lee 2005).
pub fn overdue_rows(history: &History, log_rows: usize, longest: i32, rules: &RowRules<'_>) -> Vec<Row> {
    let regulars = regulars(history, rules);
    let mut rows = Vec::new();
    for (at, customer) in regulars.customers.iter().enumerate() {
        let days: Vec<Day> = (0..longest).map(|silent| LAST.plus(silent)).collect();
        customer.walk(&days, rules.lateness_days, |day, profile| {
            let Some(row) = rules.row(history.customers.len() + at, day, profile, false) else { return };
            let beyond = overrun(&row.features);
            let churned = uniform(&[customer.customer.as_bytes(), &day.0.to_le_bytes(), b"left"])
                < sigmoid(beyond + LN_SURE_ODDS);
            rows.extend((beyond > 0.0).then_some(Row { churned, ..row }));
        });
    }
    let wanted = (log_rows / ONE_IN).max(LEAST).min(rows.len());
    // Evenly over all of them.
    let every = rows.len().max(1);
    let mut due = 0;
    rows.retain(|_| {
        due += wanted;
        let taken = due >= every;
        due -= if taken { every } else { 0 };
        taken
    });
    rows
}

/// Customers of every gap and number of purchases, each of whom pays what is paid on average and bought last on [`LAST`].
/// No gap is further from the mean than half of it.
fn regulars(history: &History, rules: &RowRules<'_>) -> History {
    let mut regulars = History::new(rules.lateness_days);
    let amount = history.mean_amount();
    for share in GAPS {
        let gap = (share * f64::from(rules.constants.horizon_days)).max(1.0);
        for count in PURCHASE_DAYS {
            let customer = format!("{count} times, every {gap:.1} days");
            let length = |at: i32| {
                let drawn = 0.5 + uniform(&[customer.as_bytes(), &at.to_le_bytes()]);
                (gap * drawn).round().max(1.0) as i32
            };
            let mut days: Vec<Day> = vec![LAST];
            days.extend((1..count).scan(LAST, |day, at| {
                *day = day.plus(-length(at));
                Some(*day)
            }));
            for (at, day) in (0_u64..).zip(days.into_iter().rev()) {
                let body = Body::Purchase { order: None, amount, manner: Manner::default() };
                let time = Millis(i64::from(day.0) * DAY_MILLIS);
                regulars.add(&Event { tag: Tag::from_bits(at), customer: &customer, time, day, body });
            }
        }
    }
    regulars
}

/// The value of `overrun`.
fn overrun(features: &Features) -> f64 {
    feature_index("overrun").and_then(|at| features.get(at)).copied().unwrap_or_default()
}
