//! Amounts as they are written into integer minor units of the base currency, rounded half to even once an event.

use iso_currency::Currency;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::engine::event::Reason;
use crate::engine::money::Money;
use crate::wire::money::exponent;
use crate::wire::rules::EventRules;

/// Digits that an amount may have; more would not fit the decimal type.
const MAX_DIGITS: usize = 27;

/// A decimal as written: digits × 10^−scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    digits: i128,
    scale: i32,
}

/// Reads the text of a JSON number or of a decimal string in `currency`.
pub fn amount(text: &str, currency: Currency, rules: &EventRules) -> Result<Money, Reason> {
    let written = parse(text).filter(|written| written.digits >= 0).ok_or(Reason::BadAmount)?;
    let minor = if currency == rules.currency {
        scaled_half_even(written, exponent(currency) as i32).ok_or(Reason::BadAmount)?
    } else {
        let rate = rules.rates.get(&currency).ok_or(Reason::UnknownCurrency)?;
        converted(written, *rate, exponent(rules.currency)).ok_or(Reason::BadAmount)?
    };
    if (0..=Money::MAX_EVENT.0).contains(&minor) { Ok(Money(minor)) } else { Err(Reason::BadAmount) }
}

/// Whether the text is a decimal at all.
pub fn is_decimal(text: &str) -> bool {
    parse(text).is_some()
}

/// Whether the text is a decimal above zero.
pub fn is_positive(text: &str) -> bool {
    parse(text).is_some_and(|written| written.digits > 0)
}

/// The JSON number grammar, without its rule on leading zeros, since strings come from everywhere.
fn parse(text: &str) -> Option<Written> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || (mantissa.contains('.') && fraction.is_empty()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mut digits: i128 = 0;
    if whole.trim_start_matches('0').len() + fraction.len() > MAX_DIGITS {
        return None;
    }
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        digits = digits * 10 + i128::from(byte - b'0');
    }
    if negative {
        digits = -digits;
    }
    Some(Written { digits, scale: fraction.len() as i32 - i32::from(exponent) })
}

/// digits × 10^(places − scale), rounded half to even.
fn scaled_half_even(written: Written, places: i32) -> Option<i64> {
    let shift = places - written.scale;
    if written.digits == 0 {
        return Some(0);
    }
    if shift >= 0 {
        let factor = 10_i128.checked_pow(u32::try_from(shift).ok()?)?;
        return i64::try_from(written.digits.checked_mul(factor)?).ok();
    }
    let Some(divisor) = 10_i128.checked_pow(shift.unsigned_abs()) else { return Some(0) };
    let (quotient, rest) = (written.digits / divisor, (written.digits % divisor).abs());
    let up = match (rest * 2).cmp(&divisor) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Less => false,
    };
    i64::try_from(quotient + if up { written.digits.signum() } else { 0 }).ok()
}

fn converted(written: Written, rate: Decimal, places: u32) -> Option<i64> {
    let amount = if written.scale >= 0 {
        Decimal::try_from_i128_with_scale(written.digits, u32::try_from(written.scale).ok()?).ok()?
    } else {
        let factor = 10_i128.checked_pow(written.scale.unsigned_abs())?;
        Decimal::try_from_i128_with_scale(written.digits.checked_mul(factor)?, 0).ok()?
    };
    let base = amount.checked_mul(rate)?.checked_mul(Decimal::from(10_i64.pow(places)))?;
    i64::try_from(base.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)).ok()
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::amount;
    use crate::engine::event::Reason;
    use crate::engine::money::Money;
    use crate::wire::rules::EventRules;

    fn rules() -> EventRules {
        let mut rules = EventRules::plain(Currency::CNY);
        rules.rates.insert(Currency::EUR, "7.8".parse().unwrap());
        rules.rates.insert(Currency::JPY, "0.0487".parse().unwrap());
        rules
    }

    #[test]
    fn base_amounts_round_half_to_even() {
        let story = [
            ("12.34", 1234),
            ("0", 0),
            ("-0.00", 0),
            ("1e2", 10_000),
            ("12.345", 1234),
            ("12.355", 1236),
            ("12.3451", 1235),
            ("0.005", 0),
            ("0.015", 2),
            ("1.10000000000000000000000000000000000", 110),
            ("1E-3", 0),
            ("007.5", 750),
        ];
        for (text, minor) in story {
            assert_eq!(amount(text, Currency::CNY, &rules()), Ok(Money(minor)), "{text}");
        }
    }

    #[test]
    fn other_currencies_go_by_their_rate() {
        assert_eq!(amount("10.01", Currency::EUR, &rules()), Ok(Money(7808)));
        assert_eq!(amount("1000", Currency::JPY, &rules()), Ok(Money(4870)));
        assert_eq!(amount("1", Currency::USD, &rules()), Err(Reason::UnknownCurrency));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            "-1",
            "-0.001",
            "abc",
            "1.",
            ".5",
            "1,5",
            "+1",
            "0x10",
            "1e99999",
            "NaN",
            "99999999999999999999",
            "1e30",
            "--1",
            "1.2.3",
        ] {
            assert_eq!(amount(text, Currency::CNY, &rules()), Err(Reason::BadAmount), "{text}");
        }
    }
}
