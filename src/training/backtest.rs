//! What would have been: silences whose end is known, the warnings there would have been, and how early they came.

use std::collections::HashMap;

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::rfm::features::feature_index;
use crate::engine::scoring::logistic::{Column, Head};
use crate::engine::scoring::model::Model;
use crate::training::evaluate::intervals;
use crate::training::history::History;
use crate::training::metrics::share;
use crate::training::rows::{RowRules, SilenceSample, each_silence};
use crate::training::thresholds::{Peak, Wanted, peak};
use crate::training::weekly::Weekly;

/// Horizons before the evaluated period in which the silences begin that thresholds are chosen on.
const EARLIER_HORIZONS: i32 = 3;

/// The period of a backtest: silences that start on or after `from` and whose horizon has passed before `to`.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// First day on which a silence may start.
    pub from: Day,
    /// The midnight before which its horizon has passed.
    pub to: Day,
}

/// A silence whose end is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// Position of the customer in the history.
    pub customer: u32,
    /// The last purchase day.
    pub start: Day,
    /// Closes that saw it, at most H.
    pub closes: i32,
    /// Its highest score from `min_silence_days` on; absent where it ended before.
    pub peak: Option<Peak>,
    /// Whether it exceeded the horizon.
    pub churned: bool,
}

/// The silences before and in a period.
pub struct Survey {
    /// Those whose horizon had passed before the period, of the last three horizons.
    pub earlier: Vec<Silence>,
    /// Days over which those start.
    pub earlier_days: i32,
    /// Those of the period.
    pub evaluated: Vec<Silence>,
    /// Days over which those start.
    pub evaluated_days: i32,
    /// The weekly lists of the period.
    pub weekly: Weekly,
}

/// Looks at all silences of a history under a model.
pub fn survey(history: &History, model: &Model, rules: &RowRules<'_>, period: Period, min_silence_days: i32) -> Survey {
    let horizon = model.horizon_days();
    let first = period.from.plus(-EARLIER_HORIZONS * horizon);
    let begun = history.span.map_or(first, |(begun, _)| begun.max(first));
    let sample = SilenceSample { from: first, cutoff: period.to, customers: 1.0, idle_days: 1.0 };
    let mut survey = Survey {
        earlier: Vec::new(),
        earlier_days: period.from.plus(-horizon).since(begun).max(1),
        evaluated: Vec::new(),
        evaluated_days: period.to.since(period.from) - horizon,
        weekly: Weekly::new(period.from, period.to.plus(-horizon)),
    };
    each_silence(history, &sample, rules, |customer, rows, weight| {
        let Some(row) = rows.first() else { return };
        let silence = Silence {
            customer: row.customer,
            start: row.silent_since(),
            closes: rows.len() as i32,
            peak: peak(rows, &model.silence, min_silence_days, weight),
            churned: row.churned,
        };
        if silence.start >= period.from {
            survey.evaluated.push(silence);
        } else if silence.start.plus(horizon) < period.from {
            survey.earlier.push(silence);
        }
        survey.weekly.see(customer.hash, rows, &model.silence);
    });
    survey
}

/// The peaks of silences, for choosing a threshold on them.
pub fn peaks(silences: &[Silence]) -> Vec<Peak> {
    silences.iter().filter_map(|silence| silence.peak).collect()
}

/// The idle-days rule: warn at the close at which R = k. The smallest k that gives what is wanted; the best there is
/// where none does.
pub fn idle_rule(silences: &[Silence], days: i32, wanted: Wanted, ks: std::ops::RangeInclusive<i32>) -> i32 {
    let (longest, shortest) = (*ks.end(), *ks.start());
    let good = |k: &i32| match wanted {
        Wanted::Precision(precision) => idle_precision(silences, *k) >= precision,
        Wanted::PerDay(count) => idle_count(silences, *k) as f64 <= count * f64::from(days),
    };
    ks.into_iter().find(good).unwrap_or_else(|| match wanted {
        // The longest silence warns least.
        Wanted::PerDay(_) => longest,
        Wanted::Precision(_) => (shortest..=longest)
            .max_by(|a, b| idle_precision(silences, *a).total_cmp(&idle_precision(silences, *b)))
            .unwrap_or(longest),
    })
}

/// Precision of the idle-days rule with R = k.
pub fn idle_precision(silences: &[Silence], k: i32) -> f64 {
    share(silences.iter().filter(|silence| silence.closes >= k).map(|silence| silence.churned))
}

/// Warnings of the idle-days rule with R = k.
pub fn idle_count(silences: &[Silence], k: i32) -> usize {
    silences.iter().filter(|silence| silence.closes >= k).count()
}

/// The idle-days rule as a model of one feature, so that it runs through the same processor: its threshold is 0.5.
pub fn idle_model(model: &Model, k: i32) -> Model {
    let feature = feature_index("r").unwrap_or_default();
    let column = Column { feature, mean: f64::from(k) - 0.5, deviation: 1.0, weight: 1.0 };
    let silence = Head { columns: vec![column], intercept: 0.0, slope: 1.0, offset: 0.0 };
    Model { version: format!("{k} days idle"), silence, ..model.clone() }
}

