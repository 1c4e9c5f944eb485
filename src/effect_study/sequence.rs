//! The weekly looks: what was known at the end of each whole week, with intervals that hold for all looks of a year at
//! once. Between two looks there is nothing: a report on any day shows the last completed one.

use crate::effect_study::boundary::{Boundary, LOOKS, Spending};
use crate::effect_study::contrast::{Contrast, contrast, get};
use crate::effect_study::episode::{Episode, Study};
use crate::engine::day::Day;

/// Fewest matured episodes in each arm.
pub const LEAST_EPISODES: u64 = 100;
/// Fewest returns, and fewest episodes without one, that either arm would have if both were alike: below it the normal
/// distribution does not yet hold for the smaller arm.
pub const LEAST_RETURNS: f64 = 20.0;

/// A contrast with the bound that holds at its look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// The arms and their difference.
    pub contrast: Contrast,
    /// How many standard errors the interval reaches to either side.
    pub bound: f64,
}

impl Measured {
    /// The interval of the difference.
    pub fn interval(&self) -> [f64; 2] {
        let Contrast { difference, error, .. } = self.contrast;
        [difference - self.bound * error, difference + self.bound * error]
    }

    /// The interval of an arm's mean.
    pub fn mean_interval(&self, side: usize) -> [f64; 2] {
        let (mean, error) = (get(self.contrast.means, side), get(self.contrast.mean_errors, side));
        [mean - self.bound * error, mean + self.bound * error]
    }
}

/// What was known at the end of a week.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which study: the first year is 1.
    pub year: u32,
    /// Which look of it, 1 to 52.
    pub number: u32,
    /// The first day of maturing that this study counts.
    pub from: Day,
    /// The last day of the week.
    pub day: Day,
    /// Whether the rule of least numbers was met at this look or before.
    pub enough: bool,
    /// Return rate.
    pub returns: Measured,
    /// Margin an episode.
    pub margin: Measured,
}

/// All completed looks, oldest first.
pub fn looks(study: &Study, spending: &Spending) -> Vec<Look> {
    let first = study.first.plus(study.window_days);
    let weeks = (study.last.since(first) + 1).div_euclid(7).max(0);
    let (mut looks, mut returns, mut margin) = (Vec::new(), Boundary::new(), Boundary::new());
    let mut enough = false;
    for week in 0..weeks {
        let (year, number) = (week as u32 / LOOKS + 1, week as u32 % LOOKS + 1);
        if number == 1 {
            (returns, margin, enough) = (Boundary::new(), Boundary::new(), false);
        }
        let from = first.plus((week - week % LOOKS as i32) * 7);
        let day = first.plus(week * 7 + 6);
        let episodes = study.between(from, day);
        let returned = contrast(episodes.iter(), study.customers, Episode::came_back);
        let earned = contrast(episodes.iter(), study.customers, |episode| episode.margin);
        enough = enough || is_enough(&returned);
        let spend = spending.by(number);
        looks.push(Look {
            year,
            number,
            from,
            day,
            enough,
            returns: measured(returned, &mut returns, spend, enough),
            margin: measured(earned, &mut margin, spend, enough),
        });
    }
    looks
}

fn measured(contrast: Contrast, boundary: &mut Boundary, spend: f64, enough: bool) -> Measured {
    let usable = enough && contrast.error > 0.0;
    let bound = if usable { boundary.look(contrast.error.powi(-2), spend) } else { f64::INFINITY };
    Measured { contrast, bound }
}

/// The rule of least numbers. It asks for both arms together how many came back, so that it can't favour one.
fn is_enough(returned: &Contrast) -> bool {
    let [treated, held_out] = returned.episodes;
    let smaller = treated.min(held_out);
    let [treated_rate, held_out_rate] = returned.means;
    let rate = (treated_rate * treated as f64 + held_out_rate * held_out as f64) / (treated + held_out).max(1) as f64;
    smaller >= LEAST_EPISODES && rate.min(1.0 - rate) * smaller as f64 >= LEAST_RETURNS
}

impl Study {
    /// The episodes that matured in a stretch of days, both ends included.
    pub fn between(&self, from: Day, to: Day) -> &[Episode] {
        let start = self.episodes.partition_point(|episode| episode.matured < from);
        let end = self.episodes.partition_point(|episode| episode.matured <= to);
        self.episodes.get(start..end).unwrap_or_default()
    }
}
