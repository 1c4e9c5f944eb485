//! What partitions say to each other where two ids are one customer: events like any other, in a topic of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::engine::customer::Tag;
use crate::engine::day::Millis;
use crate::engine::event::Handover;
use crate::wire::event::MAX_VALUE_BYTES;
use crate::wire::handover::handover_text;

/// A message, in the fields of an event.
#[derive(Serialize)]
struct Message<'a> {
    id: String,
    r#type: &'static str,
    customer_id: &'a str,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    into: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
}

impl<'a> Message<'a> {
    /// A message's id says which event it comes of, so that it is the same on any replay.
    fn new(r#type: &'static str, customer_id: &'a str, said: Tag, time: Millis) -> Self {
        let id = format!("{:012x}", said.bits());
        Self { id, r#type, customer_id, time: time.0, into: None, alias: None, profile: None }
    }

    /// Writing to memory cannot fail.
    fn write(&self, out: &mut Vec<u8>) {
        _ = serde_json::to_writer(out, self);
    }
}

/// Appends the message that an id is an alias.
pub fn write_merge(customer: &str, into: &str, said: Tag, time: Millis, out: &mut Vec<u8>) {
    Message { into: Some(into), ..Message::new("merge", customer, said, time) }.write(out);
}

/// Appends the message that hands an alias's profile over.
pub fn write_merged(customer: &str, alias: &str, (said, time): (Tag, Millis), handover: &Handover, out: &mut Vec<u8>) {
    let profile = Some(handover_text(handover));
    Message { alias: Some(alias), profile, ..Message::new("merged", customer, said, time) }.write(out);
}

/// An event as one of another customer. `None` where it is no event, or would be too long.
pub fn forwarded(event: &[u8], to: &str) -> Option<Vec<u8>> {
    let mut fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(event).ok()?;
    let to = serde_json::value::to_raw_value(to).ok()?;
    fields.insert("customer_id".into(), &to);
    serde_json::to_vec(&fields).ok().filter(|text| text.len() <= MAX_VALUE_BYTES)
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;

    use super::{forwarded, write_merge, write_merged};
    use crate::engine::customer::Tag;
    use crate::engine::day::Millis;
    use crate::engine::event::{Body, Handover};
    use crate::wire::event::{RawRecord, Scratch, parse};
    use crate::wire::rules::EventRules;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let rules = EventRules::plain(Currency::EUR);
        let (said, time) = (Tag::of("e1"), Millis(1_748_779_200_000));
        let names = vec!["web".to_owned(), "微信".to_owned()];
        let handover = Handover { record: vec![0, 1, 255], names, via: vec![Tag::of("ann"), Tag::from_bits(Tag::MAX)] };
        let (mut merge, mut merged, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
        write_merge("an\"n", "bob", said, time, &mut merge);
        let record = RawRecord::new(Some(b"an\"n"), Some(&merge), time);
        let parsed = parse(&rules, &record, time, &mut scratch).unwrap();
        assert_eq!((parsed.event.customer, parsed.event.body), ("an\"n", Body::Merge { into: "bob" }));
        write_merged("bob", "an\"n", (said, time), &handover, &mut merged);
        let record = RawRecord::new(Some(b"bob"), Some(&merged), time);
        let parsed = parse(&rules, &record, time, &mut scratch).unwrap();
        assert_eq!(parsed.event.body, Body::Merged { alias: "an\"n", handover: &handover });
    }

    #[test]
    fn an_event_goes_on_as_it_was_but_for_its_customer() {
        let event = br#"{"amount": 12.340000000000000000001, "customer_id": "a\"nn", "x": {"y": [1, 2]}}"#;
        assert_eq!(
            String::from_utf8(forwarded(event, "bo\"b").unwrap()).unwrap(),
            r#"{"amount":12.340000000000000000001,"customer_id":"bo\"b","x":{"y": [1, 2]}}"#
        );
        assert_eq!(forwarded(b"[]", "bob"), None);
    }
}
