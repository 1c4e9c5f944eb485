//! Who is who. The profile of an alias goes over to the id that its customer goes on under, and so does whatever comes for
//! the alias later.
//!
//! Either id's partition knows only its own, so they speak in messages: an identity tells its alias ([`Body::Merge`]), which
//! hands its profile over ([`Body::Merged`]) and passes on what comes. Messages move nobody's clock.

use crate::engine::alerting::episode::{Standing, Transition, Withdrawal};
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::effect::{Effect, Moment};
use crate::engine::erasure::Erasure;
use crate::engine::event::{Body, Event, Handover, Reason};
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::packed::customer::{Customer, pack, unpack};
use crate::engine::packed::layers::Slot;
use crate::engine::partition::Engine;
use crate::engine::rfm::chronicle::{Alias, Chronicle};
use crate::engine::rfm::open::Entry;
use crate::engine::rfm::profile::Profile;
use crate::engine::step::Outcome;

/// Longest packed profile that is handed over, in bytes: as text it must fit a record.
const MAX_HANDED: usize = 160 << 10;

impl Engine {
    /// What an event does that says who is who, or that is an alias's; `None`: it is the customer's own.
    pub(crate) fn who(&mut self, event: &Event<'_>, hash: u64, topic: usize, out: &mut Vec<Effect>) -> Option<Outcome> {
        let is_message = matches!(event.body, Body::Merge { .. } | Body::Merged { .. });
        if is_message && (!self.policy.merges || topic < self.clock.frontiers.len()) {
            return Some(Outcome::Rejected(Reason::UnknownType));
        }
        if !self.policy.merges {
            let rejected = matches!(event.body, Body::Identity { .. });
            return rejected.then_some(Outcome::Rejected(Reason::NeedsRekey));
        }
        let slot = self.state.find(event.customer, hash).filter(|slot| self.state.look(*slot));
        let moved_to = slot.and_then(|slot| self.chronicle(slot)?.moved_to.clone());
        match (event.body, moved_to) {
            (Body::Merge { into }, moved_to) => Some(self.hand_over(event, slot, moved_to, into, out)),
            (Body::Merged { alias, handover }, Some(to)) => {
                Some(self.pass_on(event, slot, &to, (alias, handover), out))
            }
            (Body::Merged { alias, handover }, None) => Some(self.take_in(event, slot, alias, handover, out)),
            (body, Some(to)) => {
                if matches!(body, Body::Forget) {
                    self.erase_id(event);
                }
                out.push(Effect::Forward { to });
                Some(Outcome::Forwarded)
            }
            (Body::Identity { alias }, None) => Some(self.identity(event, slot, alias, out)),
            (_, None) => None,
        }
    }

    /// What is kept for merging of whoever is in the slot in hand.
    fn chronicle(&self, slot: Slot) -> Option<&Chronicle> {
        self.state.get(slot)?.profile.chronicle.as_deref()
    }

    fn identity(&self, event: &Event<'_>, slot: Option<Slot>, alias: &str, out: &mut Vec<Effect>) -> Outcome {
        if let Some(known) = slot.and_then(|slot| self.chronicle(slot)) {
            if known.aliases.iter().any(|known| *known.id == *alias) {
                return Outcome::Duplicate;
            }
            if known.full {
                return Outcome::Rejected(Reason::StateFull);
            }
        }
        out.push(merge(event, alias, event.customer));
        Outcome::Applied
    }

    /// The customer of `event` is that of another id.
    fn hand_over(
        &mut self,
        event: &Event<'_>,
        slot: Option<Slot>,
        moved_to: Option<Box<str>>,
        into: &str,
        out: &mut Vec<Effect>,
    ) -> Outcome {
        match (slot, moved_to) {
            (Some(slot), Some(_)) if into == event.customer => {
                self.erase_id(event);
                self.state.remove(slot);
                out.push(Effect::ForgetProfile { customer: event.customer.into() });
                Outcome::Applied
            }
            (_, None) if into == event.customer => Outcome::Duplicate,
            (_, Some(to)) if *to == *into => Outcome::Duplicate,
            (_, Some(to)) => {
                // One id goes on under two others, so these two are one as well.
                out.push(merge(event, &to, into));
                Outcome::Applied
            }
            (Some(slot), None) => match self.chronicle(slot) {
                Some(known) if !known.full => self.leave(event, slot, into, out),
                Some(_) | None => Outcome::Rejected(Reason::StateFull),
            },
            (None, None) if self.is_full() => Outcome::Rejected(Reason::StateFull),
            (None, None) => {
                let slot = self.state.add(event.customer);
                if let Some(customer) = self.state.touch(slot) {
                    customer.profile.chronicle = Some(Box::default());
                }
                self.leave(event, slot, into, out)
            }
        }
    }

    /// The customer in `slot` leaves for another id. Its open warning is withdrawn, its outcome not measured any more.
    fn leave(&mut self, event: &Event<'_>, slot: Slot, into: &str, out: &mut Vec<Effect>) -> Outcome {
        let Some(customer) = self.state.get(slot) else { return Outcome::Rejected(Reason::StateFull) };
        let (names, mut writer) = (self.names_of(&customer.profile), Writer::default());
        pack(&mut writer, &customer.profile, &customer.standing);
        let record = writer.bytes().to_vec();
        if record.len() > MAX_HANDED {
            return Outcome::Rejected(Reason::StateFull);
        }
        let warned = customer.standing.episode.is_some();
        if warned {
            let moment = Moment::Event(event.time, event.day);
            self.end(slot, Transition::Withdrawn(Withdrawal::Merged), moment, out);
        }
        let generation = self.in_force.generation;
        if let Some(Customer { profile, standing, .. }) = self.state.touch(slot) {
            profile.clear();
            profile.newest = event.day;
            profile.chronicle = Some(Box::new(Chronicle { moved_to: Some(into.into()), ..Chronicle::default() }));
            *standing = Standing { generation, ..Standing::default() };
        }
        out.push(Effect::ForgetProfile { customer: event.customer.into() });
        let handover = Handover { record, names, via: vec![Tag::of(event.customer)] };
        out.push(merged(event, event.customer, into, handover));
        Outcome::Applied
    }

