//! What the study of effects is about: openings, and matured episodes with what their customers then did.
//!
//! Money is in major units of the one currency here, because only means and differences are formed of it.

use std::sync::Arc;

use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::value::Tier;
use crate::engine::day::Day;

/// An opening, matured or not: what the arms' sizes are judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opening {
    /// Number of the customer.
    pub customer: u32,
    /// Side of the experiment.
    pub arm: Arm,
    /// Probability of being treated that the arm was drawn with.
    pub propensity: f64,
    /// The day it opened.
    pub opened: Day,
}

/// An episode whose outcome is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// What was drawn, and when.
    pub opening: Opening,
    /// The day whose close settled the outcome.
    pub matured: Day,
    /// Value tier at the opening.
    pub tier: Tier,
    /// Segment at the opening.
    pub segment: Option<Arc<str>>,
    /// The action drawn at the opening, before the arm.
    pub action: Option<Arc<str>>,
    /// The playbook's rule that decided.
    pub rule: Option<Arc<str>>,
    /// Margin that would leave with the customer.
    pub value_at_risk: f64,
    /// A number in [0, 1) that depends on the customer alone, for cross-fitting.
    pub fold_draw: f64,
    /// Whether somebody contacted the customer within the window.
    pub contacted: bool,
    /// Whether the customer bought within the window.
    pub returned: bool,
    /// Margin of what the customer bought within the window.
    pub margin: f64,
}

impl Episode {
    /// 1 where the customer bought within the window.
    pub fn came_back(&self) -> f64 {
        f64::from(u8::from(self.returned))
    }
}

/// How many episodes ended in which way, treated and held out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// Bought.
    pub won_back: [u64; 2],
    /// The score fell after an event.
    pub calmed: [u64; 2],
    /// The horizon passed.
    pub lapsed: [u64; 2],
    /// Opted out or erased.
    pub withdrawn: [u64; 2],
}

/// Everything that a report is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// All openings, by day.
    pub openings: Vec<Opening>,
    /// Matured episodes whose arm was drawn, by the day they matured.
    pub episodes: Vec<Episode>,
    /// Number of customers.
    pub customers: usize,
    /// Days from an opening to its outcome, W.
    pub window_days: i32,
    /// The first day whose openings count.
    pub first: Day,
    /// The last day of which something is known.
    pub last: Day,
    /// Currency of all amounts.
    pub currency: String,
    /// How episodes ended.
    pub endings: Endings,
    /// What was passed over.
    pub left_out: LeftOut,
}

/// What was passed over, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Lines that could not be read.
    pub unreadable: u64,
    /// Records that were there before.
    pub repeated: u64,
    /// Records of another currency than the one asked for.
    pub other_currency: u64,
    /// Matured episodes that nobody could have been held out of (or treated in): they have nothing to be compared with.
    pub without_both_arms: u64,
}

/// 0 for treated, 1 for held out: the order of every pair here.
pub const fn side(arm: Arm) -> usize {
    match arm {
        Arm::Treated => 0,
        Arm::Holdout => 1,
    }
}

/// One over the probability of the arm that the episode has, by which it stands for everybody.
pub fn weight(opening: &Opening) -> f64 {
    match opening.arm {
        Arm::Treated => 1.0 / opening.propensity,
        Arm::Holdout => 1.0 / (1.0 - opening.propensity),
    }
}
