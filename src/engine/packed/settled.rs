//! The settled part of a profile, packed: rhythm, sums, ledger, interactions by kind, habits.
//!
//! Rhythm and sums are left out where the ledger still has the whole life: folding it again gives the same bits.

use crate::engine::day::Day;
use crate::engine::packed::bytes::{Reader, Writer};
use crate::engine::rfm::frequent::{Counter, Frequent};
use crate::engine::rfm::habits::Habits;
use crate::engine::rfm::ledger::LedgerDay;
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::settled::{KindCount, Rhythm, Totals, fold_day};

/// Lives of at most so many days with money are folded anew when they are unpacked.
const FOLDED_DAYS: usize = 32;

/// Whether rhythm and sums follow from the ledger.
///
/// They are the fold of all settled days. Where the sums agree, no day with money has left the ledger; where the purchase
/// days agree in number, none without has.
pub(crate) fn follows_from_ledger(profile: &Profile) -> bool {
    if profile.ledger.len() > FOLDED_DAYS {
        return false;
    }
    let (mut totals, mut days) = (Totals::default(), 0);
    for day in &profile.ledger {
        totals.purchases = totals.purchases.saturating_add(day.purchases);
        totals.gross += day.gross;
        totals.refunded += day.refunded;
        days += u32::from(day.purchase_day);
    }
    totals == profile.totals && days == profile.rhythm.map_or(0, |rhythm| rhythm.days)
}

pub(crate) fn write_rhythm(writer: &mut Writer, profile: &Profile) {
    let Totals { purchases, gross, refunded } = profile.totals;
    writer.number(u64::from(purchases));
    writer.money(gross);
    writer.money(refunded);
    writer.byte(u8::from(profile.rhythm.is_some()));
    let Some(rhythm) = &profile.rhythm else { return };
    writer.day(rhythm.last);
    writer.signed(i64::from(rhythm.last.since(rhythm.first)));
    writer.number(u64::from(rhythm.days));
    writer.f32(rhythm.smoothed_gap);
    writer.signed(i64::from(rhythm.longest_gap));
    rhythm.frequency.iter().chain(&rhythm.spend).for_each(|value| writer.f32(*value));
    writer.money(rhythm.last_gross);
}

pub(crate) fn read_rhythm(reader: &mut Reader<'_>, profile: &mut Profile) -> Option<()> {
    profile.totals = Totals { purchases: reader.small()?, gross: reader.money()?, refunded: reader.money()? };
    if reader.byte()? == 0 {
        return Some(());
    }
    let last = reader.day()?;
    let first = reader.day_before(last)?;
    let days = reader.small().filter(|days| *days > 0)?;
    let smoothed_gap = reader.f32()?;
    let longest_gap = i32::try_from(reader.signed()?).ok()?;
    let frequency = [reader.f32()?, reader.f32()?, reader.f32()?, reader.f32()?];
    let spend = [reader.f32()?, reader.f32()?];
    let last_gross = reader.money()?;
    profile.rhythm = Some(Rhythm { first, last, days, smoothed_gap, longest_gap, frequency, spend, last_gross });
    Some(())
}

/// Folds rhythm and sums anew out of the ledger.
pub(crate) fn fold_ledger(profile: &mut Profile) {
    let Profile { ledger, rhythm, totals, .. } = profile;
    for day in ledger.iter() {
        fold_day(rhythm, totals, day);
    }
}

/// The bit of a day that counts as a purchase day, in the number of its purchases.
const PURCHASE_DAY: u64 = 1;
/// The bit of a day with a refund.
const REFUNDED: u64 = 2;

pub(crate) fn write_ledger(writer: &mut Writer, ledger: &[LedgerDay], newest: Day) {
    writer.count(ledger.len());
    let mut later = newest;
    // Backwards, so that every distance is a short, positive one.
    for day in ledger.iter().rev() {
        writer.signed(i64::from(later.since(day.day)));
        later = day.day;
        let purchase_day = if day.purchase_day { PURCHASE_DAY } else { 0 };
        let refunded = if day.refunded.0 == 0 { 0 } else { REFUNDED };
        writer.number(u64::from(day.purchases) << 2 | refunded | purchase_day);
        writer.money(day.gross);
        if refunded != 0 {
            writer.money(day.refunded);
        }
    }
}