    /// A profile came for an id that is an alias itself. Where ids are aliases of each other in a circle, it has been
    /// through here before: the one with the least tag is the customer's own then.
    fn pass_on(
        &mut self,
        event: &Event<'_>,
        slot: Option<Slot>,
        to: &str,
        (alias, handover): (&str, &Handover),
        out: &mut Vec<Effect>,
    ) -> Outcome {
        let own = Tag::of(event.customer);
        let circle = handover.via.iter().position(|passed| *passed == Tag::of(to));
        let circle = circle.and_then(|from| handover.via.get(from..));
        if circle.is_some_and(|circle| circle.iter().all(|passed| *passed >= own)) {
            if let Some(customer) = slot.and_then(|slot| self.state.touch(slot)) {
                customer.profile = Profile { chronicle: Some(Box::default()), ..Profile::default() };
            }
            return self.take_in(event, slot, alias, handover, out);
        }
        let via = handover.via.iter().copied().chain([own]).collect();
        out.push(merged(event, alias, to, Handover { via, ..handover.clone() }));
        Outcome::Applied
    }

    /// The profile of an alias becomes part of the customer's. What the alias was warned of is told no more, but it counts
    /// for the time until the next warning.
    fn take_in(
        &mut self,
        event: &Event<'_>,
        slot: Option<Slot>,
        alias: &str,
        handover: &Handover,
        out: &mut Vec<Effect>,
    ) -> Outcome {
        let (mut profile, mut standing, mut names) = (Profile::default(), Standing::default(), Vec::new());
        if unpack(Reader::begin(&handover.record, &mut names), &mut profile, &mut standing).is_none() {
            return Outcome::Rejected(Reason::BadField);
        }
        let said = Alias { id: alias.into(), said: event.tag };
        match slot.and_then(|slot| self.chronicle(slot)) {
            Some(known) if known.aliases.contains(&said) => return Outcome::Duplicate,
            Some(_) => {}
            None if slot.is_none() && !self.is_full() => {}
            None => return Outcome::Rejected(Reason::StateFull),
        }
        let slot = slot.unwrap_or_else(|| self.state.add(event.customer));
        let (generation, lateness_days) = (self.in_force.generation, self.policy.lateness_days);
        let Some(customer) = self.state.touch(slot) else { return Outcome::Rejected(Reason::StateFull) };
        let (opted_out, bought) = (customer.profile.marks.opt_out.is_some(), last_purchase(&customer.profile));
        if customer.profile.chronicle.is_none() {
            // Nothing was known of the customer.
            customer.profile.chronicle = Some(Box::default());
            customer.standing.generation = generation;
        }
        if customer.profile.merge(&profile, lateness_days).is_none() {
            return Outcome::Rejected(Reason::StateFull);
        }
        if let Some(chronicle) = &mut customer.profile.chronicle {
            chronicle.aliases.push(said);
            chronicle.aliases.sort_unstable();
        }
        let own = &mut customer.standing;
        own.ended = own.ended.max(standing.ended).max(standing.episode.map(|_| event.day));
        if own.told.map(|told| told.ended) < standing.told.map(|told| told.ended) {
            own.told = standing.told;
        }
        for name in &handover.names {
            self.names.learn(name);
        }
        let moment = Moment::Event(event.time, event.day);
        if let Some(day) = last_purchase(&profile).filter(|day| bought < Some(*day)) {
            self.purchased(slot, day, true, moment, out);
        }
        if profile.marks.opt_out.is_some() && !opted_out {
            self.withdraw(slot, moment, out);
        }
        Outcome::Applied
    }

    /// What came for an id before it was erased is dropped, also once it is nobody's alias any more.
    fn erase_id(&mut self, event: &Event<'_>) {
        let erasure = Erasure { time: event.time, day: event.day };
        self.erasures.insert(self.erasures.key(event.customer), erasure);
    }

    /// The names that a profile's tags stand for, as far as they are known.
    fn names_of(&self, profile: &Profile) -> Vec<String> {
        let orders = profile.chronicle.iter().flat_map(|chronicle| &chronicle.orders);
        let bought = orders.flat_map(|order| order.channel.into_iter().chain(order.category));
        let causes = profile.marks.cause.0.iter().map(|mark| mark.value);
        let mut tags: Vec<Tag> = bought.chain(causes).collect();
        tags.sort_unstable();
        tags.dedup();
        tags.into_iter().filter_map(|tag| self.names.get(tag)).map(str::to_owned).collect()
    }
}

/// To the partition of an alias: it is one. `event` says so.
pub(crate) fn merge(event: &Event<'_>, alias: &str, into: &str) -> Effect {
    Effect::Merge { customer: alias.into(), into: into.into(), said: event.tag, time: event.time }
}

/// To the partition of the id that an alias is merged into: its profile.
fn merged(event: &Event<'_>, alias: &str, into: &str, handover: Handover) -> Effect {
    let handover = Box::new(handover);
    Effect::Merged { customer: into.into(), alias: alias.into(), said: event.tag, time: event.time, handover }
}

/// The day of a customer's last purchase.
fn last_purchase(profile: &Profile) -> Option<Day> {
    let open = profile.orders.iter().rev().find(|order| matches!(order.entry, Entry::Purchase(_)));
    open.map(|order| order.day).max(profile.rhythm.map(|rhythm| rhythm.last))
}
