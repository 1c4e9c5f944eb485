//! All customers of a partition in a few bytes each: what they are listed and counted by.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::assess::held_out;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::packed::layers::Slot;
use crate::engine::partition::Engine;

/// A customer with a purchase, as it was when the roster was made. Of whoever is held out no band and no warning is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Listed {
    /// The partition.
    pub partition: u32,
    /// The customer's slot there: another may be in it by now.
    pub slot: Slot,
    /// Hash of the customer's id.
    pub hash: u64,
    /// Band at the last close.
    pub band: Option<Band>,
    /// Value tier.
    pub tier: Tier,
    /// Segment at the last close.
    pub segment: Option<Tag>,
    /// The day that the open warning opened, if the CRM heard of one.
    pub opened: Option<Day>,
    /// Days since the last purchase.
    pub silence_days: i32,
    /// Silence score; `None` once the silence has become churn.
    pub score: Option<f32>,
    /// Margin at risk.
    pub value_at_risk: Money,
}

impl Engine {
    /// Adds at most `budget` customers from slot `next` on; gives where to go on.
    pub fn roster(&self, next: Slot, budget: usize, listed: &mut Vec<Listed>) -> Option<Slot> {
        let (judge, end) = (self.judge(), next.saturating_add(budget as Slot).min(self.state.slots()));
        for slot in next..end {
            let Some(customer) = self.state.peek(slot) else { continue };
            let (profile, standing) = (&customer.profile, &customer.standing);
            let day = self.clock.closed.map_or(profile.newest, |closed| closed.max(profile.newest));
            let Some(outlook) = judge.outlook(profile, &profile.view(day, judge.policy.lateness_days)) else {
                continue;
            };
            let told = !held_out(standing);
            listed.push(Listed {
                partition: self.partition,
                slot,
                hash: customer.hash,
                band: standing.band.filter(|_| told),
                tier: judge.tier(&customer, day),
                segment: standing.segment.filter(|_| told),
                opened: standing.episode.filter(|episode| told && episode.published).map(|episode| episode.opened),
                silence_days: outlook.silence_days,
                score: outlook.silence.map(|score| score as f32),
                value_at_risk: outlook.value_at_risk,
            });
        }
        (end < self.state.slots()).then_some(end)
    }
}
