//! The time of an event as it is written: RFC 3339, the same without an offset, or epoch milliseconds.

use jiff::fmt::temporal::DateTimeParser;

use crate::engine::day::{Day, Millis};
use crate::wire::calendar::day;
use crate::wire::rules::EventRules;

static PARSER: DateTimeParser = DateTimeParser::new();

/// Reads a time; without an offset it is in the configured zone (in a gap or fold as jiff's "compatible" says).
pub fn instant(text: &str, rules: &EventRules) -> Option<Millis> {
    if let Some(millis) = utc(text.as_bytes()) {
        return Some(Millis(millis));
    }
    if let Ok(timestamp) = PARSER.parse_timestamp(text) {
        return Some(Millis(timestamp.as_millisecond()));
    }
    // A zone in brackets without an offset would be ignored silently, so it is refused.
    if text.contains('[') {
        return None;
    }
    let civil = PARSER.parse_datetime(text).ok()?;
    let zoned = civil.to_zoned_datetime(rules.zone.clone()).ok()?;
    Some(Millis(zoned.timestamp().as_millisecond()))
}

/// The local date of a time as it is written; a date alone is itself.
pub fn local_date(text: &str, rules: &EventRules) -> Option<Day> {
    if text.len() == DATE_CHARACTERS {
        return PARSER.parse_date(text).ok().map(day);
    }
    instant(text, rules).map(|time| rules.day(time))
}

/// Characters of `YYYY-MM-DD`.
const DATE_CHARACTERS: usize = 10;

/// The common form `YYYY-MM-DDTHH:MM:SS[.mmm]Z` without going through the general parser.
fn utc(text: &[u8]) -> Option<i64> {
    let (head, fraction) = text.split_at_checked(19)?;
    let millis = match fraction {
        b"Z" => 0,
        [b'.', a, b, c, b'Z'] => number(&[*a, *b, *c])?,
        _ => return None,
    };
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] = head else {
        return None;
    };
    let (year, month, day) = (number(&[*y1, *y2, *y3, *y4])?, number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    let (hour, minute, second) = (number(&[*h1, *h2])?, number(&[*n1, *n2])?, number(&[*s1, *s2])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + millis)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, "chrono-compatible low-level date algorithms").
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;
    use jiff::tz::TimeZone;

    use super::{PARSER, instant, utc};
    use crate::engine::day::Millis;
    use crate::wire::rules::EventRules;

    #[test]
    fn the_quick_way_agrees_with_the_general_parser() {
        for year in [1970, 1999, 2000, 2024, 2025, 2100] {
            for (month, day) in [(1, 1), (2, 28), (2, 29), (3, 1), (12, 31), (4, 31), (13, 1), (0, 5)] {
                let text = format!("{year}-{month:02}-{day:02}T23:59:07.125Z");
                let general = PARSER.parse_timestamp(&text).ok().map(jiff::Timestamp::as_millisecond);
                assert_eq!(utc(text.as_bytes()), general, "{text}");
            }
        }
    }

    #[test]
    fn times_without_an_offset_are_local() {
        let mut rules = EventRules::plain(Currency::CNY);
        rules.zone = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(instant("2025-01-01T08:00:00", &rules), Some(Millis(1_735_689_600_000)));
        assert_eq!(instant("2025-01-01T00:00:00Z", &rules), Some(Millis(1_735_689_600_000)));
        assert_eq!(instant("2025-01-01T01:00:00+01:00", &rules), Some(Millis(1_735_689_600_000)));
        assert_eq!(instant("2025-01-01 08:00:00", &rules), Some(Millis(1_735_689_600_000)));
        for bad in ["", "yesterday", "2025-13-01T00:00:00Z", "1735689600", "2025-01-01T08:00:00[Europe/Berlin]"] {
            assert_eq!(instant(bad, &rules), None, "{bad}");
        }
    }
}
