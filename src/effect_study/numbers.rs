//! Numbers as people read them.

use crate::effect_study::words::Words;
use crate::wire::texts::Language;

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
pub fn percent(share: f64, language: Language) -> String {
    if share.is_finite() { in_percent(&format!("{:.1}", share * 100.0), language) } else { "–".into() }
}

/// `16 %`.
pub fn whole_percent(share: f64, language: Language) -> String {
    in_percent(&format!("{:.0}", share * 100.0), language)
}

/// A figure with the sign of percent, which has no space before it in Chinese.
pub fn in_percent(figure: &str, language: Language) -> String {
    match language {
        Language::En => format!("{figure} %"),
        Language::Zh => format!("{figure}%"),
    }
}

/// What a currency is called in heads and sentences.
pub fn currency_name(code: &str, language: Language) -> &str {
    match (language, code) {
        (Language::Zh, "CNY") => "元",
        (Language::Zh | Language::En, _) => code,
    }
}

/// An amount as it stands in JSON, with its currency.
pub fn priced(amount: &str, code: &str, language: Language) -> String {
    match (language, code) {
        (Language::Zh, "CNY") => {
            let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("-", digits));
            format!("{sign}¥{}", money(digits))
        }
        (Language::Zh | Language::En, _) => format!("{} {code}", money(amount)),
    }
}

/// The interval of a difference, or a dash where it is endless.
pub fn between(ends: [f64; 2], places: usize, words: &Words) -> String {
    joined(ends, |end| if places == 0 { whole(end) } else { signed(end, places) }, words)
}

/// The interval of a difference of two shares, in points: no such difference is beyond 100.
pub fn between_points(ends: [f64; 2], words: &Words) -> String {
    joined(ends, |end| signed((end * 100.0).clamp(-100.0, 100.0), 1), words)
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
    use super::{count, currency_name, money, p_value, percent, priced, signed, whole};
    use crate::wire::texts::Language;

    #[test]
    fn percent_and_money_are_written_as_the_language_does() {
        let both = |said: fn(Language) -> String| Language::ALL.map(said);
        assert_eq!(both(|language| percent(0.753, language)), ["75.3 %", "75.3%"]);
        assert_eq!(both(|language| priced("-1231.49", "CNY", language)), ["-1,231.49 CNY", "-¥1,231.49"]);
        assert_eq!(both(|language| priced("31.00", "EUR", language)), ["31.00 EUR", "31.00 EUR"]);
        assert_eq!(both(|language| currency_name("CNY", language).to_owned()), ["CNY", "元"]);
    }

    #[test]
    fn numbers_are_grouped_and_signed() {
        assert_eq!([0, 12, 123, 1_234, 1_234_567].map(count), ["0", "12", "123", "1,234", "1,234,567"]);
        assert_eq!([-1_234.4, -0.2, 999.6].map(whole), ["-1,234", "0", "1,000"]);
        assert_eq!([1.25, -3.0, -0.01].map(|number| signed(number, 1)), ["+1.2", "-3.0", "+0.0"]);
        assert_eq!(["-1234.50", "0.05", "1000000"].map(money), ["-1,234.50", "0.05", "1,000,000"]);
        assert_eq!([0.0001, 0.5].map(p_value), ["<0.0005", "0.500"]);
    }
}
