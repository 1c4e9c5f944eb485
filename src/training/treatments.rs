//! Who was warned about, and which side of the experiment they were on: a treated silence no longer tells what silence
//! leads to, a held-out one stands for all that were warned about (inverse propensity; Horvitz and Thompson 1952).

use std::collections::HashMap;

use crate::engine::alerting::holdout::{Arm, half_year};
use crate::engine::day::Day;

/// A smaller holdout than this stands for nobody.
const LEAST_SHARE: f64 = 1e-3;

/// One published opening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opening {
    /// The day it opened.
    pub day: Day,
    /// Its arm.
    pub arm: Arm,
    /// Probability of being treated that the arm was drawn with.
    pub propensity: f64,
}

/// All openings, by customer.
#[derive(Clone, Debug, Default)]
pub struct Treatments {
    openings: HashMap<Box<str>, Vec<Opening>>,
    treated: u64,
    held_out: u64,
    unrepresented: u64,
}

impl Treatments {
    /// Takes an opening in.
    pub fn add(&mut self, customer: &str, opening: Opening) {
        match opening.arm {
            Arm::Treated => {
                self.treated += 1;
                self.unrepresented += u64::from(opening.propensity > 1.0 - LEAST_SHARE);
            }
            Arm::Holdout => self.held_out += 1,
        }
        match self.openings.get_mut(customer) {
            Some(known) => known.push(opening),
            None => {
                self.openings.insert(customer.into(), vec![opening]);
            }
        }
    }

    /// Number of treated and of held-out openings.
    pub const fn counts(&self) -> [u64; 2] {
        [self.treated, self.held_out]
    }

    /// The customers who were warned about, whichever the arm, each with the number of its openings.
    pub fn customers(&self) -> impl Iterator<Item = (&str, usize)> {
        self.openings.iter().map(|(customer, openings)| (&**customer, openings.len()))
    }

    /// Number of treated openings that nobody was held out for: no weight makes up for them.
    pub const fn unrepresented(&self) -> u64 {
        self.unrepresented
    }

    /// Weight of a row whose label could be changed by openings on days from `from` up to but not on `until`: never
    /// warned about 1, treated 0, held out 1/share. Arms are drawn once a half-year, so several openings of one draw
    /// count once.
    pub fn weight(&self, customer: &str, from: Day, until: Day) -> f64 {
        let Some(openings) = self.openings.get(customer) else { return 1.0 };
        let mut weight = 1.0;
        let mut drawn = Vec::new();
        for opening in openings.iter().filter(|opening| (from..until).contains(&opening.day)) {
            match opening.arm {
                Arm::Treated => return 0.0,
                Arm::Holdout => {
                    let draw = half_year(opening.day);
                    if !drawn.contains(&draw) {
                        weight /= (1.0 - opening.propensity).max(LEAST_SHARE);
                        drawn.push(draw);
                    }
                }
            }
        }
        weight
    }
}

#[cfg(test)]
mod tests {
    use super::{Opening, Treatments};
    use crate::engine::alerting::holdout::Arm;
    use crate::engine::day::Day;

    #[test]
    fn a_held_out_silence_stands_for_the_treated_ones() {
        let mut treatments = Treatments::default();
        let opening = |day, arm| Opening { day: Day(day), arm, propensity: 0.9 };
        treatments.add("held", opening(10, Arm::Holdout));
        treatments.add("held", opening(60, Arm::Holdout));
        treatments.add("held", opening(200, Arm::Holdout));
        treatments.add("told", opening(10, Arm::Treated));
        let weight = |customer, from, until| treatments.weight(customer, Day(from), Day(until));
        assert_eq!(weight("never", 0, 90), 1.0);
        assert_eq!(weight("told", 0, 90), 0.0);
        assert_eq!(weight("told", 11, 90), 1.0);
        assert!((weight("held", 0, 90) - 10.0).abs() < 1e-9, "one draw counts once");
        assert!((weight("held", 0, 300) - 100.0).abs() < 1e-9, "two half-years, two draws");
        assert_eq!(weight("held", 0, 10), 1.0);
    }
}
