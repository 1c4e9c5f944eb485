//! What an event does at once: the profile takes it in, a purchase wins back, an opt-out withdraws, a complaint may warn.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Standing, Suppression, Transition, Withdrawal, episode_id};
use crate::engine::clock::Sighting;
use crate::engine::customer::customer_hash;
use crate::engine::day::Day;
use crate::engine::effect::{Alert, Effect, Moment};
use crate::engine::erasure::Erasure;
use crate::engine::event::{Body, Event, Interaction, Reason};
use crate::engine::merging::merge;
use crate::engine::money::Money;
use crate::engine::packed::layers::Slot;
use crate::engine::partition::Engine;
use crate::engine::rfm::cause::is_code;
use crate::engine::rfm::open::Entry;
use crate::engine::rfm::profile::{Applied, Profile};
use crate::engine::step::Outcome;

impl Engine {
    pub(crate) fn event(&mut self, event: &Event<'_>, topic: usize, settles: Day, out: &mut Vec<Effect>) -> Outcome {
        if self.erasures.covers(event) {
            if matches!(event.body, Body::Forget) {
                self.forget_again(event.customer, out);
            }
            if let Body::Merged { alias, .. } = event.body {
                // The other id was on its way when its customer was erased.
                out.push(merge(event, alias, alias));
            }
            return Outcome::Erased;
        }
        let hash = customer_hash(event.customer);
        if matches!(event.body, Body::Identity { alias } if alias == event.customer) {
            return Outcome::Duplicate;
        }
        if let Some(outcome) = self.who(event, hash, topic, out) {
            return outcome;
        }
        let sighting = Sighting { time: event.time, customer: hash, settles };
        let outcome = match event.body {
            Body::Identity { .. } | Body::Merge { .. } | Body::Merged { .. } => return Outcome::Duplicate,
            Body::Forget => self.forget(event, hash, out),
            Body::Contacted { episode, .. } => self.contacted(event, hash, episode),
            Body::Purchase { .. } | Body::Refund { .. } | Body::Interaction(_) | Body::OptOut => {
                self.apply(event, hash, out)
            }
        };
        // What also ends as a dead letter moves nobody's clock.
        if outcome == Outcome::Applied {
            self.clock.see(topic, event.day, sighting, self.policy.quorum);
        }
        outcome
    }

    fn apply(&mut self, event: &Event<'_>, hash: u64, out: &mut Vec<Effect>) -> Outcome {
        let lateness_days = self.policy.lateness_days;
        let known = self.state.find(event.customer, hash);
        match known {
            Some(slot) => _ = self.state.look(slot),
            None if self.is_full() => return Outcome::Rejected(Reason::StateFull),
            None => {}
        }
        let opted_out =
            known.and_then(|slot| self.state.get(slot)).is_some_and(|one| one.profile.marks.opt_out.is_some());
        let due = known.filter(|_| self.is_unheard(event)).and_then(|slot| self.state.due(slot));
        let watched = known.filter(|slot| due.is_none() && self.may_calm(*slot, event));
        let before = watched.and_then(|slot| self.score_now(slot, event.day));
        let kept = known.is_none() && self.policy.merges;
        let mut newcomer = Profile { chronicle: kept.then(Box::default), ..Profile::default() };
        let profile = match known.and_then(|slot| self.state.touch(slot)) {
            Some(customer) => &mut customer.profile,
            None => &mut newcomer,
        };
        let outcome = match profile.apply(event, lateness_days) {
            Applied::Duplicate => return Outcome::Duplicate,
            Applied::Rejected(reason) => return Outcome::Rejected(reason),
            Applied::Changed => Outcome::Applied,
            Applied::ChangedButUnknownOrder => Outcome::AppliedBut(Reason::UnknownOrder),
        };
        let generation = self.in_force.generation;
        let slot = known.unwrap_or_else(|| self.state.add(event.customer));
        if known.is_none()
            && let Some(customer) = self.state.touch(slot)
        {
            customer.profile = newcomer;
            customer.standing.generation = generation;
        }
        if let Some(due) = due {
            self.state.sleep_until(slot, due);
        }
        match event.body {
            Body::Purchase { manner, .. } => {
                for name in [manner.channel, manner.category].into_iter().flatten() {
                    self.names.learn(name);
                }
                let moment = Moment::Event(event.time, event.day);
                self.purchased(slot, event.day, self.is_newest(slot, event), moment, out);
            }
            Body::Interaction(interaction) => {
                if let Interaction::Note { cause } = interaction
                    && is_code(cause)
                {
                    self.names.learn(cause);
                }
                if self.policy.immediate >> interaction.kind() & 1 == 1 {
                    self.open_at_once(slot, event, out);
                }
            }
            Body::OptOut if !opted_out => self.withdraw(slot, Moment::Event(event.time, event.day), out),
            Body::OptOut
            | Body::Refund { .. }
            | Body::Contacted { .. }
            | Body::Identity { .. }
            | Body::Merge { .. }
            | Body::Merged { .. }
            | Body::Forget => {}
        }
        if let Some(before) = before {
            self.calm(slot, event, before);
        }
        outcome
    }

