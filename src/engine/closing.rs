//! The close of a day: every customer is scored once, bands move, episodes open, escalate, lapse, outcomes mature.
//!
//! A close may be cut anywhere and begun anew: what was done once is not done again.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Episode, Standing, Suppression, Transition};
use crate::engine::alerting::value::Tier;
use crate::engine::assess::{Assessed, held_out, purchase_known_after};
use crate::engine::day::Day;
use crate::engine::drift::Seen;
use crate::engine::effect::{Alert, Effect, Matured, Moment};
use crate::engine::money::Money;
use crate::engine::packed::layers::Slot;
use crate::engine::partition::{Engine, Sweep};
use crate::engine::placing::Place;
use crate::engine::rfm::settled::Rhythm;
use crate::engine::step::Outcome;

/// Somebody to warn about, with what decides the order of being served.
struct Candidate {
    tier: Tier,
    /// Absent where the playbook does not rank by it.
    uplift: Option<Money>,
    value_at_risk: Money,
    hash: u64,
    slot: Slot,
}

impl Engine {
    pub(crate) fn close(&mut self, day: Day, stale: bool, budget: usize, out: &mut Vec<Effect>) -> Outcome {
        self.clock.closing = Some(day);
        let mut sweep = match self.sweep.take().filter(|sweep| sweep.day == day) {
            Some(sweep) => sweep,
            None => Sweep { day, next: 0, served: self.served(day, stale), seen: Seen::default() },
        };
        let end = self.state.slots();
        self.state.fetch_due(sweep.next, end, day, budget);
        for _ in 0..budget {
            let Some(slot) = self.state.next_due(sweep.next, end, day) else {
                sweep.next = end;
                break;
            };
            sweep.next = slot + 1;
            self.close_customer(slot, day, stale, &mut sweep, out);
        }
        if sweep.next < end {
            self.sweep = Some(sweep);
            return Outcome::Closing;
        }
        self.clock.closing = None;
        self.clock.closed = Some(day);
        self.drift = Arc::new(self.drift.after(day, sweep.seen, self.in_force.model().horizon_days()));
        Outcome::Closed
    }

    /// The customers that get the day's places: most uplift first where the playbook ranks by it, then most value at risk,
    /// then by hash.
    fn served(&mut self, day: Day, stale: bool) -> Option<HashSet<Slot>> {
        if stale || !self.publishes(day) || self.policy.capacity.iter().all(Option::is_none) {
            return None;
        }
        let (mut candidates, mut next, end) = (Vec::new(), 0, self.state.slots());
        while let Some(slot) = self.state.next_due(next, end, day) {
            next = slot + 1;
            self.state.look(slot);
            candidates.extend(self.candidate(slot, day));
        }
        candidates
            .sort_by_key(|candidate| (Reverse(candidate.uplift), Reverse(candidate.value_at_risk), candidate.hash));
        let mut left = Tier::ALL.map(|tier| self.places_left(day, tier).unwrap_or(u32::MAX));
        let mut served = HashSet::new();
        for candidate in candidates {
            match left.get_mut(candidate.tier as usize) {
                Some(places) if *places > 0 => {
                    *places -= 1;
                    served.insert(candidate.slot);
                }
                _ => {}
            }
        }
        Some(served)
    }

    fn candidate(&self, slot: Slot, day: Day) -> Option<Candidate> {
        let customer = self.state.get(slot)?;
        if customer.standing.episode.is_some() {
            return None;
        }
        let judge = self.judge();
        let assessed = judge.assess(&customer.profile, day)?;
        let standing = customer.standing.after(&judge.thresholds(), day, assessed.silence);
        if standing.above_since.is_none() || judge.suppression(&customer.profile, &standing, &assessed, day).is_some() {
            return None;
        }
        let tier = judge.tier_after(customer, day);
        let uplift = self.policy.playbook.uplift.as_ref().map(|uplift| {
            // The segment is the one that the close is about to give, under which an episode would open.
            let rhythm = assessed.view.rhythm.as_ref();
            let place = rhythm.map(|rhythm| judge.place(customer, rhythm, day, standing.band));
            uplift.of(tier, place.and_then(|place| place.segment))
        });
        let value_at_risk = judge.value_at_risk(&customer.profile, &assessed);
        Some(Candidate { tier, uplift, value_at_risk, hash: customer.hash, slot })
    }