/// A warning there would have been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warning {
    /// The day its episode opened.
    pub opened: Day,
    /// Days of silence then.
    pub silence_days: i32,
    /// Margin at risk then.
    pub value_at_risk: Money,
}

/// The first warning of each silence, by customer and last purchase day.
#[derive(Clone, Debug, Default)]
pub struct Warnings {
    first: HashMap<(u32, Day), Warning>,
}

impl Warnings {
    /// Takes a warning in.
    pub fn add(&mut self, customer: u32, warning: Warning) {
        let start = warning.opened.plus(-warning.silence_days);
        let known = self.first.entry((customer, start)).or_insert(warning);
        if warning.opened < known.opened {
            *known = warning;
        }
    }

    fn of(&self, silence: &Silence) -> Option<Warning> {
        self.first.get(&(silence.customer, silence.start)).copied()
    }
}

/// How warnings did on silences.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Silences warned of.
    pub alerts: usize,
    /// Share of warnings that came true, share of churned silences warned of, days of lead on average, share of churned
    /// silences warned of at least 14 and 45 days ahead.
    pub figures: [f64; 5],
    /// 95 % intervals of those.
    pub intervals: [[f64; 2]; 5],
    /// Median lead, days.
    pub lead_days_median: f64,
    /// Margin at risk, at the warning, of churned silences warned of.
    pub value_warned: Money,
    /// Share of warnings that open within two days of the purchase.
    pub within_two_days: f64,
}

impl Record {
    /// Names, in the order of the figures.
    pub const NAMES: [&str; 5] = ["precision", "recall", "lead_days_mean", "warned_14_days", "warned_45_days"];
}

/// Days that are left at a warning: R counts to the end of the day of the close, lead = H − R.
fn lead(warning: Warning, horizon: i32) -> f64 {
    f64::from(horizon - warning.silence_days - 1)
}

/// The record of warnings on the silences evaluated.
pub fn record(silences: &[Silence], warnings: &Warnings, horizon: i32) -> Record {
    let told: Vec<(u32, bool, Option<Warning>)> =
        silences.iter().map(|silence| (silence.customer, silence.churned, warnings.of(silence))).collect();
    let figures = |told: &[(u32, bool, Option<Warning>)]| {
        let (mut churned, mut alerts, mut hits, mut leads, mut early, mut earlier) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (_, exceeded, warning) in told {
            churned += f64::from(u8::from(*exceeded));
            let Some(warning) = warning else { continue };
            alerts += 1.0;
            if *exceeded {
                let days = lead(*warning, horizon);
                hits += 1.0;
                leads += days;
                early += f64::from(u8::from(days >= 14.0));
                earlier += f64::from(u8::from(days >= 45.0));
            }
        }
        let over = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        [over(hits, alerts), over(hits, churned), over(leads, hits), over(early, churned), over(earlier, churned)]
    };
    let warned = || told.iter().filter_map(|(_, churned, warning)| Some((*churned, (*warning)?)));
    let right = || warned().filter(|(churned, _)| *churned).map(|(_, warning)| warning);
    let mut leads: Vec<f64> = right().map(|warning| lead(warning, horizon)).collect();
    leads.sort_unstable_by(f64::total_cmp);
    Record {
        alerts: warned().count(),
        figures: figures(&told),
        intervals: intervals(&told, |(customer, ..)| *customer, figures),
        lead_days_median: leads.get(leads.len() / 2).copied().unwrap_or_default(),
        value_warned: right().map(|warning| warning.value_at_risk).sum(),
        within_two_days: share(warned().map(|(_, warning)| warning.silence_days <= 2)),
    }
}

/// Mean difference in lead, in days, over churned silences that both warned of, its 95 % interval, and their number.
pub fn lead_gain(silences: &[Silence], ours: &Warnings, theirs: &Warnings, horizon: i32) -> (f64, [f64; 2], usize) {
    let churned = silences.iter().filter(|silence| silence.churned);
    let gain = |silence: &Silence| {
        let (ours, theirs) = (ours.of(silence)?, theirs.of(silence)?);
        Some((silence.customer, lead(ours, horizon) - lead(theirs, horizon)))
    };
    let pairs: Vec<(u32, f64)> = churned.filter_map(gain).collect();
    let mean = |pairs: &[(u32, f64)]| [pairs.iter().map(|pair| pair.1).sum::<f64>() / pairs.len().max(1) as f64];
    let ([mean_gain], [interval]) = (mean(&pairs), intervals(&pairs, |pair| pair.0, mean));
    (mean_gain, interval, pairs.len())
}

/// Share of churned silences warned of at least so many days ahead, for every third day of the horizon: the diagram.
pub fn warned_ahead(silences: &[Silence], warnings: &Warnings, horizon: i32) -> Vec<(f64, f64)> {
    let churned: Vec<Option<f64>> = silences
        .iter()
        .filter(|silence| silence.churned)
        .map(|silence| warnings.of(silence).map(|warning| lead(warning, horizon)))
        .collect();
    let ahead = |days: i32| {
        let days = f64::from(days);
        (days, share(churned.iter().map(|lead| lead.is_some_and(|lead| lead >= days))))
    };
    (0..=horizon).step_by(3).map(ahead).collect()
}
