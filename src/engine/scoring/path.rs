//! What silence alone will bring: the score of a customer of whom nothing more is heard, day by day.

use std::ops::Range;

use crate::engine::day::Day;
use crate::engine::rfm::features::{Features, Steady};
use crate::engine::rfm::view::View;
use crate::engine::scoring::logistic::{logit, sigmoid};
use crate::engine::scoring::model::Model;

/// The path of the silence score from the day of a view on.
pub struct Path<'a> {
    model: &'a Model,
    steady: Steady,
    /// The view, where the head looks at interactions.
    heard: Option<View>,
    season: bool,
    /// The horizon's day: from it on there is no score.
    end: Day,
}

/// A day of the path.
struct Point {
    day: Day,
    features: Features,
    log_odds: f64,
}

/// The straight line between two days.
struct Line {
    low: f64,
    high: f64,
    /// Rise a day.
    slope: f64,
}

impl Line {
    fn between(from: &Point, to: &Point) -> Self {
        let slope = (to.log_odds - from.log_odds) / f64::from(to.day.since(from.day));
        Self { low: from.log_odds.min(to.log_odds), high: from.log_odds.max(to.log_odds), slope }
    }

    /// Whether all of it is within the bounds, though it may stray so far.
    fn is_within(&self, bounds: &Range<f64>, stray: f64) -> bool {
        bounds.start < self.low - stray && self.high + stray < bounds.end
    }

    /// Whole days, at least 1, in which the line goes from `log_odds` as far as the bound that it goes to.
    fn days_to(&self, bounds: &Range<f64>, log_odds: f64) -> i32 {
        let bound = if self.slope > 0.0 { bounds.end } else { bounds.start };
        // A line that goes nowhere takes for ever, which the cast makes the longest stride there is.
        ((bound - log_odds) / self.slope).max(1.0) as i32
    }
}

/// How far rounding may move log-odds: decayed counts are 32-bit floats.
const SLACK: f64 = 1e-4;
/// No score is nearer to 0 or 1 than this as far as proofs go.
const NEAREST: f64 = 1e-12;
/// Days of the first stride.
const FIRST_STRIDE: i32 = 8;

fn log_odds(score: f64) -> f64 {
    logit(score.clamp(NEAREST, 1.0 - NEAREST))
}

impl<'a> Path<'a> {
    /// The path of a view; `None` where no purchase stands.
    pub fn of(model: &'a Model, view: &View) -> Option<Self> {
        let steady = Steady::of(view, &model.constants)?;
        let end = steady.last.plus(model.horizon_days());
        let heard = model.silence.hears().then(|| view.clone());
        Some(Self { model, steady, heard, season: model.silence.is_seasonal(), end })
    }

    /// The first day after `day` and before `until` and the horizon whose score is not within `kept`, with that score.
    ///
    /// Exact, though it looks at few days: of the days between two that it looks at, the log-odds stray from the straight
    /// line by no more than the features' bends allow, and rise or fall all the way where the line is steeper than they
    /// can turn. What that does not prove is looked at day by day.
    pub fn leaves(&mut self, day: Day, until: Day, kept: &Range<f64>) -> Option<(Day, f64)> {
        let until = until.min(self.end);
        let first = day.max(self.steady.last).plus(1);
        if first >= until {
            return None;
        }
        let bounds = Range { start: log_odds(kept.start) + SLACK, end: log_odds(kept.end) - SLACK };
        let left = |point: &Point| {
            let score = (!bounds.contains(&point.log_odds)).then(|| sigmoid(point.log_odds));
            score.filter(|score| !kept.contains(score)).map(|score| (point.day, score))
        };
        let (mut at, mut stride) = (self.point(first), FIRST_STRIDE);
        if let Some(left) = left(&at) {
            return Some(left);
        }
        while at.day.plus(1) < until {
            let days = stride.min(until.since(at.day) - 1);
            let next = self.point(at.day.plus(days));
            let left = left(&next);
            if left.is_some() && days == 1 {
                return left;
            }
            let line = Line::between(&at, &next);
            if left.is_none() && (days == 1 || line.is_within(&bounds, self.stray(&at, &next))) {
                stride = line.days_to(&bounds, next.log_odds).min(2 * days);
                at = next;
            } else {
                // Where it has left, the line says about where; else a shorter line strays less.
                let nearer = if left.is_some() { line.days_to(&bounds, at.log_odds) } else { days / 2 };
                stride = nearer.clamp(1, days - 1);
            }
        }
        None
    }

    /// How far the log-odds between two days may leave the span of those of the two.
    fn stray(&self, from: &Point, to: &Point) -> f64 {
        let days = to.day.since(from.day);
        let ends = [&from.features, &to.features];
        let bends = self.steady.bends(from.day, ends, days);
        let days = f64::from(days);
        match self.model.silence.bend(ends, &bends, days) {
            // Steeper than it can turn, it rises or falls all the way.
            Some(bend) if (to.log_odds - from.log_odds).abs() >= bend.turn(days) * days => 0.0,
            Some(bend) => bend.stray(days),
            None => f64::INFINITY,
        }
    }

    fn point(&mut self, day: Day) -> Point {
        if let Some(view) = &mut self.heard {
            view.move_to(day);
        }
        let features = self.steady.features(day, self.heard.as_ref(), self.season);
        Point { day, log_odds: self.model.silence.log_odds(&features), features }
    }
}