    fn close_customer(&mut self, slot: Slot, day: Day, stale: bool, sweep: &mut Sweep, out: &mut Vec<Effect>) {
        if !self.state.look(slot) {
            return self.state.sleep_until(slot, Day(i32::MAX));
        }
        let hidden = self.is_held_out(slot);
        self.mature(slot, day, out);
        let first = out.len();
        let assessed = self.close_present(slot, day, (stale, hidden), sweep, out);
        let Some(customer) = self.state.get(slot) else { return };
        let told = out.iter().skip(first).rev().find_map(|effect| match effect {
            Effect::Risk(risk) => Some(&**risk),
            _ => None,
        });
        let next = self.judge().next_look(customer, assessed.as_ref(), told, day);
        self.state.sleep_until(slot, next);
    }

    /// `hidden`: the customer was held out when the close came to it. Gives how it was seen, if its silence is scored.
    fn close_present(
        &mut self,
        slot: Slot,
        day: Day,
        (stale, hidden): (bool, bool),
        sweep: &mut Sweep,
        out: &mut Vec<Effect>,
    ) -> Option<Assessed> {
        let customer = self.state.get(slot)?;
        let judge = self.judge();
        let before = customer.standing;
        let (rhythm, assessed) = judge.fold(&customer.profile, day);
        let thresholds = judge.thresholds();
        match (&assessed, &rhythm) {
            (Some(assessed), _) => judge.see(assessed, customer.hash, &mut sweep.seen),
            (None, Some(rhythm)) if judge.exceeds_on(rhythm, day) => sweep.seen.exceed(),
            (None, _) => {}
        }
        if purchase_known_after(&customer.profile, day) {
            // The silence is over already: what the day looked like is not told any more, and who may be contacted again is
            // told by the close that tells of the purchase.
            let warned = assessed.is_some_and(|assessed| thresholds.enters(assessed.silence));
            if warned && before.episode.is_none() {
                self.count(Suppression::PurchaseKnown);
            }
            return None;
        }
        let Some(assessed) = assessed else {
            self.close_unscored(slot, rhythm.as_ref(), hidden, day, out);
            return None;
        };
        let entered = before.after(&thresholds, day, assessed.silence);
        let place = assessed.view.rhythm.as_ref().map(|rhythm| judge.place(customer, rhythm, day, entered.band));
        let generation = self.in_force.generation;
        let after = Standing { generation, ..placed(told(&entered, day), place) };
        self.stand(slot, &before, after);
        match before.episode {
            Some(episode) => {
                let calmed = is_due(before.calmed, day) && assessed.silence < thresholds.exit();
                self.continue_episode(slot, &episode, &assessed, calmed, out);
            }
            None if after.above_since.is_some() => {
                let served = sweep.served.as_ref().is_none_or(|served| served.contains(&slot));
                self.consider(slot, &assessed, &before, stale, served, out);
            }
            None => {}
        }
        let changed = after.band != before.band
            || (after.tier, after.segment) != (before.tier, before.segment)
            || after.generation != before.generation
            || is_due(before.purchased, day);
        let opened = self.state.get(slot).is_some_and(|now| now.standing.episode != before.episode);
        if self.publishes(day.plus(1))
            && (changed || opened || hidden != self.is_held_out(slot))
            && let Some(customer) = self.state.get(slot)
        {
            let risk = self.judge().risk(customer, day, Moment::Close(day), Some(&assessed));
            out.push(Effect::Risk(Box::new(risk)));
        }
        Some(assessed)
    }

    /// Escalates the open episode to a band not reached before, or ends it because an event calmed the score.
    fn continue_episode(
        &mut self,
        slot: Slot,
        episode: &Episode,
        assessed: &Assessed,
        calmed: bool,
        out: &mut Vec<Effect>,
    ) {
        let moment = Moment::Close(assessed.view.day);
        if calmed {
            self.end(slot, Transition::Resolved(Cause::Score), moment, out);
            return;
        }
        let Some(customer) = self.state.get(slot) else { return };
        let band = customer.standing.band.unwrap_or(Band::Low);
        if band <= episode.band {
            return;
        }
        let risen = Episode { band, ..*episode };
        if episode.published {
            let alert = self.alert(customer, &risen, Some(assessed), moment);
            let (transition, previous_band) = (Transition::Escalated, Some(episode.band));
            let clears = self.judge().clears(assessed, moment);
            out.push(Effect::Alert(Box::new(Alert { transition, previous_band, clears, ..alert })));
        }
        if let Some(customer) = self.state.touch(slot) {
            customer.standing.episode = Some(risen);
        }
    }

