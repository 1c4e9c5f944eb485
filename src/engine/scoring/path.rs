//! What silence alone will bring: the score of a customer of whom nothing more is heard, day by day.

use std::ops::{Range, RangeInclusive};

use crate::engine::day::Day;
use crate::engine::rfm::features::{FEATURES, Steady};
use crate::engine::rfm::number::{Number, Rough};
use crate::engine::rfm::view::View;
use crate::engine::scoring::logistic::{logit, sigmoid};
use crate::engine::scoring::model::Model;
use crate::engine::scoring::rough::RoughHead;

/// The path of the silence score from the day of a view on.
pub struct Path<'a> {
    model: &'a Model,
    steady: &'a Steady,
    /// The view, where the head looks at interactions.
    heard: Option<&'a View>,
    season: bool,
    /// The horizon's day: from it on there is no score.
    end: Day,
    rough: &'a RoughHead,
    slack: f64,
    /// The days looked at last: the first of them, and the rough log-odds of all.
    looked: Option<(Day, [f32; Rough::DAYS as usize])>,
}

/// No score is nearer to 0 or 1 than this as far as log-odds tell.
const NEAREST: f64 = 1e-12;
/// How far the log-odds of a score that near may be from those that it was made of, since scores are rounded.
const ROUNDED: f64 = 1e-4;

fn log_odds(score: f64) -> f64 {
    logit(score.clamp(NEAREST, 1.0 - NEAREST))
}

impl<'a> Path<'a> {
    /// The path of a view, by what of it stays; `rough` is the copy of the model's silence head.
    pub fn of(model: &'a Model, rough: &'a RoughHead, steady: &'a Steady, view: &'a View) -> Self {
        let head = &model.silence;
        Self {
            model,
            end: steady.last.plus(model.horizon_days()),
            heard: head.hears().then_some(view),
            season: head.is_seasonal(),
            rough,
            slack: rough.slack(steady.purchase_days()) + ROUNDED,
            looked: None,
            steady,
        }
    }

    /// The first day after `day` and before `until` and the horizon whose score is not within `kept`, and between what that
    /// score is.
    ///
    /// Eight days are looked at together, roughly. Where the rough log-odds are further from the bounds than they may be
    /// from the exact ones, that tells; only the other days are looked at exactly.
    pub fn leaves(&mut self, day: Day, until: Day, kept: &Range<f64>) -> Option<(Day, RangeInclusive<f64>)> {
        let (until, slack) = (until.min(self.end), self.slack);
        let inside = log_odds(kept.start) + slack..log_odds(kept.end) - slack;
        let mut day = day.max(self.steady.last).plus(1);
        while day < until {
            let (first, rough) = self.look(day);
            let known = rough.iter().skip(day.since(first) as usize).take(until.since(day) as usize);
            for rough in known.map(|rough| f64::from(*rough)) {
                if !inside.contains(&rough) {
                    let (least, most) = (sigmoid(rough - slack) - f64::EPSILON, sigmoid(rough + slack) + f64::EPSILON);
                    if most < kept.start || least >= kept.end {
                        return Some((day, least..=most));
                    }
                    let score = self.score(day);
                    if !kept.contains(&score) {
                        return Some((day, score..=score));
                    }
                }
                day = day.plus(1);
            }
        }
        None
    }

    /// Days of which this is one, the first of them, and their rough log-odds.
    fn look(&mut self, day: Day) -> (Day, [f32; Rough::DAYS as usize]) {
        let known = self.looked.filter(|(first, _)| (0..Rough::DAYS).contains(&day.since(*first)));
        *self.looked.insert(known.unwrap_or_else(|| {
            let features: [Rough; FEATURES] = self.steady.features(day, self.heard, self.season);
            (day, self.rough.log_odds(&features).to_array())
        }))
    }

    /// The score of a day, exactly.
    pub fn score(&self, day: Day) -> f64 {
        let features: [f64; FEATURES] = self.steady.features(day, self.heard, self.season);
        sigmoid(self.model.silence.log_odds(&features))
    }
}
