//! CloudEvents 1.0 in structured JSON, written and read back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::wire::shapes::envelope::CloudEvent;

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

/// Appends the event as JSON.
pub fn write<K, D: Serialize>(event: &CloudEvent<'_, K, D>, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, event);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    use super::write;
    use crate::engine::day::{Day, Millis};
    use crate::engine::effect::Moment;
    use crate::wire::shapes::alert::AlertKinds;
    use crate::wire::shapes::envelope::CloudEvent;
    use crate::wire::shapes::scalars::InstantText;
    use crate::wire::words::Locale;

    #[test]
    fn the_cloudevents_sdk_reads_an_event_and_would_write_the_same() {
        let locale = Locale { zone: TimeZone::get("Asia/Shanghai").unwrap(), currency: Currency::CNY };
        let event = |millis: i64| Moment::Event(Millis(1_735_689_600_000 + millis), Day(20_089));
        for (moment, told) in [
            (event(0), "2025-01-01T00:00:00Z"),
            (event(120), "2025-01-01T00:00:00.120Z"),
            (event(60_007), "2025-01-01T00:01:00.007Z"),
            (Moment::Close(Day(20_089)), "2025-01-01T16:00:00Z"),
        ] {
            let (time, kind, customer) =
                (InstantText::shortest(moment, &locale), "churnwatch.alert.opened", "Zoë \"1\"");
            let mut out = Vec::new();
            write(&CloudEvent::<AlertKinds, _>::new(Uuid::from_u128(7), kind, customer, time, ["data"]), &mut out);
            let read: cloudevents::Event = serde_json::from_slice(&out).unwrap();
            assert_eq!(serde_json::to_vec(&read).unwrap(), out);
            assert!(String::from_utf8(out).unwrap().contains(&format!("\"time\":\"{told}\"")), "{told}");
        }
    }
}
