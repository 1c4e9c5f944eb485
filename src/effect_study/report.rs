//! The report as numbers: everything that text, JSON, CSV and the page say is worked out here, once.

use crate::effect_study::boundary::Spending;
use crate::effect_study::contrast::Contrast;
use crate::effect_study::episode::{Endings, LeftOut, Study, side};
use crate::effect_study::goals::{Goals, Reached, at_least, at_most};
use crate::effect_study::mismatch::{Mismatch, mismatches};
use crate::effect_study::normal::quantile;
use crate::effect_study::periods::{Period, Row, rows};
use crate::effect_study::pooling::{Cell, cells};
use crate::effect_study::ranking::{Ranking, ranking};
use crate::effect_study::sequence::{Look, Measured, looks};
use crate::engine::day::Day;

/// Power that the minimum detectable effect is told for.
const POWER: f64 = 0.8;
/// Days of a month on average.
const MONTH_DAYS: f64 = 30.4375;

/// What may be said in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The arms have not the sizes that they were drawn with: no difference may be believed.
    ArmsDoNotMatch,
    /// The rule of least numbers is not met.
    NotEnoughData,
    /// The interval lies above 0.
    Helps,
    /// The interval lies below 0.
    Harms,
    /// The interval holds 0.
    NotShown,
}

impl Verdict {
    /// The name in JSON and CSV.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArmsDoNotMatch => "arms_do_not_match",
            Self::NotEnoughData => "not_enough_data",
            Self::Helps => "helps",
            Self::Harms => "harms",
            Self::NotShown => "not_shown",
        }
    }
}

/// A goal, what was measured for it, and whether it is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// What is wanted.
    pub goal: f64,
    /// The estimate.
    pub estimate: f64,
    /// Its interval, where there is one.
    pub interval: Option<[f64; 2]>,
    /// What that says.
    pub reached: Reached,
}

/// The whole report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Days from an opening to its outcome.
    pub window_days: i32,
    /// First day of openings, last day of which something is known.
    pub span: [Day; 2],
    /// Currency of all amounts.
    pub currency: String,
    /// The last completed look; absent before the first week is over.
    pub look: Option<Look>,
    /// The last look of the year before, where this is not the first.
    pub year_before: Option<Look>,
    /// The word.
    pub verdict: Verdict,
    /// Sizes of the arms at the openings, and among the matured.
    pub mismatches: [Mismatch; 2],
    /// Held-out episodes of the look whose customers were contacted all the same.
    pub exposed: u64,
    /// Episodes of the look whose customers were contacted, of either arm: without any there is no effect to measure.
    pub contacted: u64,
    /// Effects on return rate and margin that would be found with 80 % power at this size.
    pub detectable: [Option<f64>; 2],
    /// Cells.
    pub cells: Vec<Cell>,
    /// Whether ranking by uplift wins.
    pub ranking: Ranking,
    /// Length of a period.
    pub period: Period,
    /// Treated episodes in a period.
    pub treated_a_period: f64,
    /// Margin that acting added in a period, with its interval.
    pub added_margin: Measured,
    /// Goals: retention, incremental margin, false alarms.
    pub goals: [Option<Judged>; 3],
    /// Period by period.
    pub rows: Vec<Row>,
    /// All looks.
    pub looks: Vec<Look>,
    /// How episodes ended.
    pub endings: Endings,
    /// What was passed over.
    pub left_out: LeftOut,
}

