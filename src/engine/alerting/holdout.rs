//! The experiment: a fixed share of customers is held out for half a year, so that acting can be told from luck.

use crate::engine::customer::uniform;
use crate::engine::day::Day;

/// Days after which arms are drawn anew.
const ARM_DAYS: i32 = 182;

/// Which side of the experiment an episode is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arm {
    /// The warning goes to the CRM.
    Treated,
    /// Nobody but the outcomes topic hears of it.
    Holdout,
}

impl Arm {
    /// Both arms.
    pub const ALL: [Self; 2] = [Self::Treated, Self::Holdout];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Treated => "treated",
            Self::Holdout => "holdout",
        }
    }
}

/// The half-year that a day lies in: within one, a customer's arm stays.
pub const fn half_year(day: Day) -> i32 {
    day.0.div_euclid(ARM_DAYS)
}

/// The arm of a customer for an episode opened on `opened`: the same within a half-year.
pub fn arm(customer: &str, opened: Day, salt: &str, share: f64) -> Arm {
    let half_year = half_year(opened).to_le_bytes();
    if uniform(&[salt.as_bytes(), customer.as_bytes(), &half_year]) < share { Arm::Holdout } else { Arm::Treated }
}