    /// Opens an episode for a customer at or above the threshold, or counts why not.
    fn consider(
        &mut self,
        slot: Slot,
        assessed: &Assessed,
        before: &Standing,
        stale: bool,
        served: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some(customer) = self.state.get(slot) else { return };
        let suppressed = self.judge().suppression(&customer.profile, &customer.standing, assessed, assessed.view.day);
        let suppressed = suppressed.or(stale.then_some(Suppression::Stale));
        if let Some(reason) = suppressed.or((!served).then_some(Suppression::Capacity)) {
            self.count(reason);
        } else {
            let day = assessed.view.day;
            self.open_from(slot, assessed, before.band, day, out);
        }
    }

    /// Opens an episode at a close; `previous` is the band of the close before.
    fn open_from(&mut self, slot: Slot, assessed: &Assessed, previous: Option<Band>, day: Day, out: &mut Vec<Effect>) {
        let first = out.len();
        self.open(slot, assessed, day, Moment::Close(day), out);
        for effect in out.iter_mut().skip(first) {
            if let Effect::Alert(alert) = effect {
                alert.previous_band = previous;
            }
        }
    }

    /// A customer that is not scored: it never bought, has lapsed, or its only purchases lie after the day.
    fn close_unscored(&mut self, slot: Slot, rhythm: Option<&Rhythm>, hidden: bool, day: Day, out: &mut Vec<Effect>) {
        let Some(customer) = self.state.get(slot) else { return };
        let before = customer.standing;
        let place = rhythm.map(|rhythm| self.judge().place(customer, rhythm, day, None));
        let generation = self.in_force.generation;
        let silent = Standing { band: None, above_since: None, generation, ..told(&before, day) };
        let after = placed(silent, place);
        self.stand(slot, &before, after);
        if before.episode.is_some() {
            self.end(slot, Transition::Lapsed, Moment::Close(day), out);
        }
        let Some(customer) = self.state.get(slot) else { return };
        let changed = before.band.is_some()
            || (after.tier, after.segment) != (before.tier, before.segment)
            || is_due(before.purchased, day)
            || hidden != self.is_held_out(slot)
            || generation != before.generation && (rhythm.is_some() || customer.profile.marks.opt_out.is_some());
        if changed && self.publishes(day.plus(1)) {
            let risk = self.judge().risk(customer, day, Moment::Close(day), None);
            out.push(Effect::Risk(Box::new(risk)));
        }
    }

    fn is_held_out(&self, slot: Slot) -> bool {
        self.state.get(slot).is_some_and(|customer| held_out(&customer.standing))
    }

    /// Notes where a customer stands after a close; one whose standing stays the same is not touched.
    fn stand(&mut self, slot: Slot, before: &Standing, after: Standing) {
        if after == *before {
            return;
        }
        if after.segment != before.segment {
            *self.moves.entry((before.segment, after.segment)).or_default() += 1;
            let policy = self.policy.clone();
            if let Some(segment) = after.segment.and_then(|segment| policy.segments.find(segment)) {
                self.names.keep(&segment.name);
            }
        }
        if let Some(customer) = self.state.touch(slot) {
            customer.standing = after;
        }
    }

    /// Measures the outcome of an episode once W days have passed since its opening.
    fn mature(&mut self, slot: Slot, day: Day, out: &mut Vec<Effect>) {
        let Some(customer) = self.state.get(slot) else { return };
        let Some(pending) = customer.standing.pending else { return };
        let until = pending.opened.plus(self.policy.outcome_days);
        if day < until {
            return;
        }
        let window = customer.profile.between(pending.counts_from, until, self.policy.lateness_days);
        let margin = Money(libm::rint(window.net.0 as f64 * self.policy.margin_rate) as i64);
        out.push(Effect::Matured(Box::new(Matured {
            customer: customer.id.as_str().into(),
            day,
            pending,
            window,
            margin,
        })));
        if let Some(customer) = self.state.touch(slot) {
            customer.standing.pending = None;
        }
    }
}

/// Whether what was noted for the close of a day is due at this one.
fn is_due(noted: Option<Day>, day: Day) -> bool {
    noted.is_some_and(|noted| noted <= day)
}

/// What was noted for this close or an earlier one is told and done with.
fn told(standing: &Standing, day: Day) -> Standing {
    let later = |noted: Option<Day>| noted.filter(|noted| *noted > day);
    Standing { calmed: later(standing.calmed), purchased: later(standing.purchased), ..*standing }
}

/// The standing of a customer with a place, or without a purchase.
fn placed(standing: Standing, place: Option<Place>) -> Standing {
    Standing { tier: place.map(|place| place.tier), segment: place.and_then(|place| place.segment), ..standing }
}
