//! Alerts read back: the openings, for `backtest` and `compare`.

use std::borrow::Cow;

use iso_currency::Currency;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::wire::calendar::day;
use crate::wire::cloud_event::Received;
use crate::wire::money::minor_per_major;

/// An opened alert.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedAlert<'a> {
    /// The customer's id.
    pub customer: Cow<'a, str>,
    /// The day it opened.
    pub opened: Day,
    /// Days of silence then.
    pub silence_days: i32,
    /// Margin at risk then.
    pub value_at_risk: Money,
}

#[derive(Deserialize)]
struct Data<'a> {
    opened_day: jiff::civil::Date,
    silence_days: Option<i32>,
    #[serde(borrow)]
    value_at_risk: Cow<'a, str>,
}

/// Reads an alert; `None` where it is not an opening.
pub fn opened_alert(line: &[u8], currency: Currency) -> Option<OpenedAlert<'_>> {
    let Received::<Data<'_>> { kind, subject, data } = serde_json::from_slice(line).ok()?;
    if kind != "churnwatch.alert.opened" {
        return None;
    }
    let value: Decimal = data.value_at_risk.parse().ok()?;
    let minor = (value * Decimal::from(minor_per_major(currency))).to_i64()?;
    Some(OpenedAlert {
        customer: subject,
        opened: day(data.opened_day),
        silence_days: data.silence_days?,
        value_at_risk: Money(minor),
    })
}
