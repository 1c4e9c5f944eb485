//! Texts with a form of their own: days, instants, money, UUIDs.

use std::borrow::Cow;

use iso_currency::Currency;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use uuid::Uuid;

use crate::engine::day::Day;
use crate::engine::effect::Moment;
use crate::wire::calendar::{DayArray, InstantArray, day_array, decided, instant_array};
use crate::wire::money::{MoneyArray, money_array};
use crate::wire::words::Locale;

/// A local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DayText(DayArray);

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct InstantText(InstantArray);

/// An amount in base currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MoneyText(MoneyArray);

/// An id of 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UuidText(Uuid);

/// A currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CurrencyCode(&'static str);

impl From<Day> for DayText {
    fn from(day: Day) -> Self {
        Self(day_array(day))
    }
}

impl InstantText {
    /// When something was decided, to the millisecond.
    pub fn of(moment: Moment, locale: &Locale) -> Self {
        Self(instant_array(decided(moment, &locale.zone)))
    }

    /// The same without a fraction of zero.
    pub fn shortest(moment: Moment, locale: &Locale) -> Self {
        let Self(mut text) = Self::of(moment, locale);
        if let Some(whole) = text.strip_suffix(".000Z").map(str::len) {
            text.truncate(whole);
            text.push('Z');
        }
        Self(text)
    }
}

impl MoneyText {
    /// In base currency.
    pub fn of(money: crate::engine::money::Money, currency: Currency) -> Self {
        Self(money_array(money, currency))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DayText {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for UuidText {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl CurrencyCode {
    /// The code.
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl From<Currency> for CurrencyCode {
    fn from(currency: Currency) -> Self {
        Self(currency.code())
    }
}

macro_rules! text_schema {
    ($($shape:ty, $name:literal, $schema:tt;)*) => {$(
        impl JsonSchema for $shape {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

text_schema! {
    DayText, "Day", {
        "description": "A local day in the configured zone, YYYY-MM-DD.",
        "type": "string",
        "format": "date",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    };
    InstantText, "Moment", {
        "description": "An instant in UTC, RFC 3339.",
        "type": "string",
        "format": "date-time",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{3})?Z$"
    };
    MoneyText, "Money", {
        "description": "An amount in major units of the base currency, as a decimal string with the currency's places.",
        "type": "string",
        "pattern": "^-?[0-9]+(\\.[0-9]+)?$"
    };
    UuidText, "Uuid", {
        "description": "A UUID, the same on any replay.",
        "type": "string",
        "format": "uuid",
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    };
    CurrencyCode, "Currency", {
        "description": "The base currency, ISO 4217.",
        "type": "string",
        "pattern": "^[A-Z]{3}$"
    };
}
