//! The events of each customer, as they came. What trains is replayed from here through the engine's own profile.

use std::collections::HashMap;

use crate::engine::customer::{Tag, customer_hash};
use crate::engine::day::{Day, Millis};
use crate::engine::erasure::Erasure;
use crate::engine::event::{Body, Event, Interaction, Manner};
use crate::engine::money::Money;
use crate::engine::rfm::profile::Profile;

/// What an event says, without anything borrowed: no feature looks at names. Contacts, aliases and erasures are no part of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Purchase(Option<Tag>, Money),
    Refund(Option<Tag>, Option<Money>),
    Interaction(Interaction<'static>),
    OptOut,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Kept {
    tag: Tag,
    time: Millis,
    day: Day,
    said: Said,
}

impl Kept {
    /// As in the engine, interactions are erased by the whole day, because a profile keeps them by the day.
    fn erased_by(&self, erasure: Erasure) -> bool {
        match self.said {
            Said::Interaction(_) => self.day <= erasure.day,
            Said::Purchase(..) | Said::Refund(..) | Said::OptOut => self.time <= erasure.time,
        }
    }
}

/// Customers who must have been seen by the first day and after the last: the frontier's own rule.
const QUORUM: usize = 3;
/// Most events that are kept, unless told otherwise: about a gigabyte.
pub const MAX_KEPT_EVENTS: usize = 16_000_000;

/// One customer's events.
#[derive(Clone, Debug)]
pub struct CustomerHistory {
    /// Its id.
    pub customer: Box<str>,
    /// [`customer_hash`] of the id.
    pub hash: u64,
    events: Vec<Kept>,
    newest: Option<Day>,
    /// What came before was erased.
    forgotten: Option<Erasure>,
}

/// The customers' events up to a day: of all customers, or of those with the smallest hashes where there are too many.
/// Whose events are kept does not depend on the order of events.
#[derive(Clone, Debug)]
pub struct History {
    index: HashMap<Box<str>, usize>,
    /// The customers kept, in the order of their first events.
    pub customers: Vec<CustomerHistory>,
    /// Number of events, those not kept included.
    pub events: u64,
    /// The earliest and the latest day on which so many customers agree that one wrong date moves neither.
    pub span: Option<(Day, Day)>,
    kept: usize,
    max_kept: usize,
    /// Customers with a hash above this are not kept.
    highest_hash: u64,
    lateness_days: i32,
    /// The ids that customers go on under, by alias.
    aliases: HashMap<Box<str>, Box<str>>,
}

impl History {
    /// An empty history, in which an event may come up to `lateness_days` behind its customer's newest.
    pub fn new(lateness_days: i32) -> Self {
        Self::keeping(MAX_KEPT_EVENTS, lateness_days)
    }

    /// The same, keeping at most `max_kept` events.
    pub fn keeping(max_kept: usize, lateness_days: i32) -> Self {
        Self {
            index: HashMap::new(),
            customers: Vec::new(),
            events: 0,
            span: None,
            kept: 0,
            max_kept,
            highest_hash: u64::MAX,
            lateness_days,
            aliases: HashMap::new(),
        }
    }

    /// Share of all customers that are kept.
    pub fn share(&self) -> f64 {
        (self.highest_hash as f64 + 1.0) / (u64::MAX as f64 + 1.0)
    }

    /// Whether a customer has sent anything, so far as can be told: of those not kept, nothing is known.
    pub fn knows(&self, customer: &str) -> bool {
        self.index.contains_key(customer) || customer_hash(customer) > self.highest_hash
    }

    /// What is paid for a purchase on average.
    pub fn mean_amount(&self) -> Money {
        let paid = self.customers.iter().flat_map(|customer| &customer.events).filter_map(|kept| match kept.said {
            Said::Purchase(_, amount) => Some(amount),
            Said::Refund(..) | Said::Interaction(_) | Said::OptOut => None,
        });
        let (sum, count) = paid.fold((0.0, 0_u32), |(sum, count), amount| (sum + amount.0 as f64, count + 1));
        Money((sum / f64::from(count.max(1))) as i64)
    }

    /// Takes an event in; `false` where the service would not take it either, because it comes too late.
    pub fn add(&mut self, event: &Event<'_>) -> bool {
        let said = match event.body {
            Body::Purchase { order, amount, .. } => Some(Said::Purchase(order, amount)),
            Body::Refund { order, amount } => Some(Said::Refund(order, amount)),
            Body::Interaction(interaction) => Some(Said::Interaction(interaction.nameless())),
            Body::OptOut => Some(Said::OptOut),
            Body::Forget => None,
            Body::Contacted { .. } | Body::Identity { .. } | Body::Merge { .. } | Body::Merged { .. } => return true,
        };
        self.events += 1;
        let known = self.customer(event.customer);
        let Some(customer) = known.and_then(|at| self.customers.get_mut(at)) else { return true };
        let before = customer.events.len();
        if let Some(said) = said {
            if customer.newest.is_some_and(|newest| newest.since(event.day) >= self.lateness_days) {
                self.events -= 1;
                return false;
            }
            customer.newest = customer.newest.max(Some(event.day));
            let kept = Kept { tag: event.tag, time: event.time, day: event.day, said };
            if customer.forgotten.is_none_or(|erasure| !kept.erased_by(erasure)) {
                customer.events.push(kept);
            }
        } else {
            let erasure = Erasure { time: event.time, day: event.day };
            customer.forgotten = customer.forgotten.max(Some(erasure));
            customer.events.retain(|kept| !kept.erased_by(erasure));
            customer.newest = customer.events.iter().map(|kept| kept.day).max();
        }
        self.kept = self.kept + customer.events.len() - before;
        while self.kept > self.max_kept {
            self.thin();
        }
        true
    }

    /// Two ids are one customer's: what came and comes under the alias is told of the other.
    pub fn merge(&mut self, customer: &str, alias: &str) {
        let (customer, alias): (Box<str>, Box<str>) = (self.goes_on(customer).into(), self.goes_on(alias).into());
        if customer == alias {
            return;
        }
        let before = self.index.get(&alias).and_then(|at| self.customers.get_mut(*at)).map(|alias| {
            let empty = CustomerHistory::none(alias.customer.clone());
            std::mem::replace(alias, empty)
        });
        self.aliases.insert(alias, customer.clone());
        let Some(before) = before else { return };
        self.kept -= before.events.len();
        if let Some(at) = self.customer(&customer)
            && let Some(customer) = self.customers.get_mut(at)
        {
            let orders = before.events.into_iter().filter(|kept| !customer.events.contains(kept));
            let events: Vec<Kept> = orders.collect();
            self.kept += events.len();
            customer.events.extend(events);
            customer.newest = customer.newest.max(before.newest);
            customer.forgotten = customer.forgotten.max(before.forgotten);
        }
    }

    /// The id that an id's customer goes on under.
    fn goes_on<'a>(&'a self, mut id: &'a str) -> &'a str {
        // Each alias was the last of its own chain, so there is no circle.
        while let Some(next) = self.aliases.get(id) {
            id = next;
        }
        id
    }

    /// Where the events of an id's customer are; `None` where they are not kept.
    fn customer(&mut self, id: &str) -> Option<usize> {
        let id = self.goes_on(id);
        if customer_hash(id) > self.highest_hash {
            return None;
        }
        if let Some(at) = self.index.get(id) {
            return Some(*at);
        }
        let (customer, at): (Box<str>, usize) = (id.into(), self.customers.len());
        self.index.insert(customer.clone(), at);
        self.customers.push(CustomerHistory::none(customer));
        Some(at)
    }

    /// Takes an erasure in that came after the history's end: whoever asked to be forgotten trains no model made later.
    pub fn forget(&mut self, customer: &str) {
        if let Some(at) = self.index.get(self.goes_on(customer))
            && let Some(customer) = self.customers.get_mut(*at)
        {
            self.kept -= customer.events.len();
            customer.events.clear();
            customer.forgotten = Some(Erasure { time: Millis(i64::MAX), day: Day(i32::MAX) });
        }
    }

    /// Lets half of the customers go.
    fn thin(&mut self) {
        self.highest_hash /= 2;
        let highest = self.highest_hash;
        self.customers.retain(|customer| customer.hash <= highest);
        self.kept = self.customers.iter().map(|customer| customer.events.len()).sum();
        self.index = self.customers.iter().map(|customer| customer.customer.clone()).zip(0..).collect();
    }

    /// Puts each customer's events in the order of their times and finds the span, to be called once all are in.
    pub fn sort(&mut self) {
        for customer in &mut self.customers {
            customer.events.sort_by_key(|kept| kept.time);
        }
        let ends = |end: fn(&[Kept]) -> Option<&Kept>| -> Vec<Day> {
            let mut days: Vec<Day> =
                self.customers.iter().filter_map(|one| end(&one.events)).map(|kept| kept.day).collect();
            days.sort_unstable();
            days
        };
        let (firsts, lasts) = (ends(<[Kept]>::first), ends(<[Kept]>::last));
        // Fewer than the quorum can't agree on anything.
        let agreed = if firsts.len() >= QUORUM { QUORUM } else { 1 };
        let first = firsts.get(agreed - 1);
        let last = lasts.len().checked_sub(agreed).and_then(|at| lasts.get(at));
        self.span = first.copied().zip(last.copied());
    }
}

impl CustomerHistory {
    /// Nothing yet.
    fn none(customer: Box<str>) -> Self {
        Self { hash: customer_hash(&customer), customer, events: Vec::new(), newest: None, forgotten: None }
    }

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
            Said::Purchase(order, amount) => Body::Purchase { order, amount, manner: Manner::default() },
            Said::Refund(order, amount) => Body::Refund { order, amount },
            Said::Interaction(interaction) => Body::Interaction(interaction),
            Said::OptOut => Body::OptOut,
        };
        Event { tag: kept.tag, customer: &self.customer, time: kept.time, day: kept.day, body }
    }
}
