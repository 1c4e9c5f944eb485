//! The open part of a profile, packed: orders, interactions by day, the newest one by one, points, what was last said.

use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::rfm::loyalty::{Account, Lot, Loyalty, PointChange};
use crate::engine::rfm::marks::{Mark, Marks, Statements};
use crate::engine::rfm::open::{DayCount, Entry, OpenOrder, RECENT_TAGS, Recent};

/// The code of an unknown hour, in the lower five bits of an order's first byte.
const NO_HOUR: u8 = 31;
/// The bit of a discount.
const DISCOUNTED: u8 = 32;
/// Where the kind of an entry begins: 0 purchase, 1 refund, 2 whole order.
const KIND: u8 = 6;
/// The bits of an order's second byte: what else is told.
const ORDER: u8 = 1;
const CHANNEL: u8 = 2;
const CATEGORY: u8 = 4;

pub(crate) fn write_orders(writer: &mut Writer, orders: &[OpenOrder]) {
    writer.count(orders.len());
    let mut since = writer.midnight();
    for order in orders {
        let (kind, amount) = match order.entry {
            Entry::Purchase(amount) => (0, Some(amount)),
            Entry::Refund(amount) => (1, Some(amount)),
            Entry::RefundWhole => (2, None),
        };
        let discount = if order.discounted { DISCOUNTED } else { 0 };
        writer.byte(kind << KIND | discount | order.hour.unwrap_or(NO_HOUR));
        let told = |there: bool, bit: u8| if there { bit } else { 0 };
        let told = told(order.order.is_some(), ORDER)
            | told(order.channel.is_some(), CHANNEL)
            | told(order.category.is_some(), CATEGORY);
        writer.byte(told);
        writer.instant(order.time, order.day, since);
        since = order.time;
        writer.tag(order.tag);
        if let Some(order) = order.order {
            writer.tag(order);
        }
        order.channel.into_iter().chain(order.category).for_each(|name| writer.name(name));
        if let Some(amount) = amount {
            writer.money(amount);
        }
    }
}

pub(crate) fn read_orders(reader: &mut Reader<'_>, orders: &mut Vec<OpenOrder>) -> Option<()> {
    let mut since = reader.midnight();
    for _ in 0..reader.count()? {
        let (code, told) = (reader.byte()?, reader.byte()?);
        let (time, day) = reader.instant(since)?;
        since = time;
        let tag = reader.tag()?;
        let order = if told & ORDER == 0 { None } else { Some(reader.tag()?) };
        let channel = if told & CHANNEL == 0 { None } else { Some(reader.name()?) };
        let category = if told & CATEGORY == 0 { None } else { Some(reader.name()?) };
        let entry = match code >> KIND {
            0 => Entry::Purchase(reader.money()?),
            1 => Entry::Refund(reader.money()?),
            2 => Entry::RefundWhole,
            _ => return None,
        };
        let hour = Some(code & NO_HOUR).filter(|hour| *hour != NO_HOUR);
        let discounted = code & DISCOUNTED != 0;
        orders.push(OpenOrder { day, time, tag, order, channel, category, discounted, hour, entry });
    }
    Some(())
}

/// Kind, whether it is one only, and days since the one before, in one number.
pub(crate) fn write_counts(writer: &mut Writer, counts: &[DayCount], newest: Day) {
    writer.count(counts.len());
    let mut later = newest;
    for count in counts.iter().rev() {
        let gap = i64::from(later.since(count.day));
        later = count.day;
        let several = u64::from(count.count != 1);
        writer.number((gap as u64) << 5 | u64::from(count.kind) << 1 | several);
        if several == 1 {
            writer.number(u64::from(count.count));
        }
    }
}

pub(crate) fn read_counts(reader: &mut Reader<'_>, counts: &mut Vec<DayCount>, newest: Day) -> Option<()> {
    let mut later = newest;
    for _ in 0..reader.count()? {
        let code = reader.number()?;
        let day = later.plus(-i32::try_from(code >> 5).ok()?);
        later = day;
        let count = if code & 1 == 0 { 1 } else { reader.small()? };
        counts.push(DayCount { day, kind: (code >> 1 & 15) as u8, count });
    }
    counts.reverse();
    Some(())
}