    /// Whether no close and no score is any different for the event: an interaction that nobody looks at.
    fn is_unheard(&self, event: &Event<'_>) -> bool {
        matches!(event.body, Body::Interaction(_))
            && !self.in_force.model().silence.hears()
            && !self.policy.segments.look_at_style()
    }

    /// The day at whose close an event of `day` counts: its own, or the open one if that is later.
    fn counts_on(&self, day: Day) -> Day {
        self.clock.open_day().map_or(day, |open| open.max(day))
    }

    /// Whether the event may end the customer's episode by calming the score.
    fn may_calm(&self, slot: Slot, event: &Event<'_>) -> bool {
        matches!(event.body, Body::Interaction(_) | Body::Refund { .. })
            && self.state.get(slot).is_some_and(|customer| customer.standing.episode.is_some())
    }

    fn score_now(&self, slot: Slot, day: Day) -> Option<f64> {
        let customer = self.state.get(slot)?;
        self.judge().assess(&customer.profile, self.counts_on(day)).map(|assessed| assessed.silence)
    }

    /// Notes whether this event, and not time, took the score below the exit threshold.
    fn calm(&mut self, slot: Slot, event: &Event<'_>, before: f64) {
        let exit = self.judge().thresholds().exit();
        if before < exit || self.score_now(slot, event.day).is_none_or(|after| after >= exit) {
            return;
        }
        let day = self.counts_on(event.day);
        if let Some(customer) = self.state.touch(slot) {
            customer.standing.calmed = customer.standing.calmed.max(Some(day));
        }
    }

    /// Whether the customer's newest purchase is this event.
    fn is_newest(&self, slot: Slot, event: &Event<'_>) -> bool {
        let orders = self.state.get(slot).map(|customer| customer.profile.orders.iter().rev());
        let newest = orders.and_then(|mut orders| orders.find(|one| matches!(one.entry, Entry::Purchase(_))));
        newest.is_some_and(|order| order.tag == event.tag)
    }

    /// A purchase of `day` ends the episode that it follows; where it is the newest, the silence begins anew.
    pub(crate) fn purchased(&mut self, slot: Slot, day: Day, newest: bool, moment: Moment, out: &mut Vec<Effect>) {
        let late = self.clock.closed.is_some_and(|closed| day <= closed);
        let counts_on = self.counts_on(day);
        let Some(customer) = self.state.touch(slot) else { return };
        let standing = &mut customer.standing;
        standing.purchased = standing.purchased.max(Some(counts_on));
        if newest {
            standing.band = standing.band.map(|_| Band::Low);
            standing.above_since = None;
        }
        if standing.episode.is_some_and(|episode| day > episode.last_purchase) {
            self.end(slot, Transition::Resolved(Cause::Purchase { late }), moment, out);
        }
    }

    /// An opt-out ends the open episode.
    pub(crate) fn withdraw(&mut self, slot: Slot, moment: Moment, out: &mut Vec<Effect>) {
        if self.state.get(slot).is_some_and(|customer| customer.standing.episode.is_some()) {
            self.end(slot, Transition::Withdrawn(Withdrawal::OptOut), moment, out);
        } else if self.tells_at_once(moment)
            && let Some(customer) = self.state.get(slot)
        {
            let risk = self.judge().risk(customer, self.seen_from(moment), moment, None);
            out.push(Effect::Risk(Box::new(risk)));
        }
    }