/// Makes the report.
pub fn report(study: &Study, spending: &Spending, goals: &Goals, period: Period) -> Report {
    let looks = looks(study, spending);
    let look = looks.last().cloned();
    let episodes = look.as_ref().map_or(&[][..], |look| study.between(look.from, look.day));
    let mismatches = mismatches(study);
    let arms_match = mismatches.iter().all(Mismatch::arms_match);
    let verdict = verdict(look.as_ref(), arms_match);
    let told = look.as_ref().filter(|look| look.enough);
    let detectable = [told.map(|look| look.returns), told.map(|look| look.margin)]
        .map(|measured| measured.filter(|measured| measured.bound.is_finite()).map(|measured| detectable(&measured)));
    let (treated_a_period, added_margin) = look.as_ref().map(|look| added(look, period)).unwrap_or_default();
    let contacted = episodes.iter().filter(|episode| episode.contacted).count();
    let exposed = episodes.iter().filter(|episode| side(episode.opening.arm) == 1 && episode.contacted).count();
    Report {
        window_days: study.window_days,
        span: [study.first, study.last],
        currency: study.currency.clone(),
        year_before: look.as_ref().and_then(|look| looks.iter().rev().find(|other| other.year < look.year)).cloned(),
        verdict,
        mismatches,
        exposed: exposed as u64,
        contacted: contacted as u64,
        detectable,
        cells: cells(episodes, study.customers),
        ranking: ranking(study, look.as_ref(), &mismatches),
        period,
        treated_a_period,
        goals: judge(goals, told.filter(|_| arms_match), look.as_ref(), &added_margin),
        added_margin,
        rows: rows(study, &looks, period),
        looks,
        look,
        endings: study.endings,
        left_out: study.left_out,
    }
}

fn verdict(look: Option<&Look>, arms_match: bool) -> Verdict {
    if !arms_match {
        return Verdict::ArmsDoNotMatch;
    }
    let Some(look) = look.filter(|look| look.enough) else { return Verdict::NotEnoughData };
    match look.returns.interval() {
        [low, _] if low > 0.0 => Verdict::Helps,
        [_, high] if high < 0.0 => Verdict::Harms,
        _ => Verdict::NotShown,
    }
}

/// The true effect whose interval would exclude 0 at this look in four cases of five.
fn detectable(measured: &Measured) -> f64 {
    (measured.bound + quantile(POWER)) * measured.contrast.error
}

/// Treated episodes and the margin that acting adds in a period: the effect on one episode, times the treated episodes of a period.
fn added(look: &Look, period: Period) -> (f64, Measured) {
    let [treated, _] = look.margin.contrast.episodes;
    let days = f64::from(look.day.since(look.from) + 1);
    let period_days = match period {
        Period::Week => 7.0,
        Period::Month => MONTH_DAYS,
    };
    let many = treated as f64 / days * period_days;
    let Contrast { difference, error, .. } = look.margin.contrast;
    let contrast = Contrast { difference: difference * many, error: error * many, ..look.margin.contrast };
    (many, Measured { contrast, bound: look.margin.bound })
}

fn judge(goals: &Goals, told: Option<&Look>, look: Option<&Look>, added: &Measured) -> [Option<Judged>; 3] {
    let hundred = |[low, high]: [f64; 2]| [low * 100.0, high * 100.0];
    let returns = look.map(|look| look.returns).unwrap_or_default();
    let [_, held_out] = returns.contrast.means;
    let uplift = told.map(|look| hundred(look.returns.interval()));
    let margin = told.map(|_| added.interval()).filter(|[low, _]| low.is_finite());
    let alarms = told.map(|look| hundred(look.returns.mean_interval(1)));
    let least = |goal: f64, estimate, interval| Judged { goal, estimate, interval, reached: at_least(goal, interval) };
    [
        goals.retention_points.map(|goal| least(goal, returns.contrast.difference * 100.0, uplift)),
        goals.incremental_margin.map(|goal| least(goal, added.contrast.difference, margin)),
        goals.false_alarms_percent.map(|goal| Judged {
            goal,
            estimate: held_out * 100.0,
            interval: alarms,
            reached: at_most(goal, alarms),
        }),
    ]
}

/// The plain two-proportion half-width that a single look at a size planned beforehand would have: what the weekly looks
/// are dearer than.
pub fn plain_half_width(contrast: &Contrast) -> f64 {
    let [treated, held_out] = contrast.episodes.map(|count| count.max(1) as f64);
    let [treated_rate, held_out_rate] = contrast.means;
    let variance = treated_rate * (1.0 - treated_rate) / treated + held_out_rate * (1.0 - held_out_rate) / held_out;
    quantile(0.975) * variance.sqrt()
}
