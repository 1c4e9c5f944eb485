//! How values that JSON has no type for are written in it: decimals, days, instants, bytes. What the parser of our own events
//! reads, it reads here too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};

/// Bytes of the largest decimal; no amount comes near it.
const MAX_DECIMAL_BYTES: usize = 16;

/// A JSON text.
pub fn text(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// Bytes as base64.
pub fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    text(&STANDARD.encode(bytes), out);
}

/// A number, which JSON has not where it is none or without end.
pub fn number(number: f64, is_single: bool, out: &mut Vec<u8>) {
    let _ = match number {
        // The shortest text that is this number again, of the width that it was written in.
        finite if finite.is_finite() && is_single => serde_json::to_writer(out, &(finite as f32)),
        finite if finite.is_finite() => serde_json::to_writer(out, &finite),
        none if none.is_nan() => serde_json::to_writer(out, "NaN"),
        endless => serde_json::to_writer(out, if endless > 0.0 { "Infinity" } else { "-Infinity" }),
    };
}

/// A decimal: a whole number, its highest byte first and negative where its first bit is set, of which so many digits stand
/// behind the point. `None` where it is beyond any use.
pub fn decimal(bytes: &[u8], scale: usize) -> Option<String> {
    let fill = if bytes.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 };
    let skipped = bytes.len().saturating_sub(MAX_DECIMAL_BYTES);
    let (spare, bytes) = bytes.split_at_checked(skipped)?;
    if spare.iter().any(|byte| *byte != fill) {
        return None;
    }
    let mut whole = [fill; MAX_DECIMAL_BYTES];
    whole.get_mut(MAX_DECIMAL_BYTES - bytes.len()..)?.copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(whole);
    // The sign would be the other one if a byte that was left out had counted.
    if skipped > 0 && (unscaled < 0) != (fill == 0xff) {
        return None;
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (before, behind) = digits.split_at_checked(digits.len() - scale)?;
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{sign}{before}{point}{behind}"))
}

/// Parts of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths.
    Millis,
    /// Millionths.
    Micros,
    /// Billionths.
    Nanos,
}

impl Unit {
    const fn duration(self, count: i64) -> SignedDuration {
        match self {
            Self::Millis => SignedDuration::from_millis(count),
            Self::Micros => SignedDuration::from_micros(count),
            Self::Nanos => SignedDuration::from_nanos(count),
        }
    }
}

/// An instant as RFC 3339 in UTC; `None` beyond the years that have four digits.
pub fn instant(count: i64, unit: Unit) -> Option<String> {
    Some(Timestamp::from_duration(unit.duration(count)).ok()?.to_string())
}

/// A moment of no zone, as RFC 3339 without an offset.
pub fn local(count: i64, unit: Unit) -> Option<String> {
    let moment = Timestamp::from_duration(unit.duration(count)).ok()?;
    Some(TimeZone::UTC.to_datetime(moment).to_string())
}

/// Days since 1970-01-01 as YYYY-MM-DD.
pub fn day(days: i32) -> Option<String> {
    let epoch = Date::constant(1970, 1, 1);
    Some(epoch.checked_add(Span::new().try_days(days).ok()?).ok()?.to_string())
}

/// A time of the day, counted from midnight.
pub fn time_of_day(count: i64, unit: Unit) -> Option<String> {
    Some(Time::midnight().checked_add(unit.duration(count)).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Unit, day, decimal, instant, local, number, time_of_day};

    #[test]
    fn decimals_keep_every_digit() {
        for (bytes, scale, text) in [
            (&[0x04, 0xd2][..], 2, "12.34"),
            (&[0xfb, 0x2e], 2, "-12.34"),
            (&[5], 2, "0.05"),
            (&[0xfb], 2, "-0.05"),
            (&[7], 0, "7"),
            (&[], 2, "0.00"),
            (&[0; 20], 1, "0.0"),
            (&[0xff; 20], 0, "-1"),
        ] {
            assert_eq!(decimal(bytes, scale).as_deref(), Some(text));
        }
        assert_eq!(decimal(&[1; 17], 2), None);
        assert_eq!(decimal(&[[0].as_slice(), &[0xff; 16]].concat(), 0), None);
    }

    #[test]
    fn times_are_texts_that_our_own_events_have() {
        let text = |time: Option<String>| time.unwrap_or_default();
        assert_eq!(text(instant(1_778_386_111_250, Unit::Millis)), "2026-05-10T04:08:31.25Z");
        assert_eq!(text(instant(-1, Unit::Micros)), "1969-12-31T23:59:59.999999Z");
        assert_eq!(text(local(1_778_386_111_000_000_001, Unit::Nanos)), "2026-05-10T04:08:31.000000001");
        assert_eq!((text(day(20_583)), text(day(-1))), ("2026-05-10".into(), "1969-12-31".into()));
        assert_eq!(text(time_of_day(14_911_000, Unit::Millis)), "04:08:31");
        assert_eq!((instant(i64::MAX, Unit::Millis), day(i32::MAX), time_of_day(-1, Unit::Micros)), (None, None, None));
    }

    #[test]
    fn numbers_are_as_short_as_they_were() {
        let text = |value: f64, is_single| {
            let mut out = Vec::new();
            number(value, is_single, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(f64::from(19.99_f32), true), "19.99");
        assert_eq!(text(19.99, false), "19.99");
        assert_eq!(text(f64::NAN, false), "\"NaN\"");
        assert_eq!(text(f64::NEG_INFINITY, true), "\"-Infinity\"");
    }
}
