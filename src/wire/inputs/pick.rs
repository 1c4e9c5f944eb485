//! How values are taken out of foreign JSON, where a number may stand as text, text as a number, and absent as null.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// A JSON object whose names are found whatever their case, spaces, hyphens and underscores: `Order ID` is `orderId`.
#[derive(Debug, Default)]
pub struct Tolerant<'a>(BTreeMap<String, &'a Value>);

impl<'a> Tolerant<'a> {
    /// Of an object; of anything else nothing is found. Of two names that read alike the first by its letters counts.
    pub fn of(value: Option<&'a Value>) -> Self {
        let mut found = BTreeMap::new();
        for (name, value) in value.and_then(Value::as_object).into_iter().flatten() {
            if !is_absent(value) {
                found.entry(simple(name)).or_insert(value);
            }
        }
        Self(found)
    }

    /// The first of these names that has a value; names in their simple form.
    pub fn get(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.0.get(*name).copied())
    }

    /// The same as text.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| text(self.0.get(*name).copied()))
    }
}

/// A name without its case, spaces, hyphens and underscores.
pub fn simple(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether nothing stands there: null or an empty text.
pub fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A text, or a number as text; `None` where there is neither.
pub fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Text where it can be made one; anything else stays, so that the parser refuses it by its type.
pub fn as_text(value: &Value) -> Value {
    text(Some(value)).map_or_else(|| value.clone(), Value::String)
}

/// A number where it can be made one; anything else stays, so that the parser refuses it by its type.
pub fn as_number(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    serde_json::from_str(text.trim()).map_or_else(|_| value.clone(), Value::Number)
}

/// A decimal, written as a number or as text.
pub fn decimal(value: Option<&Value>) -> Option<Decimal> {
    let text = text(value)?;
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// The items of an order: of each the fields that are named, under the names that are ours.
pub fn items(lines: Option<&Value>, names: &[(&str, &[&str])]) -> Value {
    let Some(lines) = lines.and_then(Value::as_array) else { return Value::Null };
    let item = |line: &Value| {
        let line = Tolerant::of(Some(line));
        let mut item = Map::new();
        for (ours, theirs) in names {
            if let Some(value) = line.get(theirs) {
                let value = if matches!(*ours, "quantity") { as_number(value) } else { as_text(value) };
                item.insert((*ours).into(), value);
            }
        }
        Value::Object(item)
    };
    lines.iter().filter(|line| line.is_object()).map(item).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Tolerant, as_number, decimal, text};

    #[test]
    fn names_are_found_however_they_are_written() {
        let value = json!({"Order ID": "7", "order_id": "8", "user-id": "", "Total": null, "Quantity": "2"});
        let found = Tolerant::of(Some(&value));
        assert_eq!(found.text(&["orderid"]), Some("7".into()));
        assert_eq!(found.text(&["userid", "quantity"]), Some("2".into()));
        assert!(found.get(&["total"]).is_none());
        assert!(Tolerant::of(Some(&json!([1]))).get(&["a"]).is_none());
    }

    #[test]
    fn numbers_and_texts_stand_for_each_other() {
        assert_eq!(text(Some(&json!(12))), Some("12".into()));
        assert_eq!(text(Some(&json!(" a "))), Some("a".into()));
        assert_eq!(text(Some(&json!([]))), None);
        assert_eq!(as_number(&json!("4.5")), json!(4.5));
        assert_eq!(as_number(&json!("four")), json!("four"));
        assert_eq!(decimal(Some(&json!("1e2"))).map(|number| number.to_string()), Some("100".into()));
        assert_eq!(decimal(Some(&json!("$1"))), None);
    }
}
