//! The items of a purchase: their JSON types are checked, and the category that most was paid for is found.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Categories of one purchase that are weighed; items of further ones count for none.
const MAX_CATEGORIES: usize = 16;

/// The category with the most quantity × unit price among the items, by raw JSON string; of equals the first by name.
/// `None` inside where no item names one, outside where the raw JSON is no array of items as docs/events.md describes them.
pub fn main_category(raw: &str) -> Option<Option<&str>> {
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    let weights = deserializer.deserialize_seq(Items).ok()?;
    let named = weights.0.iter().take_while(|(name, _)| !name.is_empty());
    let most = named.reduce(|most, next| {
        let order = most.1.total_cmp(&next.1).then_with(|| next.0.cmp(most.0));
        if order.is_lt() { next } else { most }
    });
    Some(most.map(|(name, _)| *name))
}

/// What was paid by category, in the order of their first items; the rest is empty.
struct Weights<'a>([(&'a str, f64); MAX_CATEGORIES]);

impl<'a> Weights<'a> {
    fn add(&mut self, name: &'a str, paid: f64) {
        let place = self.0.iter_mut().find(|(known, _)| known.is_empty() || *known == name);
        if let Some(place) = place {
            *place = (name, place.1 + paid);
        }
    }
}

struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Weights<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Weights<'de>, A::Error> {
        let mut weights = Weights([("", 0.0); MAX_CATEGORIES]);
        while let Some(item) = items.next_element::<Item<'de>>()? {
            if let Some(category) = item.category {
                weights.add(category, item.quantity.unwrap_or(1.0) * item.unit_price.unwrap_or(0.0));
            }
        }
        Ok(weights)
    }
}

/// One item; unknown fields are ignored.
#[derive(Default)]
struct Item<'a> {
    /// As it stands in the JSON, with its quotes.
    category: Option<&'a str>,
    quantity: Option<f64>,
    unit_price: Option<f64>,
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Item<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item<'de>, A::Error> {
                let mut item = Item::default();
                let mut seen = [false; 5];
                while let Some(field) = map.next_key::<Name>()? {
                    if let Some(seen) = seen.get_mut(field as usize)
                        && std::mem::replace(seen, true)
                    {
                        return Err(A::Error::custom("a field stands there twice"));
                    }
                    match field {
                        Name::Category => item.category = Some(text::<A>(map.next_value()?)?),
                        Name::Sku | Name::Brand => {
                            text::<A>(map.next_value()?)?;
                        }
                        Name::Quantity => item.quantity = Some(number::<A>(map.next_value()?)?),
                        Name::UnitPrice => item.unit_price = Some(price::<A>(map.next_value()?)?),
                        Name::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(item)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// The fields of an item.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Name {
    Sku,
    Category,
    Brand,
    Quantity,
    UnitPrice,
    #[serde(other)]
    Other,
}

fn text<'a, A: MapAccess<'a>>(raw: &'a RawValue) -> Result<&'a str, A::Error> {
    if raw.get().starts_with('"') { Ok(raw.get()) } else { Err(A::Error::custom("not a string")) }
}

fn number<'a, A: MapAccess<'a>>(raw: &'a RawValue) -> Result<f64, A::Error> {
    let is_number = raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number { Ok(weight(raw.get())) } else { Err(A::Error::custom("not a number")) }
}

/// A number, or a string that should hold one; a string that holds none weighs nothing.
fn price<'a, A: MapAccess<'a>>(raw: &'a RawValue) -> Result<f64, A::Error> {
    if raw.get().starts_with('"') { Ok(weight(raw.get().trim_matches('"'))) } else { number::<A>(raw) }
}

fn weight(text: &str) -> f64 {
    text.parse().ok().filter(|weight: &f64| weight.is_finite() && *weight > 0.0).unwrap_or(0.0)
}

/// A JSON string without its quotes and escapes; `None` where it is none, or empty.
pub fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let text = if inner.contains('\\') { Cow::Owned(serde_json::from_str(raw).ok()?) } else { Cow::Borrowed(inner) };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::main_category;

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
            r#"[{"sku":"a","sku":"b"}]"#,
        ];
        assert!(good.iter().all(|raw| main_category(raw).is_some()));
        assert!(bad.iter().all(|raw| main_category(raw).is_none()));
    }

    #[test]
    fn the_main_category_is_the_one_most_was_paid_for() {
        let main = |raw| main_category(raw).unwrap();
        assert_eq!(main("[{}]"), None);
        assert_eq!(main(r#"[{"category":"b"},{"category":"a"}]"#), Some("\"a\""));
        assert_eq!(
            main(r#"[{"category":"b","unit_price":9},{"category":"a","quantity":3,"unit_price":"4"}]"#),
            Some("\"a\"")
        );
        let split =
            r#"[{"category":"b","unit_price":7},{"category":"a","unit_price":9},{"category":"b","unit_price":3}]"#;
        assert_eq!(main(split), Some("\"b\""));
        assert_eq!(main(r#"[{"category":"b","unit_price":"NaN"},{"category":"c","unit_price":1}]"#), Some("\"c\""));
        let flood: Vec<String> = (0..40).map(|at| format!(r#"{{"category":"c{at:02}","unit_price":{at}}}"#)).collect();
        assert_eq!(main(&format!("[{}]", flood.join(","))), Some("\"c15\""));
    }
}
