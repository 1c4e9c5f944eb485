//! The changelog: one customer as bytes, versioned. Reading back gives the very same profile, bit for bit.
//!
//! First byte the version, then postcard (a published format of varints) of the mirror types below; days are deltas.

use serde::{Deserialize, Serialize};

use crate::engine::alerting::episode::Standing;
use crate::engine::customer::{Tag, customer_hash};
use crate::engine::day::{Day, Millis};
use crate::engine::money::Money;
use crate::engine::rfm::ledger::LedgerDay;
use crate::engine::rfm::loyalty::Loyalty;
use crate::engine::rfm::marks::{Mark, Marks, Statements};
use crate::engine::rfm::open::{DayCount, Entry, OpenOrder, Recent};
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::settled::{KindCount, Rhythm, Totals};
use crate::engine::state::Customer;
use crate::wire::changelog_added::Added;
use crate::wire::changelog_standing::{StandingRecord, StandingThird, standing_of, standing_record, standing_third};

/// The version that this release writes: a record as the first version had it, and behind it what each one since added.
pub const VERSION: u8 = 3;
/// The version that knew promotions, but no playbook, habits and segments. What it could not say is read as never having
/// been.
const SECOND: u8 = 2;
/// The first version, which knew no promotions. It is read as if nothing had ever been promoted.
const FIRST: u8 = 1;

/// Why bytes of the changelog cannot be read. The partition must stop: guessing would misread a customer.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChangelogFault {
    /// Written by a newer release.
    #[error(
        "the changelog holds {what} of version {found}, this release reads up to {VERSION}: start the newer release, or run `churnwatch rebuild`"
    )]
    Newer {
        /// What kind of record.
        what: &'static str,
        /// Its version.
        found: u8,
    },
    /// Damaged or foreign.
    #[error("the changelog holds {what} that cannot be read: run `churnwatch rebuild` to make it anew from the events")]
    Broken {
        /// What kind of record.
        what: &'static str,
    },
}

/// A customer as it is written.
#[derive(Serialize, Deserialize)]
struct CustomerRecord {
    newest: i32,
    rhythm: Option<RhythmRecord>,
    totals: (u32, i64, i64),
    ledger: Vec<(i32, i64, i64, u32, bool)>,
    orders: Vec<OrderRecord>,
    kinds: Vec<(u8, i32, u32, [f32; 3])>,
    counts: Vec<(i32, u8, u32)>,
    recent: Vec<(i64, u64, i32)>,
    /// Open points as the first two versions kept them.
    points: Vec<(i32, i64)>,
    settled_points: i64,
    marks: MarksRecord,
    standing: StandingRecord,
}

/// First day, last day after it, days, smoothed gap, longest gap, frequency, spend, last gross.
type RhythmRecord = (i32, i32, u32, f32, i32, [f32; 4], [f32; 2], i64);
/// Time, tag, order, kind (0 purchase, 1 refund, 2 whole order), amount; the day stands apart, since it is local.
type OrderRecord = (i32, i64, u64, Option<u64>, u8, i64);
/// Time, day before the newest, tag, value.
type MarkRecord<T> = (i64, i32, u64, T);
#[derive(Serialize, Deserialize)]
struct MarksRecord {
    survey: Vec<MarkRecord<f32>>,
    review: Vec<MarkRecord<f32>>,
    complaint: Vec<MarkRecord<()>>,
    cause: Vec<MarkRecord<u64>>,
    opt_out: Option<MarkRecord<()>>,
}

/// Writes a customer; `out` is cleared first and may be reused.
pub fn write_customer(customer: &Customer, out: &mut Vec<u8>) {
    let Customer { profile, standing, .. } = customer;
    let third = (standing_third(standing), Added::of(profile, standing));
    write_versioned(&(customer_record(profile, standing), standing.generation, third), out);
}

/// Writes a record behind its version; `out` is cleared first and may be reused.
///
/// Writing to memory cannot fail; should it ever, the empty record would be refused at restore rather than misread.
pub fn write_versioned<T: Serialize + ?Sized>(record: &T, out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
    *out = postcard::to_extend(record, std::mem::take(out)).unwrap_or_default();
}

