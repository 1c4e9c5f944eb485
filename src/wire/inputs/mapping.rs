//! Any other JSON, by rules: where each field of an event stands, and which records are which events.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use crate::engine::event::Reason;
use crate::wire::event::RawRecord;
use crate::wire::inputs::draft::Draft;
use crate::wire::inputs::pick::is_absent;
use crate::wire::inputs::source::{Kind, Source, scalar};
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;

/// Fields of our events that a rule may fill, with the JSON type that each has.
pub const FIELDS: [(&str, Kind); 18] = [
    ("id", Kind::Text),
    ("type", Kind::Text),
    ("customer_id", Kind::Text),
    ("time", Kind::Time),
    ("order_id", Kind::Text),
    ("amount", Kind::Amount),
    ("currency", Kind::Text),
    ("channel", Kind::Text),
    ("discount", Kind::Amount),
    ("rating", Kind::Number),
    ("score", Kind::Number),
    ("scale", Kind::Number),
    ("points", Kind::Number),
    ("expires", Kind::Text),
    ("cause", Kind::Text),
    ("episode_id", Kind::Text),
    ("action", Kind::Text),
    ("alias", Kind::Text),
];
/// Fields of an item.
pub const ITEM_FIELDS: [(&str, Kind); 5] = [
    ("sku", Kind::Text),
    ("category", Kind::Text),
    ("brand", Kind::Text),
    ("quantity", Kind::Number),
    ("unit_price", Kind::Amount),
];

/// The rules of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Each makes an event of the records that it fits.
    pub rules: Vec<Rule>,
    /// Whether a record that no rule fits is passed over; otherwise it is a dead letter.
    pub passes_over: bool,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// JSON Pointers, and the texts of which one must stand there; `*` is any.
    pub when: Vec<(String, Vec<String>)>,
    /// The fields, by their positions in [`FIELDS`].
    pub fields: Vec<(usize, Source)>,
    /// The items of a purchase.
    pub items: Option<Items>,
}

/// Where an order's items stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Items {
    /// JSON Pointer of the list.
    pub each: String,
    /// The fields of an item, by their positions in [`ITEM_FIELDS`], with pointers from the item on.
    pub fields: Vec<(usize, Source)>,
}

impl Mapping {
    /// Tells a record anew.
    pub fn translate(
        &self,
        json: &Value,
        record: &RawRecord<'_>,
        rules: &EventRules,
        told: &mut Told,
    ) -> Result<(), Reject> {
        for (at, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.fits(json)) {
            told.add(&rule.draft(json, record, at, rules)?)?;
        }
        if told.events().is_empty() && !self.passes_over {
            return Err(Reject { reason: Reason::UnknownType, field: "type" });
        }
        Ok(())
    }
}

impl Rule {
    fn fits(&self, json: &Value) -> bool {
        self.when.iter().all(|(pointer, wanted)| {
            let found = json.pointer(pointer).filter(|value| !is_absent(value));
            found.is_some_and(|value| {
                let text = scalar(value);
                wanted.iter().any(|wanted| wanted == "*" || text.as_ref() == Some(wanted))
            })
        })
    }

    fn draft(&self, json: &Value, record: &RawRecord<'_>, at: usize, rules: &EventRules) -> Result<Draft, Reject> {
        let mut draft = Draft::default();
        for (field, source) in &self.fields {
            if let Some((name, kind)) = FIELDS.get(*field) {
                draft.set(name, source.take(json, record.key, name, *kind)?);
            }
        }
        if !draft.has("id") {
            // The same record again is the same event; a record's second event is another.
            let digest = xxh3_128(record.value.unwrap_or_default()).wrapping_add(at as u128);
            draft.set("id", format!("{digest:032x}").into());
        }
        if draft.has("amount") && !draft.has("currency") {
            draft.set("currency", rules.currency.code().into());
        }
        if let Some(items) = &self.items {
            draft.set("items", items.take(json)?);
        }
        Ok(draft)
    }
}

impl Items {
    fn take(&self, json: &Value) -> Result<Value, Reject> {
        let bad = Reject { reason: Reason::BadField, field: "items" };
        let Some(lines) = json.pointer(&self.each).filter(|lines| !lines.is_null()) else { return Ok(Value::Null) };
        let item = |line: &Value| {
            let mut item = Map::new();
            for (field, source) in &self.fields {
                let Some((name, kind)) = ITEM_FIELDS.get(*field) else { continue };
                let value = source.take(line, None, "items", *kind)?;
                if !value.is_null() {
                    item.insert((*name).into(), value);
                }
            }
            Ok(Value::Object(item))
        };
        lines.as_array().ok_or(bad)?.iter().map(item).collect()
    }
}
