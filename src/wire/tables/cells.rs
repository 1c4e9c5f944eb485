//! Cells: the value of a column in a record, typed. A record that does not have what its schema says is refused whole.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use crate::wire::calendar::day;
use crate::wire::tables::columns::{Column, Kind};

/// Digits of an amount: the most that an eight-byte decimal holds.
pub const MONEY_DIGITS: u32 = 18;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing stands there.
    Null,
    /// Text.
    Text(&'a str),
    /// JSON, as text.
    Json(String),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// Days since 1970-01-01.
    Day(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// An amount, in units of its last place.
    Money(i64),
}

/// A value that is not of its column's kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CellFault {
    /// Another kind of value.
    #[error("{0} is not what docs/exports.md says of it")]
    Other(String),
    /// An amount that the configuration's currency cannot write.
    #[error(
        "{column} has more places than {places}: the record is in another currency than the configuration, name the one that it was made with"
    )]
    Places {
        /// The column.
        column: String,
        /// Places of the configured currency.
        places: u32,
    },
}

/// The cell of a column; amounts have so many places.
pub fn cell<'a>(column: &Column, record: &'a Value, places: u32) -> Result<Cell<'a>, CellFault> {
    let found = column.path.iter().try_fold(record, |value, name| value.get(name));
    let Some(value) = found.filter(|value| !value.is_null()) else { return Ok(Cell::Null) };
    let typed = match column.kind {
        Kind::Text => value.as_str().map(Cell::Text),
        Kind::Json => (value.is_array() || value.is_object()).then(|| Cell::Json(value.to_string())),
        Kind::Whole => value.as_i64().map(Cell::Whole),
        Kind::Number => value.as_f64().map(Cell::Number),
        Kind::Truth => value.as_bool().map(Cell::Truth),
        Kind::Day => value.as_str().and_then(|text| text.parse().ok()).map(|date| Cell::Day(day(date).0)),
        Kind::Timestamp => {
            let time = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            time.map(|time| Cell::Timestamp(time.as_millisecond()))
        }
        Kind::Money => match value.as_str().and_then(|text| text.parse::<Decimal>().ok()) {
            Some(amount) => return money(amount, places).map(Cell::Money).ok_or_else(|| too_many(column, places)),
            None => None,
        },
    };
    typed.ok_or_else(|| CellFault::Other(column.name.clone()))
}

fn money(amount: Decimal, places: u32) -> Option<i64> {
    let scaled = amount.checked_mul(Decimal::from(10_u64.pow(places)))?;
    let units = Some(scaled).filter(Decimal::is_integer)?.to_i64()?;
    (units.unsigned_abs() < 10_u64.pow(MONEY_DIGITS)).then_some(units)
}

fn too_many(column: &Column, places: u32) -> CellFault {
    CellFault::Places { column: column.name.clone(), places }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Cell, cell};
    use crate::wire::tables::columns::{Column, Kind};

    fn column(kind: Kind) -> Column {
        let (name, path) = ("a".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
        Column { name, kind, unit: String::new(), meaning: String::new(), part: None, path }
    }

    #[test]
    fn values_are_what_their_columns_say() {
        for (kind, value, wanted) in [
            (Kind::Money, json!("-12.3"), Some(Cell::Money(-1_230))),
            (Kind::Money, json!("12.345"), None),
            (Kind::Money, json!("9999999999999999.99"), Some(Cell::Money(999_999_999_999_999_999))),
            (Kind::Money, json!("10000000000000000.00"), None),
            (Kind::Money, json!(12.3), None),
            (Kind::Day, json!("1970-01-03"), Some(Cell::Day(2))),
            (Kind::Day, json!("soon"), None),
            (Kind::Timestamp, json!("1970-01-01T00:00:01.500Z"), Some(Cell::Timestamp(1_500))),
            (Kind::Whole, json!(1.5), None),
            (Kind::Number, json!(1), Some(Cell::Number(1.0))),
            (Kind::Json, json!(["a"]), Some(Cell::Json("[\"a\"]".into()))),
            (Kind::Text, json!(null), Some(Cell::Null)),
        ] {
            let record = json!({"a": {"b": value}});
            assert_eq!(cell(&column(kind), &record, 2).ok(), wanted, "{record}");
        }
        assert_eq!(cell(&column(Kind::Text), &json!({"a": null}), 2), Ok(Cell::Null));
    }
}
