//! How the customers of a partition stand, counted: bands, tiers, open warnings and what is at risk in them. Nobody by name.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::Standing;
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::value::Tier;
use crate::engine::money::Money;

/// Counts over customers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Customers with a band at their last close, by band and tier.
    pub banded: [[u64; Tier::ALL.len()]; Band::ALL.len()],
    /// Open episodes that are heard of, or would be but for the holdout, by arm, highest band and tier at the opening.
    pub open: [[[u64; Tier::ALL.len()]; Band::ALL.len()]; Arm::ALL.len()],
    /// Margin that was at risk when they opened, in minor units, by arm and tier.
    pub at_risk: [[Money; Tier::ALL.len()]; Arm::ALL.len()],
}

impl Census {
    /// Counts a customer.
    pub fn count(&mut self, standing: &Standing) {
        if let (Some(band), Some(tier)) = (standing.band, standing.tier)
            && let Some(count) = self.banded.get_mut(band as usize).and_then(|tiers| tiers.get_mut(tier as usize))
        {
            *count += 1;
        }
        let Some(episode) = standing.episode.filter(|episode| episode.published) else { return };
        let (arm, band, tier) = (episode.arm as usize, episode.band as usize, episode.tier as usize);
        let bands = self.open.get_mut(arm);
        if let Some(count) = bands.and_then(|bands| bands.get_mut(band)).and_then(|tiers| tiers.get_mut(tier)) {
            *count += 1;
        }
        if let Some(money) = self.at_risk.get_mut(arm).and_then(|tiers| tiers.get_mut(tier)) {
            money.0 = money.0.saturating_add(episode.value_at_risk.0);
        }
    }

    /// Adds another partition's.
    pub fn add(&mut self, other: &Self) {
        fn each(to: &mut [u64], from: &[u64]) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
        each(self.banded.as_flattened_mut(), other.banded.as_flattened());
        each(self.open.as_flattened_mut().as_flattened_mut(), other.open.as_flattened().as_flattened());
        for (to, from) in self.at_risk.as_flattened_mut().iter_mut().zip(other.at_risk.as_flattened()) {
            to.0 = to.0.saturating_add(from.0);
        }
    }
}
