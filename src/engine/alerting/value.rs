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

    /// The tier after `previous`: up at the edge, down only below the edge less `margin` of it, so that a customer who
    /// spends about as much as an edge does not change tiers every day.
    pub fn after(previous: Option<Self>, net_year: Money, edges: [Money; 2], margin: f64) -> Self {
        let plain = Self::of(net_year, edges);
        let Some(previous) = previous.filter(|previous| *previous > plain) else { return plain };
        let lower = edges.map(|edge| Money(libm::rint(edge.0 as f64 * (1.0 - margin)) as i64));
        Self::of(net_year, lower).min(previous)
    }
}

/// Margin that leaves with the customer over the horizon, in minor units, rounded half to even:
/// margin rate × net of 365 days × H / clamp(tenure, H, 365) × forward probability.
pub fn value_at_risk(net_year: Money, tenure_days: i32, horizon_days: i32, margin_rate: f64, forward: f64) -> Money {
    let span = f64::from(tenure_days.clamp(horizon_days, horizon_days.max(365)));
    let margin = margin_rate * net_year.0.max(0) as f64;
    Money(libm::rint(margin * f64::from(horizon_days) / span * forward) as i64)
}

#[cfg(test)]
mod tests {
    use super::Tier;
    use crate::engine::money::Money;

    #[test]
    fn a_tier_is_reached_at_its_edge_and_left_a_tenth_below() {
        let edges = [Money(1_000), Money(5_000)];
        let after = |previous, net| Tier::after(previous, Money(net), edges, 0.1);
        assert_eq!(after(None, 999), Tier::Low);
        assert_eq!(after(Some(Tier::Low), 1_000), Tier::Mid);
        assert_eq!(after(Some(Tier::Mid), 900), Tier::Mid);
        assert_eq!(after(Some(Tier::Mid), 899), Tier::Low);
        assert_eq!(after(Some(Tier::High), 4_500), Tier::High);
        assert_eq!(after(Some(Tier::High), 4_499), Tier::Mid);
        assert_eq!(after(Some(Tier::High), 950), Tier::Mid);
        assert_eq!(after(Some(Tier::High), 0), Tier::Low);
        assert_eq!(after(Some(Tier::Mid), 4_600), Tier::Mid);
        assert_eq!(after(Some(Tier::Low), 6_000), Tier::High);
    }
}
