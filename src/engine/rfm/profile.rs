//! The profile of one customer: an open part that forgets the order of arrival, and a settled part folded day by day.
//!
//! Bit for bit the same for every arrival order in which nothing comes `lateness_days` or more behind the newest event.

use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::event::{Body, Event, Interaction, Manner, Reason};
use crate::engine::rfm::chronicle::Chronicle;
use crate::engine::rfm::habits::{Habits, LOOKBACK_DAYS};
use crate::engine::rfm::ledger::{LEDGER_DAYS, LedgerDay};
use crate::engine::rfm::loyalty::{Loyalty, PointChange};
use crate::engine::rfm::marks::{Mark, Marks};
use crate::engine::rfm::open::{
    DayCount, Entry, MAX_OPEN_ORDERS, OpenOrder, Recent, Returns, count_interactions, insert_order, knows_order,
    remember_recent,
};
use crate::engine::rfm::settled::{KindCount, Rhythm, Totals, fold_day};

/// What is remembered of a customer, its episode apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Day of the newest accepted event; before all days where there is none.
    pub newest: Day,
    /// Rhythm of the settled purchase days.
    pub rhythm: Option<Rhythm>,
    /// Sums over the settled days.
    pub totals: Totals,
    /// Settled days with money within the last 400, ascending.
    pub ledger: Vec<LedgerDay>,
    /// Open purchases and refunds, ascending.
    pub orders: Vec<OpenOrder>,
    /// Settled interactions, ascending by kind.
    pub kinds: Vec<KindCount>,
    /// Open interactions, ascending by day and kind.
    pub counts: Vec<DayCount>,
    /// The newest interactions one by one, ascending by time and tag.
    pub recent: Vec<Recent>,
    /// What the settled purchases were like; `None` before the first.
    pub habits: Option<Habits>,
    /// The loyalty account; `None` where nothing is known of one.
    pub loyalty: Option<Box<Loyalty>>,
    /// What was last said on a matter.
    pub marks: Marks,
    /// What all this was made of; `None` where customers are not merged.
    pub chronicle: Option<Box<Chronicle>>,
}

/// Before all days.
const NEVER: Day = Day(i32::MIN);

impl Default for Profile {
    fn default() -> Self {
        Self {
            newest: NEVER,
            rhythm: None,
            totals: Totals::default(),
            ledger: Vec::new(),
            orders: Vec::new(),
            kinds: Vec::new(),
            counts: Vec::new(),
            recent: Vec::new(),
            habits: None,
            loyalty: None,
            marks: Marks::default(),
            chronicle: None,
        }
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The profile took it in.
    Changed,
    /// It was there already.
    Duplicate,
    /// It can't be used.
    Rejected(Reason),
    /// The profile took it in as it will count once its order arrives, but the sender should know that the order is unknown.
    ChangedButUnknownOrder,
}

impl Profile {
    /// Whether nothing happened yet that would be the customer's own.
    pub fn is_empty(&self) -> bool {
        self.newest == NEVER
    }

    /// The id that the customer goes on under, if this one is an alias.
    pub fn moved_to(&self) -> Option<&str> {
        self.chronicle.as_ref()?.moved_to.as_deref()
    }

    /// Nothing is known any more; the room stays.
    pub fn clear(&mut self) {
        let Self { newest, rhythm, totals, ledger, orders, kinds, counts, recent, habits, loyalty, marks, chronicle } =
            self;
        (*newest, *rhythm, *totals) = (NEVER, None, Totals::default());
        ledger.clear();
        orders.clear();
        kinds.clear();
        counts.clear();
        recent.clear();
        (*habits, *loyalty, *marks, *chronicle) = (None, None, Marks::default(), None);
    }

    /// Takes one event in. What is no sign of the customer's own (`Contacted`, `Forget`, who is who) changes nothing.
    pub fn apply(&mut self, event: &Event<'_>, lateness_days: i32) -> Applied {
        if self.newest.since(event.day) >= lateness_days {
            return self.apply_late(event, lateness_days).unwrap_or(Applied::Rejected(Reason::TooLate));
        }
        let applied = match event.body {
            Body::Purchase { order, amount, manner } => {
                self.order(event, order, Entry::Purchase(amount), &manner, lateness_days)
            }
            Body::Refund { order, amount } => {
                let entry = amount.map_or(Entry::RefundWhole, Entry::Refund);
                self.order(event, order, entry, &Manner::default(), lateness_days)
            }
            Body::Interaction(interaction) => self.interact(event, interaction),
            Body::OptOut => {
                self.marks.opt_out(Mark::of(event, ()));
                Applied::Changed
            }
            Body::Contacted { .. }
            | Body::Identity { .. }
            | Body::Merge { .. }
            | Body::Merged { .. }
            | Body::Forget => return Applied::Changed,
        };
        if matches!(applied, Applied::Changed | Applied::ChangedButUnknownOrder) {
            self.reach(event.day, lateness_days);
        }
        applied
    }

    /// The newest event may now be of `day`: what that settles is folded.
    pub(crate) fn reach(&mut self, day: Day, lateness_days: i32) {
        if day > self.newest {
            self.newest = day;
            self.settle(lateness_days);
        }
    }

