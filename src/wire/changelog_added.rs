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

/// A name by its place in the record's list, counted from 1; 0: none.
type NameRecord = u16;
/// Hour (24: unknown) and 32 for a discount; channel, category.
type MannerRecord = (u8, NameRecord, NameRecord);
/// The counters in use: name, count, error. The counts add up to the names counted.
type FrequentRecord = Vec<(NameRecord, u16, u16)>;

/// What was added.
#[derive(Default, Serialize, Deserialize)]
pub struct Added {
    /// The tags of all names, each once, the lowest byte first.
    names: Vec<[u8; 6]>,
    /// As many as open orders; none where no order tells anything.
    manners: Vec<MannerRecord>,
    habits: Option<HabitsRecord>,
    loyalty: Option<LoyaltyRecord>,
    segment: NameRecord,
    pending_segment: NameRecord,
}

/// The names of one record.
#[derive(Default)]
struct Names(Vec<[u8; 6]>);

impl Names {
    fn put(&mut self, tag: Option<Tag>) -> NameRecord {
        let Some(tag) = tag else { return 0 };
        let bits = tag.bits().to_le_bytes();
        let bytes = *bits.first_chunk().unwrap_or(&[0; 6]);
        let known = self.0.iter().position(|known| *known == bytes);
        let place = known.unwrap_or_else(|| {
            self.0.push(bytes);
            self.0.len() - 1
        });
        // A customer has at most 2,000 open orders of two names each.
        place as NameRecord + 1
    }

    /// The tag of a name.
    fn get(&self, name: NameRecord) -> Result<Option<Tag>, NoSuchName> {
        let Some(place) = usize::from(name).checked_sub(1) else { return Ok(None) };
        let bytes = self.0.get(place).ok_or(NoSuchName)?;
        let bits = bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        Ok(Some(Tag::from_bits(bits)))
    }
}

/// A name that is not in the record's list: the record is broken.
struct NoSuchName;

#[derive(Serialize, Deserialize)]
struct HabitsRecord {
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
        let (newest, mut names) = (profile.newest, Names::default());
        let manners: Vec<MannerRecord> = profile.orders.iter().map(|order| manner_record(order, &mut names)).collect();
        let told = manners.iter().any(|manner| *manner != UNTOLD);
        Self {
            manners: if told { manners } else { Vec::new() },
            habits: profile.habits.as_deref().map(|habits| habits_record(habits, newest, &mut names)),
            loyalty: profile.loyalty.as_deref().map(|loyalty| loyalty_record(loyalty, newest)),
            segment: names.put(standing.segment),
            pending_segment: names.put(standing.pending.and_then(|pending| pending.segment)),
            names: names.0,
        }
    }

    /// Puts it back; `None` where it does not fit.
    pub fn restore(self, profile: &mut Profile, standing: &mut Standing) -> Option<()> {
        let (newest, names) = (profile.newest, Names(self.names));
        if !self.manners.is_empty() {
            if self.manners.len() != profile.orders.len() {
                return None;
            }
            for (order, (code, channel, category)) in profile.orders.iter_mut().zip(self.manners) {
                order.channel = names.get(channel).ok()?;
                order.category = names.get(category).ok()?;
                order.discounted = code & DISCOUNTED != 0;
                order.hour = Some(code & !DISCOUNTED).filter(|hour| *hour < NO_HOUR);
            }
        }
        profile.habits = match self.habits {
            Some(record) => Some(Box::new(habits_of(record, newest, &names)?)),
            None => None,
        };
        if let Some(LoyaltyRecord { lots, open }) = self.loyalty {
            let loyalty = profile.loyalty.get_or_insert_default();
            let lot = |(after, points)| Lot { expires: newest.plus(after), points };
            loyalty.account = Account { lots: lots.into_iter().map(lot).collect(), ..loyalty.account };
            loyalty.open = open.into_iter().map(|change| change_of(change, newest)).collect();
        }
        standing.segment = names.get(self.segment).ok()?;
        if let Some(pending) = &mut standing.pending {
            pending.segment = names.get(self.pending_segment).ok()?;
        }
        Some(())
    }
}

/// The code of an unknown hour.
const NO_HOUR: u8 = 24;
/// The bit of a discount.
const DISCOUNTED: u8 = 32;
/// An order of which nothing is told.
const UNTOLD: MannerRecord = (NO_HOUR, 0, 0);

fn manner_record(order: &OpenOrder, names: &mut Names) -> MannerRecord {
    let discount = if order.discounted { DISCOUNTED } else { 0 };
    (order.hour.unwrap_or(NO_HOUR) | discount, names.put(order.channel), names.put(order.category))
}

fn habits_record(habits: &Habits, newest: Day, names: &mut Names) -> HabitsRecord {
    let Habits { week, day_parts, discounted, returns, viewed_days, views, delay_days, last, .. } = *habits;
    HabitsRecord {
        week,
        day_parts,
        channels: frequent_record(&habits.channels, names),
        categories: frequent_record(&habits.categories, names),
        discounted,
        returns,
        viewed_days,
        views,
        delay_days,
        last: last.map(|day| newest.since(day)),
    }
}

fn habits_of(record: HabitsRecord, newest: Day, names: &Names) -> Option<Habits> {
    let HabitsRecord { week, day_parts, channels, categories, .. } = record;
    let HabitsRecord { discounted, returns, viewed_days, views, delay_days, last, .. } = record;
    let [weekdays, weekends] = week;
    Some(Habits {
        purchases: weekdays.checked_add(weekends)?,
        week,
        day_parts,
        channels: frequent_of(channels, names)?,
        categories: frequent_of(categories, names)?,
        discounted,
        returns,
        viewed_days,
        views,
        delay_days,
        last: last.map(|ago| newest.plus(-ago)),
    })
}

fn frequent_record<const N: usize>(frequent: &Frequent<N>, names: &mut Names) -> FrequentRecord {
    frequent.used().map(|counter| (names.put(Some(counter.tag())), counter.count, counter.error)).collect()
}

fn frequent_of<const N: usize>(records: FrequentRecord, names: &Names) -> Option<Frequent<N>> {
    let mut frequent = Frequent::default();
    for (at, (name, count, error)) in records.into_iter().enumerate() {
        let sound = error < count;
        *frequent.counters.get_mut(at).filter(|_| sound)? = Counter::new(names.get(name).ok()??, count, error);
        frequent.seen = frequent.seen.checked_add(count)?;
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
