//! Opening and ending episodes, the same for events and closes.

use crate::engine::alerting::capacity::quota;
use crate::engine::alerting::episode::{Episode, PendingOutcome, Suppression, Transition};
use crate::engine::alerting::holdout::arm;
use crate::engine::alerting::value::Tier;
use crate::engine::assess::Assessed;
use crate::engine::day::Day;
use crate::engine::effect::{Alert, Effect, Moment};
use crate::engine::partition::Engine;
use crate::engine::state::{Customer, Slot};

impl Engine {
    /// The day as of which an event's consequences are told: its own, or the last closed one if it came late.
    pub(crate) fn seen_from(&self, moment: Moment) -> Day {
        self.clock.closed.map_or(moment.day(), |closed| closed.max(moment.day()))
    }

    /// Ends the open episode because of an event or a close, and tells the new risk at once.
    pub(crate) fn end(&mut self, slot: Slot, transition: Transition, moment: Moment, out: &mut Vec<Effect>) {
        let day = self.seen_from(moment);
        let Some(customer) = self.state.touch(slot) else { return };
        let Some(episode) = customer.standing.episode.take() else { return };
        customer.standing.ended = Some(day.max(episode.opened));
        customer.standing.calmed = None;
        let Some(customer) = self.state.get(slot) else { return };
        let judge = self.judge();
        if episode.published {
            let assessed = judge.assess(&customer.profile, day);
            let alert = self.alert(customer, &episode, assessed.as_ref(), moment);
            out.push(Effect::Alert(Box::new(Alert { transition, previous_band: Some(episode.band), ..alert })));
        }
        if !matches!(moment, Moment::Close(_)) {
            out.push(Effect::Risk(Box::new(judge.risk(customer, day, moment))));
        }
    }

    /// The alert of an episode as things stand; the caller sets the transition.
    pub(crate) fn alert(
        &self,
        customer: &Customer,
        episode: &Episode,
        assessed: Option<&Assessed>,
        moment: Moment,
    ) -> Alert {
        let judge = self.judge();
        let value = assessed.map_or(episode.value_at_risk, |seen| judge.value_at_risk(&customer.profile, seen));
        Alert {
            customer: customer.id.clone(),
            transition: Transition::Opened,
            moment,
            opened: episode.opened,
            band: episode.band,
            previous_band: None,
            arm: episode.arm,
            propensity: episode.propensity,
            tier: episode.tier,
            value_at_risk: value,
            score: assessed.and_then(|seen| judge.scored(seen)),
        }
    }

    /// Places that `tier` still has on `day` in this partition; `None`: no limit.
    pub(crate) fn places_left(&self, day: Day, tier: Tier) -> Option<u32> {
        let capacity = self.policy.capacity.get(tier as usize).copied().flatten()?;
        let quota = quota(capacity, self.partition, self.policy.partitions, day);
        Some(quota.saturating_sub(self.used.on(day, tier)))
    }

    pub(crate) fn count(&mut self, reason: Suppression) {
        if let Some(count) = self.suppressed.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// Whether openings on `day` are heard of.
    pub(crate) fn publishes(&self, day: Day) -> bool {
        self.publish_from.is_none_or(|from| day >= from)
    }

    /// Opens an episode.
    pub(crate) fn open(&mut self, slot: Slot, assessed: &Assessed, opened: Day, moment: Moment, out: &mut Vec<Effect>) {
        let Some(customer) = self.state.get(slot) else { return };
        let judge = self.judge();
        let policy = &self.policy;
        let previous = customer.standing.band;
        let band = judge.thresholds().next(previous, assessed.silence);
        let tier = judge.tier(&customer.profile, assessed.view.day);
        let arm = arm(&customer.id, opened, &policy.holdout_salt, policy.holdout_share);
        let published = self.publishes(opened);
        let value_at_risk = judge.value_at_risk(&customer.profile, assessed);
        let propensity = 1.0 - policy.holdout_share;
        let last_purchase = assessed.last;
        let episode = Episode { opened, last_purchase, band, tier, arm, published, value_at_risk, propensity };
        let segment = customer.standing.segment;
        let immediate = matches!(moment, Moment::Event(..));
        let counts_from = if immediate { opened } else { opened.plus(1) };
        let pending = PendingOutcome { opened, counts_from, band, tier, arm, contacted: false, propensity, segment };
        if published {
            self.used.take(opened, tier);
            if let Some(customer) = self.state.get(slot) {
                let alert = self.alert(customer, &episode, Some(assessed), moment);
                out.push(Effect::Alert(Box::new(Alert { previous_band: previous, ..alert })));
            }
        }
        let Some(customer) = self.state.touch(slot) else { return };
        customer.standing.episode = Some(episode);
        customer.standing.tier = Some(tier);
        if published {
            customer.standing.pending = (self.policy.outcome_days > 0).then_some(pending);
            customer.standing.last_opened = Some(opened);
        }
        if immediate {
            customer.standing.band = Some(band);
            if let Some(customer) = self.state.get(slot) {
                let risk = self.judge().risk(customer, assessed.view.day, moment);
                out.push(Effect::Risk(Box::new(risk)));
            }
        }
    }
}
