//! The envelope: CloudEvents 1.0 in structured JSON, written by the CloudEvents SDK.

use std::borrow::Cow;

use cloudevents::{EventBuilder, EventBuilderV10};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::engine::effect::Moment;
use crate::wire::calendar::{instant_text, midnight};

/// The `source` of everything that churnwatch says.
pub const SOURCE: &str = "/churnwatch";

/// When something was decided: an event's time, or for a close the midnight that ends the day.
pub fn moment_text(moment: Moment, zone: &TimeZone) -> String {
    instant_text(match moment {
        Moment::Close(day) => midnight(day.plus(1), zone),
        Moment::Event(time, _) => time,
    })
}

/// An event read back: what it is, of whom it speaks, and its data.
#[derive(Deserialize)]
pub struct Received<'a, D> {
    /// Its `type`.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// The customer's id.
    #[serde(borrow)]
    pub subject: Cow<'a, str>,
    /// What it says.
    pub data: D,
}

/// Wraps `data` and appends the JSON to `out`.
pub fn write(id: Uuid, kind: &str, customer: &str, time: String, data: Value, out: &mut Vec<u8>) {
    let event = EventBuilderV10::new()
        .id(id.to_string())
        .source(SOURCE)
        .ty(kind)
        .subject(customer)
        .time(time)
        .data("application/json", data)
        .build();
    // Every attribute is set above and valid, and writing to memory cannot fail.
    if let Ok(event) = event {
        let written = serde_json::to_writer(out, &event);
        debug_assert!(written.is_ok());
    }
}