    fn open_at_once(&mut self, slot: Slot, event: &Event<'_>, out: &mut Vec<Effect>) {
        let Some(open_day) = self.clock.open_day() else { return };
        let Some(customer) = self.state.get(slot) else { return };
        if customer.standing.episode.is_some() {
            return;
        }
        let judge = self.judge();
        let Some(assessed) = judge.assess(&customer.profile, open_day.max(event.day)) else { return };
        if !judge.thresholds().enters(assessed.silence) {
            return;
        }
        let suppressed = judge
            .suppression(&customer.profile, &customer.standing, &assessed, open_day)
            .filter(|reason| *reason != Suppression::Dwell);
        let tier = judge.tier(customer, assessed.view.day);
        let full = self.publishes(open_day) && self.places_left(open_day, tier) == Some(0);
        match suppressed.or(full.then_some(Suppression::Capacity)) {
            Some(reason) => self.count(reason),
            None => self.open(slot, &assessed, open_day, Moment::Event(event.time, event.day), out),
        }
    }

    fn contacted(&mut self, event: &Event<'_>, hash: u64, episode: u128) -> Outcome {
        let meant =
            |opened: Option<Day>| opened.is_some_and(|opened| episode_id(event.customer, opened).as_u128() == episode);
        let known = self.state.find(event.customer, hash).filter(|slot| self.state.look(*slot));
        let slot =
            known.filter(|slot| self.state.get(*slot).is_some_and(|customer| meant(customer.standing.last_opened)));
        let Some(customer) = slot.and_then(|slot| self.state.touch(slot)) else {
            return Outcome::Rejected(Reason::UnknownEpisode);
        };
        // After its outcome has matured a contact changes nothing any more.
        let contacted =
            customer.standing.pending.as_mut().map(|pending| std::mem::replace(&mut pending.contacted, true));
        if contacted == Some(true) { Outcome::Duplicate } else { Outcome::Applied }
    }

    /// Asked for once more while nothing is known of the customer: it is said again, so that who asks gets an answer.
    fn forget_again(&mut self, customer: &str, out: &mut Vec<Effect>) {
        if self.state.find(customer, customer_hash(customer)).is_none() {
            self.erasures.repeat(self.erasures.key(customer));
            out.push(Effect::ForgetProfile { customer: customer.into() });
        }
    }

    fn forget(&mut self, event: &Event<'_>, hash: u64, out: &mut Vec<Effect>) -> Outcome {
        let erasure = Erasure { time: event.time, day: event.day };
        self.erasures.insert(self.erasures.key(event.customer), erasure);
        let forgotten = Effect::ForgetProfile { customer: event.customer.into() };
        let Some(slot) = self.state.find(event.customer, hash) else {
            // Other topics may still hold something of a customer that a rebuild did not bring back.
            out.push(forgotten);
            return Outcome::Applied;
        };
        self.state.look(slot);
        if self.state.get(slot).is_some_and(|customer| customer.standing.episode.is_some()) {
            self.erase_episode(slot, Moment::Event(event.time, event.day), out);
        }
        let generation = self.in_force.generation;
        let Some(customer) = self.state.touch(slot) else { return Outcome::Applied };
        if let Some(chronicle) = &customer.profile.chronicle {
            // Nothing is left that says who the other ids were.
            out.extend(chronicle.aliases.iter().map(|alias| merge(event, &alias.id, &alias.id)));
        }
        let left = customer.profile.forget(event.time, event.day);
        customer.standing = Standing { generation, ..Standing::default() };
        if !left {
            self.state.remove(slot);
        }
        out.push(forgotten);
        Outcome::Applied
    }

    /// Withdraws an episode without saying anything about the customer but its id.
    fn erase_episode(&self, slot: Slot, moment: Moment, out: &mut Vec<Effect>) {
        let Some(customer) = self.state.get(slot) else { return };
        let Some(episode) = customer.standing.episode.filter(|episode| episode.published) else { return };
        let alert = self.alert(customer, &episode, None, moment);
        out.push(Effect::Alert(Box::new(Alert {
            transition: Transition::Withdrawn(Withdrawal::Erasure),
            previous_band: Some(episode.band),
            value_at_risk: Money::ZERO,
            ..alert
        })));
    }
}
