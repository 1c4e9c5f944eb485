//! Money as text: a decimal string in major units of the base currency.

use iso_currency::Currency;

use crate::engine::money::Money;

/// Decimal places of a currency's minor unit (ISO 4217); currencies without one count whole units.
pub fn exponent(currency: Currency) -> u32 {
    u32::from(currency.exponent().unwrap_or(0))
}

/// Minor units in one major unit.
pub fn minor_per_major(currency: Currency) -> i64 {
    10_i64.pow(exponent(currency))
}

/// `-12.30` for −1230 cents.
pub fn money_text(money: Money, currency: Currency) -> String {
    let exponent = exponent(currency) as usize;
    let digits = format!("{:0>width$}", money.0.unsigned_abs(), width = exponent + 1);
    let sign = if money.0 < 0 { "-" } else { "" };
    match digits.split_at_checked(digits.len() - exponent) {
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::money_text;
    use crate::engine::money::Money;

    #[test]
    fn money_is_written_with_the_places_of_its_currency() {
        let written = [1230, -5, 0, 100].map(|cents| money_text(Money(cents), Currency::EUR));
        assert_eq!(written, ["12.30", "-0.05", "0.00", "1.00"]);
        assert_eq!(money_text(Money(1230), Currency::JPY), "1230");
        assert_eq!(money_text(Money(1230), Currency::BHD), "1.230");
    }
}
