//! Where the value of one field of an event stands in foreign JSON, and how it is written there.

use std::collections::BTreeMap;

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::inputs::pick::{as_number, as_text, decimal, is_absent, text};
use crate::wire::reject::Reject;

/// The source of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Where its value is found.
    pub origin: Origin,
    /// What its texts mean.
    pub meanings: BTreeMap<String, String>,
    /// What every other text means; absent: itself where `meanings` is empty, otherwise the record is refused.
    pub otherwise: Option<String>,
    /// How it is written.
    pub form: Form,
}

/// Where a value is found.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// At the first of these JSON Pointers (RFC 6901) where something stands.
    At(Vec<String>),
    /// It is always this.
    Constant(Value),
    /// It is the record's key.
    Key,
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// As our own events have it.
    Same,
    /// An amount in units of ten to the power of this.
    Scaled(i32),
    /// A number of these since 1970-01-01T00:00:00Z: so many make a second, or so many seconds make one.
    Epoch(Epoch),
    /// A text of this pattern (strptime), in this zone where it names none.
    Pattern(String, TimeZone),
}

/// Units of time since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// 86,400 seconds.
    Days,
    /// Seconds.
    Seconds,
    /// Thousandths.
    Millis,
    /// Millionths.
    Micros,
    /// Billionths.
    Nanos,
}

/// The JSON type that a field of ours has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// An amount: text, so that every digit is kept.
    Amount,
    /// An instant.
    Time,
}

impl Source {
    /// A value that stands at one place, as our own events have it.
    pub fn at(pointer: &str) -> Self {
        Self { origin: Origin::At(vec![pointer.into()]), meanings: BTreeMap::new(), otherwise: None, form: Form::Same }
    }

    /// The value of `field`; null where there is none.
    pub fn take(&self, row: &Value, key: Option<&[u8]>, field: &'static str, kind: Kind) -> Result<Value, Reject> {
        let bad = Reject { reason: Reason::BadField, field };
        let found = match &self.origin {
            Origin::Constant(value) => value.clone(),
            Origin::Key => match key.map(std::str::from_utf8) {
                Some(Ok(key)) => Value::from(key),
                Some(Err(_)) => return Err(bad),
                None => Value::Null,
            },
            Origin::At(pointers) => {
                let mut values = pointers.iter().filter_map(|pointer| row.pointer(pointer));
                values.find(|value| !is_absent(value)).cloned().unwrap_or_default()
            }
        };
        if is_absent(&found) {
            return Ok(self.otherwise.clone().map_or(Value::Null, Value::from));
        }
        let meant = self.meaning(found).ok_or(bad)?;
        let written = match &self.form {
            Form::Same => Some(match kind {
                Kind::Text | Kind::Amount => as_text(&meant),
                Kind::Number => as_number(&meant),
                Kind::Time => meant,
            }),
            Form::Scaled(power) => scaled(&meant, *power).map(|amount| Value::from(amount.normalize().to_string())),
            Form::Epoch(unit) => millis(&meant, *unit).map(Value::from),
            Form::Pattern(pattern, zone) => {
                meant.as_str().and_then(|text| parsed(text, pattern, zone)).map(Value::from)
            }
        };
        written.ok_or(if kind == Kind::Amount { Reject { reason: Reason::BadAmount, field } } else { bad })
    }

    fn meaning(&self, found: Value) -> Option<Value> {
        if self.meanings.is_empty() {
            return Some(found);
        }
        let known = scalar(&found).and_then(|text| self.meanings.get(&text));
        known.or(self.otherwise.as_ref()).cloned().map(Value::from)
    }
}

/// A scalar as text, also true and false.
pub fn scalar(value: &Value) -> Option<String> {
    value.as_bool().map(|truth| truth.to_string()).or_else(|| text(Some(value)))
}

fn scaled(value: &Value, power: i32) -> Option<Decimal> {
    let number = decimal(Some(value))?;
    let factor = (0..power.unsigned_abs()).try_fold(Decimal::ONE, |factor, _| factor.checked_mul(Decimal::TEN))?;
    if power < 0 { number.checked_div(factor) } else { number.checked_mul(factor) }
}

fn millis(value: &Value, unit: Epoch) -> Option<i64> {
    let number = decimal(Some(value))?;
    let millis = match unit {
        Epoch::Days => number.checked_mul(Decimal::from(86_400_000))?,
        Epoch::Seconds => number.checked_mul(Decimal::ONE_THOUSAND)?,
        Epoch::Millis => number,
        Epoch::Micros => number.checked_div(Decimal::ONE_THOUSAND)?,
        Epoch::Nanos => number.checked_div(Decimal::from(1_000_000))?,
    };
    millis.floor().try_into().ok()
}

/// Milliseconds of a text of that pattern: with an offset its own, otherwise of the zone; a date alone is its midnight.
fn parsed(text: &str, pattern: &str, zone: &TimeZone) -> Option<i64> {
    let broken = strtime::parse(pattern, text).ok()?;
    if let Ok(timestamp) = broken.to_timestamp() {
        return Some(timestamp.as_millisecond());
    }
    let midnight = || broken.to_date().map(|date| date.to_datetime(jiff::civil::Time::midnight()));
    let civil = broken.to_datetime().or_else(|_| midnight()).ok()?;
    Some(civil.to_zoned_datetime(zone.clone()).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::{Value, json};

    use super::{Epoch, Form, Kind, Origin, Source};

    fn take(source: &Source, row: &Value, kind: Kind) -> Option<Value> {
        source.take(row, Some(b"k"), "amount", kind).ok()
    }

    #[test]
    fn values_are_found_turned_and_meant() {
        let row = json!({"a": {"b/c": 1250}, "when": "31.12.2025 23:30", "day": "2025-12-31", "kind": 2, "none": null});
        let form = |pointer: &str, form: Form| Source { form, ..Source::at(pointer) };
        assert_eq!(take(&Source::at("/a/b~1c"), &row, Kind::Text), Some(json!("1250")));
        assert_eq!(take(&form("/a/b~1c", Form::Scaled(-2)), &row, Kind::Amount), Some(json!("12.5")));
        assert_eq!(take(&form("/when", Form::Scaled(-2)), &row, Kind::Amount), None);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let local = form("/when", Form::Pattern("%d.%m.%Y %H:%M".into(), berlin.clone()));
        assert_eq!(take(&local, &row, Kind::Time), Some(json!(1_767_220_200_000_i64)));
        let date = form("/day", Form::Pattern("%Y-%m-%d".into(), TimeZone::UTC));
        assert_eq!(take(&date, &row, Kind::Time), Some(json!(1_767_139_200_000_i64)));
        assert_eq!(take(&form("/kind", Form::Epoch(Epoch::Days)), &row, Kind::Time), Some(json!(172_800_000)));
        assert_eq!(take(&form("/none", Form::Epoch(Epoch::Days)), &row, Kind::Time), Some(Value::Null));
        assert_eq!(take(&Source { origin: Origin::Key, ..Source::at("") }, &row, Kind::Text), Some(json!("k")));
        let mut meant = Source { origin: Origin::At(vec!["/none".into(), "/kind".into()]), ..Source::at("") };
        meant.meanings.insert("1".into(), "web".into());
        assert_eq!(take(&meant, &row, Kind::Text), None);
        meant.otherwise = Some("shop".into());
        assert_eq!(take(&meant, &row, Kind::Text), Some(json!("shop")));
    }
}
