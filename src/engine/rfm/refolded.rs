//! A profile folded anew from what it was made of: where two become one, and where an event comes too late for the fold.

use crate::engine::day::Day;
use crate::engine::event::{Body, Event, Manner, Reason};
use crate::engine::rfm::chronicle::Chronicle;
use crate::engine::rfm::marks::Mark;
use crate::engine::rfm::open::{Entry, Recent, remember_recent};
use crate::engine::rfm::profile::{Applied, Profile, open_order, point_change};

impl Profile {
    /// Takes the profile of another id of the customer in: this becomes the profile that their events would have made under
    /// one id. `None`, and nothing changes, where not all is kept that either was made of.
    pub fn merge(&mut self, other: &Self, lateness_days: i32) -> Option<()> {
        let others = other.chronicle.as_deref()?;
        let mut chronicle = self.chronicle.take_if(|own| own.has_room_for(others))?;
        chronicle.merge(others);
        for one in &other.recent {
            remember_recent(&mut self.recent, *one);
        }
        self.marks.merge(&other.marks);
        self.refold(chronicle, self.newest.max(other.newest), lateness_days);
        Some(())
    }

    /// Takes an event in that comes too late for the fold; `None` where it does not need to be, or can't.
    pub(crate) fn apply_late(&mut self, event: &Event<'_>, lateness_days: i32) -> Option<Applied> {
        let mut chronicle = self.chronicle.take_if(|own| own.takes_late())?;
        let applied = self.note(&mut chronicle, event);
        if applied == Applied::Changed {
            self.refold(chronicle, self.newest, lateness_days);
        } else {
            self.chronicle = Some(chronicle);
        }
        Some(applied)
    }

    /// Adds an event to what the profile is to be made of.
    fn note(&mut self, chronicle: &mut Chronicle, event: &Event<'_>) -> Applied {
        let order = match event.body {
            Body::Purchase { order, amount, manner } => open_order(event, order, Entry::Purchase(amount), &manner),
            Body::Refund { order, amount } => {
                let entry = amount.map_or(Entry::RefundWhole, Entry::Refund);
                open_order(event, order, entry, &Manner::default())
            }
            Body::Interaction(interaction) => {
                if !remember_recent(&mut self.recent, Recent { time: event.time, tag: event.tag, day: event.day }) {
                    return Applied::Duplicate;
                }
                chronicle.interaction(event.day, interaction.kind(), point_change(event.day, interaction));
                self.marks.hear(event, interaction);
                return Applied::Changed;
            }
            Body::OptOut => {
                self.marks.opt_out(Mark::of(event, ()));
                return Applied::Changed;
            }
            Body::Contacted { .. }
            | Body::Identity { .. }
            | Body::Merge { .. }
            | Body::Merged { .. }
            | Body::Forget => return Applied::Duplicate,
        };
        if order.entry == Entry::RefundWhole && order.order.is_none() {
            return Applied::Rejected(Reason::UnknownOrder);
        }
        if chronicle.knows(&order) {
            return Applied::Duplicate;
        }
        chronicle.order(order);
        Applied::Changed
    }

    /// Folds a chronicle anew, as if its last event had been of `newest`.
    fn refold(&mut self, chronicle: Box<Chronicle>, newest: Day, lateness_days: i32) {
        let (recent, marks) = (std::mem::take(&mut self.recent), std::mem::take(&mut self.marks));
        self.clear();
        (self.recent, self.marks) = (recent, marks);
        let Chronicle { orders, counts, points, .. } = &*chronicle;
        let days = orders.iter().map(|order| order.day).chain(counts.iter().map(|count| count.day));
        let mut days: Vec<Day> = days.chain(points.iter().map(|change| change.day)).collect();
        days.sort_unstable();
        days.dedup();
        let (mut orders, mut counts, mut points) =
            (orders.iter().peekable(), counts.iter().peekable(), points.iter().peekable());
        for day in days {
            self.orders.extend(std::iter::from_fn(|| orders.next_if(|order| order.day == day)));
            self.counts.extend(std::iter::from_fn(|| counts.next_if(|count| count.day == day)));
            while let Some(change) = points.next_if(|change| change.day == day) {
                self.loyalty.get_or_insert_default().change(*change);
            }
            self.reach(day, lateness_days);
        }
        self.reach(newest, lateness_days);
        self.chronicle = Some(chronicle);
    }
}
