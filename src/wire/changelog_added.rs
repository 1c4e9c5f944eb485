//! What the third version of the changelog added of a customer: habits, how open orders were bought, loyalty lots, segments.
//!
//! A record of an older version is read as if none of it had ever been told.

use serde::{Deserialize, Serialize};

use crate::engine::alerting::episode::Standing;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::rfm::frequent::{Counter, Frequent};
use crate::engine::rfm::habits::Habits;
use crate::engine::rfm::loyalty::{Account, Lot, Loyalty, PointChange};
use crate::engine::rfm::open::OpenOrder;
use crate::engine::rfm::profile::Profile;

/// Hour (24: unknown) and 32 for a discount; channel, category.
type MannerRecord = (u8, Option<u64>, Option<u64>);
/// Names counted, and the counters in use: tag, count, error.
type FrequentRecord = (u16, Vec<(u64, u16, u16)>);

/// What was added.
#[derive(Default, Serialize, Deserialize)]
pub struct Added {
    /// As many as open orders; none where no order tells anything.
    manners: Vec<MannerRecord>,
    habits: Option<HabitsRecord>,
    loyalty: Option<LoyaltyRecord>,
    segment: Option<u64>,
    pending_segment: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct HabitsRecord {
    purchases: u16,
    week: [u16; 2],
    day_parts: [u16; 4],
    channels: FrequentRecord,
    categories: FrequentRecord,
    discounted: u16,
    returns: u16,
    viewed_days: u16,
    views: u32,
    delay_days: u32,
    /// Days before the newest event.
    last: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct LoyaltyRecord {
    /// Days after the newest event, points.
    lots: Vec<(i32, i64)>,
    /// Days before the newest event, days from then to the expiry, gained, spent.
    open: Vec<(i32, Option<i32>, i64, i64)>,
}

impl Added {
    /// What is written of a customer besides the older versions' records.
    pub fn of(profile: &Profile, standing: &Standing) -> Self {
        let newest = profile.newest;
        let manners: Vec<MannerRecord> = profile.orders.iter().map(manner_record).collect();
        let told = manners.iter().any(|manner| *manner != UNTOLD);
        Self {
            manners: if told { manners } else { Vec::new() },
            habits: profile.habits.as_deref().map(|habits| habits_record(habits, newest)),
            loyalty: profile.loyalty.as_deref().map(|loyalty| loyalty_record(loyalty, newest)),
            segment: standing.segment.map(Tag::bits),
            pending_segment: standing.pending.and_then(|pending| pending.segment).map(Tag::bits),
        }
    }

    /// Puts it back; `None` where it does not fit.
    pub fn restore(self, profile: &mut Profile, standing: &mut Standing) -> Option<()> {
        let newest = profile.newest;
        if !self.manners.is_empty() {
            if self.manners.len() != profile.orders.len() {
                return None;
            }
            for (order, (code, channel, category)) in profile.orders.iter_mut().zip(self.manners) {
                order.channel = channel.map(Tag::from_bits);
                order.category = category.map(Tag::from_bits);
                order.discounted = code & DISCOUNTED != 0;
                order.hour = Some(code & !DISCOUNTED).filter(|hour| *hour < NO_HOUR);
            }
        }
        profile.habits = match self.habits {
            Some(record) => Some(Box::new(habits_of(record, newest)?)),
            None => None,
        };
        if let Some(LoyaltyRecord { lots, open }) = self.loyalty {
            let loyalty = profile.loyalty.get_or_insert_default();
            let lot = |(after, points)| Lot { expires: newest.plus(after), points };
            loyalty.account = Account { lots: lots.into_iter().map(lot).collect(), ..loyalty.account };
            loyalty.open = open.into_iter().map(|change| change_of(change, newest)).collect();
        }
        standing.segment = self.segment.map(Tag::from_bits);
        if let Some(pending) = &mut standing.pending {
            pending.segment = self.pending_segment.map(Tag::from_bits);
        }
        Some(())
    }
}

/// The code of an unknown hour.
const NO_HOUR: u8 = 24;
/// The bit of a discount.
const DISCOUNTED: u8 = 32;
/// An order of which nothing is told.
const UNTOLD: MannerRecord = (NO_HOUR, None, None);

fn manner_record(order: &OpenOrder) -> MannerRecord {
    let discount = if order.discounted { DISCOUNTED } else { 0 };
    (order.hour.unwrap_or(NO_HOUR) | discount, order.channel.map(Tag::bits), order.category.map(Tag::bits))
}

fn habits_record(habits: &Habits, newest: Day) -> HabitsRecord {
    let Habits { purchases, week, day_parts, discounted, returns, viewed_days, views, delay_days, last, .. } = *habits;
    HabitsRecord {
        purchases,
        week,
        day_parts,
        channels: frequent_record(&habits.channels),
        categories: frequent_record(&habits.categories),
        discounted,
        returns,
        viewed_days,
        views,
        delay_days,
        last: last.map(|day| newest.since(day)),
    }
}

fn habits_of(record: HabitsRecord, newest: Day) -> Option<Habits> {
    let HabitsRecord { purchases, week, day_parts, channels, categories, .. } = record;
    let HabitsRecord { discounted, returns, viewed_days, views, delay_days, last, .. } = record;
    Some(Habits {
        purchases,
        week,
        day_parts,
        channels: frequent_of(channels)?,
        categories: frequent_of(categories)?,
        discounted,
        returns,
        viewed_days,
        views,
        delay_days,
        last: last.map(|ago| newest.plus(-ago)),
    })
}

fn frequent_record<const N: usize>(frequent: &Frequent<N>) -> FrequentRecord {
    let counters = frequent.used().map(|counter| (counter.tag().bits(), counter.count, counter.error));
    (frequent.seen, counters.collect())
}

fn frequent_of<const N: usize>((seen, records): FrequentRecord) -> Option<Frequent<N>> {
    let mut frequent = Frequent { seen, ..Frequent::default() };
    for (at, (tag, count, error)) in records.into_iter().enumerate() {
        let sound = error <= count && count > 0;
        *frequent.counters.get_mut(at).filter(|_| sound)? = Counter::new(Tag::from_bits(tag), count, error);
    }
    Some(frequent)
}

fn loyalty_record(loyalty: &Loyalty, newest: Day) -> LoyaltyRecord {
    let open = |change: &PointChange| {
        let expires = change.expires.map(|expires| expires.since(change.day));
        (newest.since(change.day), expires, change.gained, change.spent)
    };
    LoyaltyRecord {
        lots: loyalty.account.lots.iter().map(|lot| (lot.expires.since(newest), lot.points)).collect(),
        open: loyalty.open.iter().map(open).collect(),
    }
}

fn change_of((ago, expires, gained, spent): (i32, Option<i32>, i64, i64), newest: Day) -> PointChange {
    let day = newest.plus(-ago);
    PointChange { day, expires: expires.map(|after| day.plus(after)), gained, spent }
}
