//! Alerts read back: the openings, for `backtest` and `compare`, and as a sales team reads them.

use std::borrow::Cow;

use iso_currency::Currency;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde::de::Error;
use uuid::Uuid;

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
    let minor = value.checked_mul(Decimal::from(minor_per_major(currency)))?.to_i64()?;
    Some(OpenedAlert {
        customer: subject,
        opened: day(data.opened_day),
        silence_days: data.silence_days?,
        value_at_risk: Money(minor),
    })
}

/// A warning as those read it who act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning<'a> {
    /// The customer's id.
    pub customer: Cow<'a, str>,
    /// Which warning.
    pub episode: Uuid,
    /// The day it opened.
    pub opened: Day,
    /// The recommended action; `None` where no rule fits, or nobody remembers its name.
    pub action: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct WarningData<'a> {
    episode_id: Uuid,
    /// Absent of an erased customer.
    opened_day: Option<jiff::civil::Date>,
    #[serde(borrow)]
    action: Option<ActionData<'a>>,
}

#[derive(Deserialize)]
struct ActionData<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

/// Reads an alert; `None` where it is not an opening.
pub fn warning(line: &[u8]) -> Result<Option<Warning<'_>>, serde_json::Error> {
    let Received::<WarningData<'_>> { kind, subject, data } = serde_json::from_slice(line)?;
    if kind != "churnwatch.alert.opened" {
        return Ok(None);
    }
    let opened = day(data.opened_day.ok_or_else(|| serde_json::Error::missing_field("opened_day"))?);
    let action = data.action.and_then(|action| action.name);
    Ok(Some(Warning { customer: subject, episode: data.episode_id, opened, action }))
}

#[cfg(test)]
mod tests {
    use super::warning;

    #[test]
    fn the_golden_warnings_are_read_with_their_actions() {
        let golden = include_str!("../../tests/golden/alerts.jsonl");
        let read: Vec<_> = golden.lines().filter_map(|line| warning(line.as_bytes()).unwrap()).collect();
        assert_eq!(read.len(), golden.matches("churnwatch.alert.opened").count());
        assert!(read.iter().any(|warning| warning.action.as_deref() == Some("comparison")));
        let opened = golden.lines().find(|line| line.contains("churnwatch.alert.opened")).unwrap();
        assert!(warning(opened.replace("opened_day", "day_opened").as_bytes()).is_err());
        assert!(warning(b"{}").is_err());
    }
}
