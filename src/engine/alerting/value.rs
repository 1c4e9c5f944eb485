//! What a customer is worth: the tier by a year's net spend, and the margin that is at risk.

use crate::engine::money::Money;

/// Value tier, by net spend of the last 365 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Below the middle edge.
    Low,
    /// From the middle edge.
    Mid,
    /// From the high edge.
    High,
}

impl Tier {
    /// Every tier, ascending.
    pub const ALL: [Self; 3] = [Self::Low, Self::Mid, Self::High];

    /// The name on the wire and in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Mid => "mid",
            Self::High => "high",
        }
    }

    /// The tier of a year's net spend under the model's edges.
    pub fn of(net_year: Money, edges: [Money; 2]) -> Self {
        let [mid, high] = edges;
        if net_year >= high {
            Self::High
        } else if net_year >= mid {
            Self::Mid
        } else {
            Self::Low
        }
    }
}

/// Margin that leaves with the customer over the horizon, in minor units, rounded half to even:
/// margin rate × net of 365 days × H / clamp(tenure, H, 365) × forward probability.
pub fn value_at_risk(net_year: Money, tenure_days: i32, horizon_days: i32, margin_rate: f64, forward: f64) -> Money {
    let span = f64::from(tenure_days.clamp(horizon_days, horizon_days.max(365)));
    let margin = margin_rate * net_year.0.max(0) as f64;
    Money(libm::rint(margin * f64::from(horizon_days) / span * forward) as i64)
}