/// Reads a customer.
pub fn read_customer(id: &str, bytes: &[u8]) -> Result<Customer, ChangelogFault> {
    let broken = ChangelogFault::Broken { what: "a profile" };
    let (record, generation, (third, added)): (CustomerRecord, u8, (StandingThird, Added)) =
        read_versioned(bytes, "a profile")?;
    let mut standing = standing_of(&record.standing, generation, &third).ok_or(broken)?;
    let mut profile = profile_of(record).ok_or(ChangelogFault::Broken { what: "a profile" })?;
    added.restore(&mut profile, &mut standing).ok_or(ChangelogFault::Broken { what: "a profile" })?;
    Ok(Customer { id: id.into(), hash: customer_hash(id), profile, standing })
}

/// Reads a record whose first byte is its version, and what the second and the third version put behind it.
pub fn read_versioned<'a, T, Second, Third>(
    bytes: &'a [u8],
    what: &'static str,
) -> Result<(T, Second, Third), ChangelogFault>
where
    T: Deserialize<'a>,
    Second: Deserialize<'a> + Default,
    Third: Deserialize<'a> + Default,
{
    let broken = |_| ChangelogFault::Broken { what };
    match bytes.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).map_err(broken),
        Some((&SECOND, body)) => {
            let (record, second) = postcard::from_bytes(body).map_err(broken)?;
            Ok((record, second, Third::default()))
        }
        Some((&FIRST, body)) => Ok((postcard::from_bytes(body).map_err(broken)?, Second::default(), Third::default())),
        Some((&found, _)) if found > VERSION => Err(ChangelogFault::Newer { what, found }),
        Some(_) | None => Err(ChangelogFault::Broken { what }),
    }
}

fn customer_record(profile: &Profile, standing: &Standing) -> CustomerRecord {
    let newest = profile.newest;
    let mut previous = newest;
    let mut delta = |day: Day| {
        let delta = day.since(previous);
        previous = day;
        delta
    };
    let rhythm = profile.rhythm.map(|rhythm| {
        let span = rhythm.last.since(rhythm.first);
        let Rhythm { first, days, smoothed_gap, longest_gap, frequency, spend, last_gross, .. } = rhythm;
        (first.0, span, days, smoothed_gap, longest_gap, frequency, spend, last_gross.0)
    });
    let ledger = profile.ledger.iter();
    CustomerRecord {
        newest: newest.0,
        rhythm,
        totals: (profile.totals.purchases, profile.totals.gross.0, profile.totals.refunded.0),
        ledger: ledger
            .map(|day| (delta(day.day), day.gross.0, day.refunded.0, day.purchases, day.purchase_day))
            .collect(),
        orders: profile.orders.iter().map(|order| order_record(order, newest)).collect(),
        kinds: profile.kinds.iter().map(|kind| (kind.kind, newest.since(kind.day), kind.total, kind.decayed)).collect(),
        counts: profile.counts.iter().map(|count| (newest.since(count.day), count.kind, count.count)).collect(),
        recent: profile
            .recent
            .iter()
            .map(|recent| (recent.time.0, recent.tag.bits(), newest.since(recent.day)))
            .collect(),
        points: Vec::new(),
        settled_points: profile.loyalty.as_ref().map_or(0, |loyalty| loyalty.account.balance),
        marks: MarksRecord {
            survey: mark_records(&profile.marks.survey, newest, |value| value),
            review: mark_records(&profile.marks.review, newest, |value| value),
            complaint: mark_records(&profile.marks.complaint, newest, |()| ()),
            cause: mark_records(&profile.marks.cause, newest, Tag::bits),
            opt_out: profile.marks.opt_out.map(|mark| mark_record(&mark, newest, |()| ())),
        },
        standing: standing_record(standing),
    }
}

fn order_record(order: &OpenOrder, newest: Day) -> OrderRecord {
    let (kind, amount) = match order.entry {
        Entry::Purchase(amount) => (0, amount.0),
        Entry::Refund(amount) => (1, amount.0),
        Entry::RefundWhole => (2, 0),
    };
    (newest.since(order.day), order.time.0, order.tag.bits(), order.order.map(Tag::bits), kind, amount)
}

