//! Opening and ending episodes, the same for events and closes.

use crate::engine::alerting::capacity::quota;
use crate::engine::alerting::episode::{Episode, PendingOutcome, Suppression, Told, Transition};
use crate::engine::alerting::holdout::{Arm, arm};
use crate::engine::alerting::value::Tier;
use crate::engine::assess::Assessed;
use crate::engine::customer::uniform;
use crate::engine::day::Day;
use crate::engine::effect::{Alert, Changed, Effect, Moment};
use crate::engine::packed::customer::Customer;
use crate::engine::packed::layers::Slot;
use crate::engine::partition::Engine;

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
        let ended = day.max(episode.opened);
        customer.standing.ended = Some(ended);
        customer.standing.calmed = None;
        if episode.published && episode.arm == Arm::Treated {
            let Episode { opened, band, score, value_at_risk, .. } = episode;
            customer.standing.told = Some(Told { opened, ended, ending: transition, band, score, value_at_risk });
        }
        let Some(customer) = self.state.get(slot) else { return };
        let (judge, at_once) = (self.judge(), !matches!(moment, Moment::Close(_)));
        let assessed = if episode.published || at_once { judge.assess(&customer.profile, day) } else { None };
        if episode.published {
            let alert = self.alert(customer, &episode, assessed.as_ref(), moment);
            out.push(Effect::Alert(Box::new(Alert { transition, previous_band: Some(episode.band), ..alert })));
        }
        if at_once && self.tells_at_once(moment) {
            out.push(Effect::Risk(Box::new(judge.risk(customer, day, moment, assessed.as_ref()))));
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
            customer: customer.id.as_str().into(),
            transition: Transition::Opened,
            moment,
            opened: episode.opened,
            band: episode.band,
            previous_band: None,
            arm: episode.arm,
            propensity: episode.propensity,
            tier: episode.tier,
            segment: customer.standing.segment,
            rfm: assessed.and_then(|seen| {
                let rhythm = seen.view.rhythm.as_ref()?;
                Some(judge.rfm(&customer.profile, rhythm, seen.view.day))
            }),
            value_at_risk: value,
            recommended: episode.recommended,
            changed: None,
            clears: 0,
            score: assessed.and_then(|seen| judge.scored(&customer.profile, seen)),
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

    /// Whether openings on `day` are heard of, and the risk that changes while it is open or with the close that opens it.
    pub(crate) fn publishes(&self, day: Day) -> bool {
        self.publish_from.is_none_or(|from| day >= from)
    }

    /// Whether the risk that an event changes is told at once; else the close before the first openings tells of it.
    pub(crate) fn tells_at_once(&self, moment: Moment) -> bool {
        self.publishes(self.clock.open_day().unwrap_or(moment.day()))
    }

    /// Opens an episode.
    pub(crate) fn open(&mut self, slot: Slot, assessed: &Assessed, opened: Day, moment: Moment, out: &mut Vec<Effect>) {
        let Some(customer) = self.state.get(slot) else { return };
        let judge = self.judge();
        let policy = &self.policy;
        let previous = customer.standing.band;
        let band = judge.thresholds().next(previous, assessed.silence);
        let tier = judge.tier(customer, assessed.view.day);
        let published = self.publishes(opened);
        let value_at_risk = judge.value_at_risk(&customer.profile, assessed);
        // The action is drawn before the arm, so a held-out episode tells what would have been done.
        let ticket = action_ticket(&customer.id, opened, &policy.holdout_salt);
        let drawn = policy.playbook.draw(&judge.situation(customer, assessed, tier), value_at_risk, ticket);
        let names = drawn.map(|(rule, action, _)| (rule.name.clone(), action.name.clone()));
        let recommended = drawn.map(|(_, _, recommended)| recommended);
        let arm = arm(&customer.id, opened, &policy.holdout_salt, policy.holdout_share);
        let propensity = 1.0 - policy.holdout_share;
        let (last_purchase, score) = (assessed.last, assessed.silence);
        let episode = Episode {
            opened,
            last_purchase,
            band,
            tier,
            arm,
            published,
            value_at_risk,
            propensity,
            score,
            recommended,
        };
        let segment = customer.standing.segment;
        let immediate = matches!(moment, Moment::Event(..));
        let counts_from = if immediate { opened } else { opened.plus(1) };
        let pending =
            PendingOutcome { opened, counts_from, band, tier, arm, contacted: false, propensity, segment, recommended };
        if let Some((rule, action)) = names {
            self.names.keep(&rule);
            self.names.keep(&action);
        }
        if published {
            self.used.take(opened, tier);
            if let Some(customer) = self.state.get(slot) {
                let alert = self.alert(customer, &episode, Some(assessed), moment);
                let changed = self.changed(customer, assessed.view.day);
                let clears = self.judge().clears(assessed, moment);
                out.push(Effect::Alert(Box::new(Alert { previous_band: previous, changed, clears, ..alert })));
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
            if self.tells_at_once(moment)
                && let Some(customer) = self.state.get(slot)
            {
                let risk = self.judge().risk(customer, assessed.view.day, moment, Some(assessed));
                out.push(Effect::Risk(Box::new(risk)));
            }
        }
    }

    /// What happened up to `day` since the last episode that the CRM heard of.
    fn changed(&self, customer: &Customer, day: Day) -> Option<Changed> {
        let last = customer.standing.told?;
        let since = customer.profile.between(last.ended, day, self.policy.lateness_days);
        Some(Changed { last, since })
    }
}

/// The ticket that an episode's action is drawn with, uniform in [0, 1): the same on any replay.
fn action_ticket(customer: &str, opened: Day, salt: &str) -> f64 {
    uniform(&[b"action", salt.as_bytes(), customer.as_bytes(), &opened.0.to_le_bytes()])
}
