//! The report week by week or month by month: what each period alone says, and what was known at its end.

use crate::effect_study::contrast::{Contrast, contrast};
use crate::effect_study::episode::{Episode, Study};
use crate::effect_study::normal::quantile;
use crate::effect_study::sequence::Look;
use crate::engine::day::Day;
use crate::wire::calendar::date;

/// Length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The weeks of the looks.
    Week,
    /// Calendar months.
    Month,
}

/// One period, by the days its episodes matured.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// First and last day.
    pub days: [Day; 2],
    /// Return rates in this period.
    pub returns: Contrast,
    /// Margin an episode in this period.
    pub margin: Contrast,
    /// What was known at the end of it.
    pub look: Option<Look>,
}

impl Row {
    /// The 95 % interval of a contrast of this period alone; it doesn't know that there are other periods.
    pub fn interval(contrast: &Contrast) -> Option<[f64; 2]> {
        let [treated, held_out] = contrast.episodes;
        let reach = quantile(0.975) * contrast.error;
        (treated > 0 && held_out > 0 && contrast.error > 0.0)
            .then_some([contrast.difference - reach, contrast.difference + reach])
    }
}

/// The periods from the first day of maturing to the last look.
pub fn rows(study: &Study, looks: &[Look], period: Period) -> Vec<Row> {
    let (Some(first), Some(last)) = (looks.first(), looks.last()) else { return Vec::new() };
    let mut rows = Vec::new();
    let mut start = first.from;
    while start <= last.day {
        let end = end(start, period).min(last.day);
        let episodes = study.between(start, end);
        rows.push(Row {
            days: [start, end],
            returns: contrast(episodes.iter(), study.customers, Episode::came_back),
            margin: contrast(episodes.iter(), study.customers, |episode| episode.margin),
            look: looks.iter().rev().find(|look| look.day <= end).cloned(),
        });
        start = end.plus(1);
    }
    rows
}

/// The last day of the period that starts here.
fn end(start: Day, period: Period) -> Day {
    match period {
        Period::Week => start.plus(6),
        Period::Month => {
            let date = date(start);
            start.plus(i32::from(date.days_in_month() - date.day()))
        }
    }
}
