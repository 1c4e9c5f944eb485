//! Days and instants as text.

use arrayvec::ArrayString;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::day::{Day, Millis};
use crate::engine::effect::Moment;
use crate::wire::digits::push;

/// Milliseconds of a day.
pub const DAY_MILLIS: i64 = 86_400_000;

/// Longest text of a day: a year before 0 has a sign and six digits.
const DAY_BYTES: usize = 13;
/// Longest text of an instant: a day and `THH:MM:SS.mmmZ`.
const INSTANT_BYTES: usize = DAY_BYTES + 14;

/// The text of a day.
pub type DayArray = ArrayString<DAY_BYTES>;
/// The text of an instant.
pub type InstantArray = ArrayString<INSTANT_BYTES>;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The civil date of a day; days beyond the calendar are cut to its ends.
pub fn date(day: Day) -> Date {
    let span = jiff::Span::new().try_days(i64::from(day.0));
    span.and_then(|span| EPOCH.checked_add(span)).unwrap_or(if day.0 < 0 { Date::MIN } else { Date::MAX })
}

/// The day of a civil date.
pub fn day(date: Date) -> Day {
    Day(EPOCH.until(date).map_or(0, |span| span.get_days()))
}

/// `YYYY-MM-DD`.
pub fn day_text(day: Day) -> String {
    day_array(day).to_string()
}

/// `YYYY-MM-DD`.
pub fn day_array(day: Day) -> DayArray {
    let mut text = ArrayString::new();
    push_date(&mut text, date(day));
    text
}

fn push_date<const N: usize>(text: &mut ArrayString<N>, date: Date) {
    let year = date.year();
    if year < 0 {
        text.push('-');
    }
    push(text, year.unsigned_abs().into(), if year < 0 { 6 } else { 4 });
    for part in [date.month(), date.day()] {
        text.push('-');
        push(text, part.unsigned_abs().into(), 2);
    }
}

/// The midnight that opens `day` in a zone; in a gap the first instant after it.
pub fn midnight(day: Day, zone: &TimeZone) -> Millis {
    let instant = date(day).to_zoned_datetime(zone.clone()).map(|zoned| zoned.timestamp().as_millisecond());
    Millis(instant.unwrap_or_else(|_| i64::from(day.0) * 86_400_000))
}

/// The instant of the calendar that is nearest.
pub fn nearest(time: Millis) -> Millis {
    Millis(time.0.clamp(Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond()))
}

/// The local day of an instant.
pub fn local_day(time: Millis, zone: &TimeZone) -> Day {
    Day(local_millis(time, zone).div_euclid(DAY_MILLIS) as i32)
}

/// The local clock at an instant, as milliseconds since 1970-01-01T00:00:00 on that clock.
pub fn local_millis(time: Millis, zone: &TimeZone) -> i64 {
    let timestamp =
        Timestamp::from_millisecond(time.0).unwrap_or(if time.0 < 0 { Timestamp::MIN } else { Timestamp::MAX });
    time.0 + i64::from(zone.to_offset(timestamp).seconds()) * 1_000
}

/// When something was decided: an event's time, or for a close the midnight that ends the day.
pub fn decided(moment: Moment, zone: &TimeZone) -> Millis {
    match moment {
        Moment::Close(day) => midnight(day.plus(1), zone),
        Moment::Event(time, _) => time,
    }
}

/// RFC 3339 in UTC, to the millisecond.
pub fn instant_text(time: Millis) -> String {
    instant_array(time).to_string()
}

/// RFC 3339 in UTC, to the millisecond.
pub fn instant_array(time: Millis) -> InstantArray {
    let timestamp = Timestamp::from_millisecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
    let civil = TimeZone::UTC.to_datetime(timestamp);
    let mut text = ArrayString::new();
    push_date(&mut text, civil.date());
    for (mark, part) in [('T', civil.hour()), (':', civil.minute()), (':', civil.second())] {
        text.push(mark);
        push(&mut text, part.unsigned_abs().into(), 2);
    }
    text.push('.');
    push(&mut text, civil.millisecond().unsigned_abs().into(), 3);
    text.push('Z');
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::{DAY_MILLIS, date, day, day_text, instant_text, local_day, midnight};
    use crate::engine::day::{Day, Millis};

    #[test]
    fn days_and_dates_are_the_same_thing() {
        for number in [-25_000, -1, 0, 1, 11_016, 20_000] {
            assert_eq!(day(date(Day(number))), Day(number));
        }
        assert_eq!(day_text(Day(20_781)), "2026-11-24");
    }

    #[test]
    fn days_and_instants_are_written_as_jiff_writes_them() {
        for number in [i32::MIN, -1_000_000, -719_529, -719_528, -1, 0, 20_781, i32::MAX].map(Day) {
            assert_eq!(day_text(number), date(number).to_string());
            for millis in [-1, 0, 7, 43_200_125] {
                let time = Millis(i64::from(number.0) * DAY_MILLIS + millis);
                let timestamp = Timestamp::from_millisecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
                assert_eq!(instant_text(time), format!("{timestamp:.3}"));
            }
        }
    }

    #[test]
    fn a_local_day_begins_at_local_midnight() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        let start = midnight(Day(20_000), &shanghai);
        assert_eq!(start, Millis(20_000 * 86_400_000 - 8 * 3_600_000));
        assert_eq!(local_day(start, &shanghai), Day(20_000));
        assert_eq!(local_day(start.plus(-1), &shanghai), Day(19_999));
        assert_eq!(instant_text(Millis(0)), "1970-01-01T00:00:00.000Z");
    }
}
