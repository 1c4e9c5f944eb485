//! Days and instants as text.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::engine::day::{Day, Millis};

/// Milliseconds of a day.
pub const DAY_MILLIS: i64 = 86_400_000;

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
    date(day).to_string()
}

/// The midnight that opens `day` in a zone; in a gap the first instant after it.
pub fn midnight(day: Day, zone: &TimeZone) -> Millis {
    let instant = date(day).to_zoned_datetime(zone.clone()).map(|zoned| zoned.timestamp().as_millisecond());
    Millis(instant.unwrap_or_else(|_| i64::from(day.0) * 86_400_000))
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

/// RFC 3339 in UTC, to the millisecond.
pub fn instant_text(time: Millis) -> String {
    let timestamp = Timestamp::from_millisecond(time.0).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{timestamp:.3}")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{date, day, day_text, instant_text, local_day, midnight};
    use crate::engine::day::{Day, Millis};

    #[test]
    fn days_and_dates_are_the_same_thing() {
        for number in [-25_000, -1, 0, 1, 11_016, 20_000] {
            assert_eq!(day(date(Day(number))), Day(number));
        }
        assert_eq!(day_text(Day(20_781)), "2026-11-24");
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