pub(crate) fn write_recent(writer: &mut Writer, recent: &[Recent]) {
    writer.count(recent.len());
    let mut since = writer.midnight();
    for one in recent {
        writer.instant(one.time, one.day, since);
        since = one.time;
        writer.tag(one.tag);
    }
}

pub(crate) fn read_recent(reader: &mut Reader<'_>, recent: &mut Vec<Recent>) -> Option<()> {
    let mut since = reader.midnight();
    let count = reader.count().filter(|count| *count <= RECENT_TAGS)?;
    for _ in 0..count {
        let (time, day) = reader.instant(since)?;
        since = time;
        recent.push(Recent { time, tag: reader.tag()?, day });
    }
    Some(())
}

pub(crate) fn write_loyalty(writer: &mut Writer, loyalty: &Loyalty) {
    let Loyalty { account, open } = loyalty;
    writer.signed(account.balance);
    writer.count(account.lots.len());
    for lot in &account.lots {
        writer.day(lot.expires);
        writer.signed(lot.points);
    }
    write_changes(writer, open);
}

pub(crate) fn write_changes(writer: &mut Writer, changes: &[PointChange]) {
    writer.count(changes.len());
    for change in changes {
        writer.day(change.day);
        writer.byte(u8::from(change.expires.is_some()));
        if let Some(expires) = change.expires {
            writer.day(expires);
        }
        writer.signed(change.gained);
        writer.signed(change.spent);
    }
}

pub(crate) fn read_changes(reader: &mut Reader<'_>) -> Option<Vec<PointChange>> {
    let mut changes = Vec::new();
    for _ in 0..reader.count()? {
        let day = reader.day()?;
        let expires = if reader.byte()? == 0 { None } else { Some(reader.day()?) };
        changes.push(PointChange { day, expires, gained: reader.signed()?, spent: reader.signed()? });
    }
    Some(changes)
}

pub(crate) fn read_loyalty(reader: &mut Reader<'_>) -> Option<Loyalty> {
    let balance = reader.signed()?;
    let mut lots = Vec::new();
    for _ in 0..reader.count()? {
        lots.push(Lot { expires: reader.day()?, points: reader.signed()? });
    }
    Some(Loyalty { account: Account { balance, lots }, open: read_changes(reader)? })
}

pub(crate) fn write_marks(writer: &mut Writer, marks: &Marks) {
    write_statements(writer, &marks.survey, Writer::f32);
    write_statements(writer, &marks.review, Writer::f32);
    write_statements(writer, &marks.complaint, |_, ()| ());
    write_statements(writer, &marks.cause, |writer, cause: Tag| writer.name(cause));
    writer.byte(u8::from(marks.opt_out.is_some()));
    if let Some(mark) = &marks.opt_out {
        write_mark(writer, mark);
    }
}

pub(crate) fn read_marks(reader: &mut Reader<'_>) -> Option<Marks> {
    Some(Marks {
        survey: read_statements(reader, Reader::f32)?,
        review: read_statements(reader, Reader::f32)?,
        complaint: read_statements(reader, |_| Some(()))?,
        cause: read_statements(reader, Reader::name)?,
        opt_out: if reader.byte()? == 0 { None } else { Some(read_mark(reader, |_| Some(()))?) },
    })
}

fn write_statements<T: Copy>(writer: &mut Writer, said: &Statements<T>, value: impl Fn(&mut Writer, T)) {
    writer.count(said.0.len());
    for mark in &said.0 {
        write_mark(writer, mark);
        value(writer, mark.value);
    }
}

fn read_statements<'a, T>(
    reader: &mut Reader<'a>,
    value: impl Fn(&mut Reader<'a>) -> Option<T>,
) -> Option<Statements<T>> {
    let mut said = Vec::new();
    for _ in 0..reader.count()? {
        said.push(read_mark(reader, &value)?);
    }
    Some(Statements(said))
}

fn write_mark<T>(writer: &mut Writer, mark: &Mark<T>) {
    let midnight = writer.midnight();
    writer.instant(mark.time, mark.day, midnight);
    writer.tag(mark.tag);
}

fn read_mark<'a, T>(reader: &mut Reader<'a>, value: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Mark<T>> {
    let midnight = reader.midnight();
    let (time, day) = reader.instant(midnight)?;
    Some(Mark { time, day, tag: reader.tag()?, value: value(reader)? })
}
