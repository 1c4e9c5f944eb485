//! The events of each customer, as they came. What trains is replayed from here through the engine's own profile.

use std::collections::HashMap;

use crate::engine::customer::{Tag, customer_hash};
use crate::engine::day::{Day, Millis};
use crate::engine::event::{Body, Event, Interaction};
use crate::engine::money::Money;
use crate::engine::rfm::profile::Profile;

/// What an event says, without anything borrowed. Contacts, aliases and erasures are no part of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Purchase(Option<Tag>, Money),
    Refund(Option<Tag>, Option<Money>),
    Interaction(Interaction),
    OptOut,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Kept {
    tag: Tag,
    time: Millis,
    day: Day,
    said: Said,
}

/// One customer's events.
#[derive(Clone, Debug)]
pub struct CustomerHistory {
    /// Its id.
    pub customer: Box<str>,
    /// [`customer_hash`] of the id.
    pub hash: u64,
    events: Vec<Kept>,
}

/// All customers' events up to a day.
#[derive(Clone, Debug, Default)]
pub struct History {
    index: HashMap<Box<str>, usize>,
    /// The customers, in the order of their first events.
    pub customers: Vec<CustomerHistory>,
    /// Number of events.
    pub events: u64,
    /// The earliest and the latest day.
    pub span: Option<(Day, Day)>,
}

impl History {
    /// Takes an event in.
    pub fn add(&mut self, event: &Event<'_>) {
        let said = match event.body {
            Body::Purchase { order, amount } => Said::Purchase(order, amount),
            Body::Refund { order, amount } => Said::Refund(order, amount),
            Body::Interaction(interaction) => Said::Interaction(interaction),
            Body::OptOut => Said::OptOut,
            Body::Contacted { .. } | Body::Identity { .. } | Body::Forget => return,
        };
        let at = self.index.get(event.customer).copied().unwrap_or_else(|| {
            let id: Box<str> = event.customer.into();
            self.index.insert(id.clone(), self.customers.len());
            self.customers.push(CustomerHistory { hash: customer_hash(&id), customer: id, events: Vec::new() });
            self.customers.len() - 1
        });
        if let Some(customer) = self.customers.get_mut(at) {
            customer.events.push(Kept { tag: event.tag, time: event.time, day: event.day, said });
        }
        self.events += 1;
        let (first, last) = self.span.unwrap_or((event.day, event.day));
        self.span = Some((first.min(event.day), last.max(event.day)));
    }
}

impl CustomerHistory {
    /// Days with a purchase before `until`, ascending, each once.
    pub fn purchase_days(&self, until: Day) -> Vec<Day> {
        let purchases =
            self.events.iter().filter(|event| matches!(event.said, Said::Purchase(..)) && event.day < until);
        let mut days: Vec<Day> = purchases.map(|event| event.day).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Walks through the history: before each of `days` (ascending) is looked at, every event up to it is taken in.
    pub fn walk(&self, days: &[Day], lateness_days: i32, mut look: impl FnMut(Day, &Profile)) {
        let mut profile = Profile::default();
        let mut events = self.events.iter().peekable();
        for day in days {
            while let Some(kept) = events.next_if(|kept| kept.day <= *day) {
                profile.apply(&self.event(kept), lateness_days);
            }
            look(*day, &profile);
        }
    }

    fn event(&self, kept: &Kept) -> Event<'_> {
        let body = match kept.said {
            Said::Purchase(order, amount) => Body::Purchase { order, amount },
            Said::Refund(order, amount) => Body::Refund { order, amount },
            Said::Interaction(interaction) => Body::Interaction(interaction),
            Said::OptOut => Body::OptOut,
        };
        Event { tag: kept.tag, customer: &self.customer, time: kept.time, day: kept.day, body }
    }
}