fn mark_records<T: Copy, W>(said: &Statements<T>, newest: Day, value: impl Fn(T) -> W) -> Vec<MarkRecord<W>> {
    said.0.iter().map(|mark| mark_record(mark, newest, &value)).collect()
}

fn mark_record<T: Copy, W>(mark: &Mark<T>, newest: Day, value: impl Fn(T) -> W) -> MarkRecord<W> {
    (mark.time.0, newest.since(mark.day), mark.tag.bits(), value(mark.value))
}

fn profile_of(record: CustomerRecord) -> Option<Profile> {
    let newest = Day(record.newest);
    let mut previous = newest;
    let mut ledger = Vec::with_capacity(record.ledger.len());
    for (delta, gross, refunded, purchases, purchase_day) in record.ledger {
        previous = previous.plus(delta);
        ledger.push(LedgerDay {
            day: previous,
            gross: Money(gross),
            refunded: Money(refunded),
            purchases,
            purchase_day,
        });
    }
    let rhythm =
        record.rhythm.map(|(first, span, days, smoothed_gap, longest_gap, frequency, spend, last_gross)| Rhythm {
            first: Day(first),
            last: Day(first).plus(span),
            days,
            smoothed_gap,
            longest_gap,
            frequency,
            spend,
            last_gross: Money(last_gross),
        });
    let (purchases, gross, refunded) = record.totals;
    let before = |days: i32| newest.plus(-days);
    let profile = Profile {
        newest,
        rhythm,
        totals: Totals { purchases, gross: Money(gross), refunded: Money(refunded) },
        ledger,
        orders: record.orders.into_iter().map(|order| order_of(order, newest)).collect::<Option<_>>()?,
        kinds: record
            .kinds
            .into_iter()
            .map(|(kind, ago, total, decayed)| KindCount { kind, day: before(ago), total, decayed })
            .collect(),
        counts: record
            .counts
            .into_iter()
            .map(|(ago, kind, count)| DayCount { day: before(ago), kind, count })
            .collect(),
        recent: record
            .recent
            .into_iter()
            .map(|(time, tag, ago)| Recent { time: Millis(time), tag: Tag::from_bits(tag), day: before(ago) })
            .collect(),
        habits: None,
        loyalty: (record.settled_points != 0 || !record.points.is_empty()).then(|| {
            let mut loyalty = Loyalty::default();
            loyalty.account.balance = record.settled_points;
            for (ago, change) in record.points {
                loyalty.change(before(ago), change, None);
            }
            Box::new(loyalty)
        }),
        marks: Marks {
            survey: marks_of(record.marks.survey, newest, |value| value),
            review: marks_of(record.marks.review, newest, |value| value),
            complaint: marks_of(record.marks.complaint, newest, |()| ()),
            cause: marks_of(record.marks.cause, newest, Tag::from_bits),
            opt_out: record.marks.opt_out.map(|record| mark_of(record, newest, |()| ())),
        },
    };
    Some(profile)
}

fn order_of(record: OrderRecord, newest: Day) -> Option<OpenOrder> {
    let (ago, time, tag, order, kind, amount) = record;
    let entry = match kind {
        0 => Entry::Purchase(Money(amount)),
        1 => Entry::Refund(Money(amount)),
        2 => Entry::RefundWhole,
        _ => return None,
    };
    let (day, tag, order) = (newest.plus(-ago), Tag::from_bits(tag), order.map(Tag::from_bits));
    Some(OpenOrder {
        day,
        time: Millis(time),
        tag,
        order,
        channel: None,
        category: None,
        discounted: false,
        hour: None,
        entry,
    })
}

fn marks_of<T, W>(records: Vec<MarkRecord<W>>, newest: Day, value: impl Fn(W) -> T) -> Statements<T> {
    Statements(records.into_iter().map(|record| mark_of(record, newest, &value)).collect())
}

fn mark_of<T, W>(record: MarkRecord<W>, newest: Day, value: impl Fn(W) -> T) -> Mark<T> {
    let (time, ago, tag, word) = record;
    Mark { time: Millis(time), day: newest.plus(-ago), tag: Tag::from_bits(tag), value: value(word) }
}