    fn order(
        &mut self,
        event: &Event<'_>,
        order: Option<Tag>,
        entry: Entry,
        manner: &Manner<'_>,
        lateness_days: i32,
    ) -> Applied {
        if entry == Entry::RefundWhole && order.is_none() {
            return Applied::Rejected(Reason::UnknownOrder);
        }
        if self.orders.len() >= MAX_OPEN_ORDERS && !self.orders.iter().any(|known| known.tag == event.tag) {
            // What this event's day settles makes room; else nobody could ever get on.
            self.reach(event.day, lateness_days);
            if self.orders.len() >= MAX_OPEN_ORDERS {
                return Applied::Rejected(Reason::StateFull);
            }
        }
        let unknown = entry == Entry::RefundWhole
            && !order.is_some_and(|order| knows_order(&self.orders, order, event.day, lateness_days));
        let new = open_order(event, order, entry, manner);
        if !insert_order(&mut self.orders, new) {
            return Applied::Duplicate;
        }
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.order(new);
        }
        if unknown { Applied::ChangedButUnknownOrder } else { Applied::Changed }
    }

    fn interact(&mut self, event: &Event<'_>, interaction: Interaction<'_>) -> Applied {
        if !remember_recent(&mut self.recent, Recent { time: event.time, tag: event.tag, day: event.day }) {
            return Applied::Duplicate;
        }
        let (day, kind) = (event.day, interaction.kind());
        count_interactions(&mut self.counts, DayCount { day, kind, count: 1 });
        let change = point_change(day, interaction);
        if let Some(change) = change {
            self.loyalty.get_or_insert_default().change(change);
        }
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.interaction(day, kind, change);
        }
        self.marks.hear(event, interaction);
        Applied::Changed
    }

    /// Folds what no longer can change. Interactions settle after `lateness_days`; orders after twice as long, because a
    /// refund up to `lateness_days` later may still undo a purchase and may itself come that late. Orders go first: the
    /// product views before them must still be known by the day.
    fn settle(&mut self, lateness_days: i32) {
        let orders_until = self.newest.plus(-2 * lateness_days);
        self.settle_orders(orders_until, lateness_days);
        let interactions_until = self.newest.plus(-lateness_days);
        self.settle_counts(interactions_until, orders_until.plus(-LOOKBACK_DAYS));
        if let Some(loyalty) = &mut self.loyalty {
            loyalty.settle(interactions_until);
        }
        self.marks.settle(interactions_until);
        let oldest = self.newest.plus(-LEDGER_DAYS);
        let expired = self.ledger.partition_point(|day| day.day <= oldest);
        self.ledger.drain(..expired);
    }

    /// Product views stay open longer than the rest: an order that settles later looks back at them.
    fn settle_counts(&mut self, until: Day, views_until: Day) {
        let due = |count: &DayCount| {
            let until = if count.kind == Interaction::ProductView.kind() { views_until } else { until };
            count.day <= until
        };
        let end = self.counts.partition_point(|count| count.day <= until);
        for count in self.counts.iter().take(end).filter(|count| due(count)) {
            fold_count(&mut self.kinds, *count);
        }
        self.counts.retain(|count| !due(count));
    }

    fn settle_orders(&mut self, until: Day, lateness_days: i32) {
        while let Some(day) = self.orders.first().map(|order| order.day).filter(|day| *day <= until) {
            let returns = Returns::of(&self.orders, lateness_days);
            let count = self.orders.partition_point(|order| order.day <= day);
            let settling = self.orders.get(..count).unwrap_or_default();
            let sums = returns.ledger_day(day, settling);
            self.habits.get_or_insert_default().fold(day, settling, &self.counts);
            returns.price(&mut self.orders, day);
            self.orders.drain(..count);
            fold_day(&mut self.rhythm, &mut self.totals, &sums);
            self.ledger.push(sums);
        }
    }

    /// Erases everything up to `time`, and the interactions of the whole of its `day`, which are kept by the day.
    /// `false` where nothing is left.
    pub fn forget(&mut self, time: Millis, day: Day) -> bool {
        self.rhythm = None;
        self.totals = Totals::default();
        self.ledger.clear();
        self.kinds.clear();
        self.habits = None;
        self.orders.retain(|order| order.time > time);
        self.counts.retain(|count| count.day > day);
        if let Some(loyalty) = &mut self.loyalty {
            loyalty.forget(day);
        }
        self.loyalty.take_if(|loyalty| **loyalty == Loyalty::default());
        self.recent.retain(|recent| recent.day > day);
        self.marks.forget(time, day);
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.forget(time, day);
        }
        let orders = self.orders.iter().map(|order| order.day);
        let counts = self.counts.iter().map(|count| count.day);
        let left = orders.chain(counts).chain(self.marks.opt_out.map(|mark| mark.day)).max();
        self.newest = left.unwrap_or(NEVER);
        left.is_some()
    }
}

fn fold_count(kinds: &mut Vec<KindCount>, count: DayCount) {
    let at = kinds.partition_point(|kind| kind.kind < count.kind);
    match kinds.get_mut(at) {
        Some(kind) if kind.kind == count.kind => kind.fold(count.day, count.count),
        _ => {
            let mut kind = KindCount::none(count.kind, count.day);
            kind.fold(count.day, count.count);
            kinds.insert(at, kind);
        }
    }
}

/// The order that an event tells.
pub(crate) fn open_order(event: &Event<'_>, order: Option<Tag>, entry: Entry, manner: &Manner<'_>) -> OpenOrder {
    OpenOrder {
        day: event.day,
        time: event.time,
        tag: event.tag,
        order,
        channel: manner.channel.map(Tag::of),
        category: manner.category.map(Tag::of),
        discounted: manner.discounted,
        hour: manner.hour,
        entry,
    }
}

/// What an interaction changes of the loyalty account.
pub(crate) fn point_change(day: Day, interaction: Interaction<'_>) -> Option<PointChange> {
    match interaction {
        Interaction::Loyalty { points, expires } => Some(PointChange::of(day, points, expires)),
        _ => None,
    }
}