pub(crate) fn read_ledger(reader: &mut Reader<'_>, ledger: &mut Vec<LedgerDay>, newest: Day) -> Option<()> {
    let mut later = newest;
    for at in 0..reader.count()? {
        let day = reader.day_before(later)?;
        // Folding relies on days that ascend.
        if at > 0 && day >= later {
            return None;
        }
        later = day;
        let code = reader.number()?;
        let purchases = u32::try_from(code >> 2).ok()?;
        let gross = reader.money()?;
        let refunded = if code & REFUNDED == 0 { None } else { Some(reader.money()?) };
        let purchase_day = code & PURCHASE_DAY != 0;
        ledger.push(LedgerDay { day, gross, refunded: refunded.unwrap_or_default(), purchases, purchase_day });
    }
    ledger.reverse();
    Some(())
}

pub(crate) fn write_kinds(writer: &mut Writer, kinds: &[KindCount]) {
    writer.count(kinds.len());
    for kind in kinds {
        writer.byte(kind.kind);
        writer.day(kind.day);
        writer.number(u64::from(kind.total));
        kind.decayed.iter().for_each(|value| writer.f32(*value));
    }
}

pub(crate) fn read_kinds(reader: &mut Reader<'_>, kinds: &mut Vec<KindCount>) -> Option<()> {
    for _ in 0..reader.count()? {
        let (kind, day, total) = (reader.byte()?, reader.day()?, reader.small()?);
        kinds.push(KindCount { kind, day, total, decayed: [reader.f32()?, reader.f32()?, reader.f32()?] });
    }
    Some(())
}

pub(crate) fn write_habits(writer: &mut Writer, habits: &Habits) {
    let [weekdays, weekends] = habits.week;
    let Habits { day_parts, discounted, returns, viewed_days, .. } = *habits;
    let [night, morning, afternoon, evening] = day_parts;
    for number in [weekdays, weekends, night, morning, afternoon, evening, discounted, returns, viewed_days] {
        writer.number(u64::from(number));
    }
    if viewed_days > 0 {
        writer.number(u64::from(habits.views));
        writer.number(u64::from(habits.delay_days));
    }
    write_frequent(writer, &habits.channels);
    write_frequent(writer, &habits.categories);
    writer.byte(u8::from(habits.last.is_some()));
    if let Some(last) = habits.last {
        writer.day(last);
    }
}

pub(crate) fn read_habits(reader: &mut Reader<'_>) -> Option<Habits> {
    let mut next = || reader.tiny();
    let week = [next()?, next()?];
    let day_parts = [next()?, next()?, next()?, next()?];
    let (discounted, returns, viewed_days) = (next()?, next()?, next()?);
    let (views, delay_days) = if viewed_days > 0 { (reader.small()?, reader.small()?) } else { (0, 0) };
    let channels = read_frequent(reader)?;
    let categories = read_frequent(reader)?;
    let last = if reader.byte()? == 0 { None } else { Some(reader.day()?) };
    let [weekdays, weekends] = week;
    let purchases = weekdays.checked_add(weekends)?;
    Some(Habits {
        purchases,
        week,
        day_parts,
        channels,
        categories,
        discounted,
        returns,
        viewed_days,
        views,
        delay_days,
        last,
    })
}

/// The counters in use; their counts add up to the names counted.
fn write_frequent<const N: usize>(writer: &mut Writer, frequent: &Frequent<N>) {
    writer.count(frequent.used().count());
    for counter in frequent.used() {
        writer.name(counter.tag());
        let wrong = counter.error > 0;
        writer.number(u64::from(counter.count) << 1 | u64::from(wrong));
        if wrong {
            writer.number(u64::from(counter.error));
        }
    }
}

fn read_frequent<const N: usize>(reader: &mut Reader<'_>) -> Option<Frequent<N>> {
    let mut frequent = Frequent::default();
    for at in 0..reader.count()? {
        let name = reader.name()?;
        let code = reader.number()?;
        let count = u16::try_from(code >> 1).ok()?;
        let error = if code & 1 == 0 { 0 } else { reader.tiny()? };
        let sound = error < count;
        *frequent.counters.get_mut(at).filter(|_| sound)? = Counter::new(name, count, error);
        frequent.seen = frequent.seen.checked_add(count)?;
    }
    Some(frequent)
}
