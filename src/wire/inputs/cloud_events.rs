//! Our own events in `CloudEvents` 1.0, structured JSON or in the binary mode of the Kafka protocol binding.
//!
//! The last part of `type` is ours (`com.example.shop.purchase`); `data` holds the other fields, under our names. Where
//! `data` has none, `customer_id` is the subject, `time` the event's, and the id is made of source and id.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::engine::event::Reason;
use crate::wire::event::Headers;
use crate::wire::inputs::draft::joined;
use crate::wire::inputs::pick::text;
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;

/// Tells an event anew.
pub fn translate(json: &Value, headers: Headers<'_>, told: &mut Told) -> Result<(), Reject> {
    if header(headers, "ce_specversion").is_some() {
        let attribute = |name: &str| header(headers, &format!("ce_{name}")).map(Cow::into_owned);
        return told.tell(&event(attribute, Some(json.clone()))?);
    }
    if json.get("specversion").is_none() {
        return Err(Reject { reason: Reason::MissingField, field: "type" });
    }
    let data = match json.get("data_base64") {
        Some(encoded) => Some(decoded(encoded).ok_or(Reject { reason: Reason::BadField, field: "type" })?),
        None => json.get("data").cloned(),
    };
    told.tell(&event(|name| text(json.get(name)), data)?)
}

fn event(attribute: impl Fn(&str) -> Option<String>, data: Option<Value>) -> Result<Value, Reject> {
    let mut fields = match data {
        Some(Value::Object(fields)) => fields,
        Some(Value::Null) | None => Map::new(),
        Some(_) => return Err(Reject { reason: Reason::BadField, field: "type" }),
    };
    let missing = |field| Reject { reason: Reason::MissingField, field };
    let kind = attribute("type").ok_or(missing("type"))?;
    fields.insert("type".into(), kind.rsplit('.').next().unwrap_or_default().into());
    let mut fill = |name: &str, value: Option<String>| {
        if let (false, Some(value)) = (fields.contains_key(name), value) {
            fields.insert(name.into(), value.into());
        }
    };
    fill("customer_id", attribute("subject"));
    fill("time", attribute("time"));
    // Unique is an event by its source and id together.
    fill("id", attribute("id").map(|id| joined(&[&attribute("source").unwrap_or_default(), &id])));
    Ok(Value::Object(fields))
}

fn decoded(encoded: &Value) -> Option<Value> {
    serde_json::from_slice(&STANDARD.decode(encoded.as_str()?).ok()?).ok()
}

fn header<'a>(headers: Headers<'a>, name: &str) -> Option<Cow<'a, str>> {
    headers.iter().find(|(known, _)| *known == name).map(|(_, value)| String::from_utf8_lossy(value))
}
