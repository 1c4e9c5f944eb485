//! Numbers as people read them.

use crate::effect_study::words::Words;

/// `12,345`.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A whole number with its sign if it is below 0, thousands apart.
pub fn whole(number: f64) -> String {
    if !number.is_finite() {
        return "–".into();
    }
    let digits = format!("{:.0}", number.abs());
    let sign = if number < 0.0 && digits != "0" { "-" } else { "" };
    format!("{sign}{}", grouped(&digits))
}

/// `+5.8` or `-5.8`.
pub fn signed(number: f64, places: usize) -> String {
    let text = format!("{number:+.places$}");
    match text.strip_prefix('-') {
        _ if !number.is_finite() => "–".into(),
        Some(rest) if rest.chars().all(|letter| letter == '0' || letter == '.') => format!("+{rest}"),
        Some(_) | None => text,
    }
}

/// `16.0 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { "–".into() }
}

/// The interval of a difference, or a dash where it is endless.
pub fn between(ends: [f64; 2], places: usize, words: &Words) -> String {
    joined(ends, |end| if places == 0 { whole(end) } else { signed(end, places) }, words)
}

/// The interval of a share, in percent.
pub fn between_percent(ends: [f64; 2], words: &Words) -> String {
    joined(ends, |end| format!("{:.1}", end.clamp(0.0, 100.0)), words)
}

fn joined([low, high]: [f64; 2], one: impl Fn(f64) -> String, words: &Words) -> String {
    if low.is_finite() && high.is_finite() {
        format!("{} {} {}", one(low), words.to(), one(high))
    } else {
        "–".into()
    }
}

/// `12.30`, or a dash where it is unknown.
pub fn fixed(number: f64, places: usize) -> String {
    if number.is_finite() { format!("{number:.places$}") } else { "–".into() }
}

/// An amount as it stands in JSON, thousands apart.
pub fn money(amount: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
    match digits.split_once('.') {
        Some((whole, minor)) => format!("{sign}{}.{minor}", grouped(whole)),
        None => format!("{sign}{}", grouped(digits)),
    }
}

/// A p-value to three places.
pub fn p_value(p: f64) -> String {
    if p < 0.0005 { "<0.0005".into() } else { format!("{p:.3}") }
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{count, money, p_value, signed, whole};

    #[test]
    fn numbers_are_grouped_and_signed() {
        assert_eq!([0, 12, 123, 1_234, 1_234_567].map(count), ["0", "12", "123", "1,234", "1,234,567"]);
        assert_eq!([-1_234.4, -0.2, 999.6].map(whole), ["-1,234", "0", "1,000"]);
        assert_eq!([1.25, -3.0, -0.01].map(|number| signed(number, 1)), ["+1.2", "-3.0", "+0.0"]);
        assert_eq!(["-1234.50", "0.05", "1000000"].map(money), ["-1,234.50", "0.05", "1,000,000"]);
        assert_eq!([0.0001, 0.5].map(p_value), ["<0.0005", "0.500"]);
    }
}
