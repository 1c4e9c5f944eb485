//! A glance at a JSON record of a file: whose it is and of when, before anybody reads it as an event.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::engine::day::Millis;
use crate::wire::event::RawRecord;
use crate::wire::file_record::FileRecord;
use crate::wire::inputs::format::Format;
use crate::wire::inputs::told::Told;
use crate::wire::rules::EventRules;

/// Glances at records of one shape.
pub struct Glance {
    format: Format,
    told: Told,
}

/// What a record is looked into for.
#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(borrow)]
    customer_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
}

impl Glance {
    /// At records of this shape.
    pub fn new(format: &Format) -> Self {
        Self { format: format.clone(), told: Told::default() }
    }

    /// Notes customer and time of the record's value, which had neither.
    pub fn at(&mut self, record: &mut FileRecord, rules: &EventRules) {
        let FileRecord { key, value, time_text } = record;
        if let Ok(seen) = serde_json::from_slice::<Seen<'_>>(self.event(value, rules)) {
            key.extend_from_slice(seen.customer_id.unwrap_or_default().as_bytes());
            time_text.push_str(seen.time.map_or("", |time| time.get().trim_matches('"')));
        }
    }

    /// The first event that a value tells: all of a record are of one customer.
    fn event<'a>(&'a mut self, value: &'a [u8], rules: &EventRules) -> &'a [u8] {
        if self.format.is_ours() {
            return value;
        }
        // What can't be told has no key, and whoever reads it finds out why.
        let told = self.format.translate(&RawRecord::new(None, Some(value), Millis(0)), rules, &mut self.told);
        told.ok().and_then(|()| self.told.events().first()).map_or(&[], |event| &event.text)
    }
}
