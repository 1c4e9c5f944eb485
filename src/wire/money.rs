//! Money as text: a decimal string in major units of the base currency.

use arrayvec::ArrayString;
use iso_currency::Currency;

use crate::engine::money::Money;
use crate::wire::digits::push;

/// Longest text of an amount: the digits of an `i64`, sign and point; no currency has more places.
const MONEY_BYTES: usize = 24;

/// The text of an amount.
pub type MoneyArray = ArrayString<MONEY_BYTES>;

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
    money_array(money, currency).to_string()
}

/// `-12.30` for −1230 cents.
pub fn money_array(money: Money, currency: Currency) -> MoneyArray {
    let mut text = ArrayString::new();
    if money.0 < 0 {
        text.push('-');
    }
    let (minor, places) = (money.0.unsigned_abs(), exponent(currency));
    let major = 10_u64.pow(places);
    push(&mut text, minor / major, 1);
    if places > 0 {
        text.push('.');
        push(&mut text, minor % major, places as usize);
    }
    text
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
        assert_eq!(money_text(Money(-7), Currency::CLF), "-0.0007");
        assert_eq!(money_text(Money(i64::MIN), Currency::CLF), "-922337203685477.5808");
    }
}
