//! The items of a purchase: their JSON types are checked, their content is nobody's business yet.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Whether the raw JSON is an array of items as docs/events.md describes them.
pub fn are_items(raw: &str) -> bool {
    // A derived struct would take a list for its fields too, so each item must be an object first.
    let is_item = |raw: &&RawValue| raw.get().starts_with('{') && serde_json::from_str::<Item>(raw.get()).is_ok();
    serde_json::from_str::<Vec<&RawValue>>(raw).is_ok_and(|items| items.iter().all(is_item))
}

/// One item; unknown fields are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    sku: Text,
    category: Text,
    brand: Text,
    quantity: Number,
    unit_price: NumberOrText,
}

/// Any string.
#[derive(Default)]
struct Text;

/// Any number.
#[derive(Default)]
struct Number;

/// A number, or a string that should hold one.
#[derive(Default)]
struct NumberOrText;

/// Accepts strings, numbers or both, and nothing else.
struct Scalar {
    text: bool,
    number: bool,
}

impl Visitor<'_> for Scalar {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or a number")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        if self.text { Ok(()) } else { Err(E::custom("not a number")) }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        if self.number { Ok(()) } else { Err(E::custom("not a string")) }
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.visit_i64(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.visit_i64(0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar { text: true, number: false }).map(|()| Self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar { text: false, number: true }).map(|()| Self)
    }
}

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar { text: true, number: true }).map(|()| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::are_items;

    #[test]
    fn items_are_objects_with_the_types_stated() {
        let good = [
            "[]",
            "[{}]",
            r#"[{"sku":"a","category":"b","brand":"c","quantity":2,"unit_price":"1.50","more":[null]}]"#,
            r#"[{"quantity":0.5,"unit_price":3}]"#,
        ];
        let bad = [
            "{}",
            "null",
            "7",
            "[1]",
            "[null]",
            "[[]]",
            r#"["sku"]"#,
            r#"[{"sku":5}]"#,
            r#"[{"category":null}]"#,
            r#"[{"quantity":"2"}]"#,
            r#"[{"unit_price":true}]"#,
        ];
        assert!(good.iter().all(|raw| are_items(raw)));
        assert!(bad.iter().all(|raw| !are_items(raw)));
    }
}
