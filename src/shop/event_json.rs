//! A shop event as the JSON object, or the CSV row, that a real shop would send.

use std::io::Write;

use serde_json::Value;

use crate::shop::generator::{ShopEvent, Told};
use crate::wire::calendar::{day_text, instant_text};

/// The id of customer number `number`.
pub fn customer_id(number: u32) -> String {
    format!("c{number:07}")
}

/// The number in a customer id of the shop.
pub fn customer_number(id: &str) -> Option<u32> {
    id.strip_prefix('c')?.parse().ok()
}

/// Appends the event as one flat JSON object.
pub fn write_json(event: &ShopEvent, currency: &str, out: &mut Vec<u8>) {
    let (number, id, time) = (event.customer, event.id, instant_text(event.time));
    // Writing to memory cannot fail.
    let _ = write!(out, "{{\"id\":\"e{id}\",\"customer_id\":\"c{number:07}\",\"time\":\"{time}\",\"type\":");
    let _ = match &event.told {
        Told::Purchase { order, cents, channel, category, discounted } => {
            let (amount, half) = (decimal(*cents), decimal(cents / 2));
            let discount =
                if *discounted { format!(",\"discount\":\"{}\"", decimal(cents / 9)) } else { String::new() };
            write!(
                out,
                "\"purchase\",\"order_id\":\"o{order}\",\"amount\":\"{amount}\",\"currency\":\"{currency}\",\"channel\":\"{channel}\"{discount},\"items\":[{{\"sku\":\"sku-{}\",\"category\":\"cat-{category}\",\"quantity\":2,\"unit_price\":\"{half}\"}}]}}",
                order % 9973,
            )
        }
        Told::Refund { order, cents } => write!(out, "\"refund\",\"order_id\":\"o{order}\"")
            .and_then(|()| match cents {
                Some(cents) => write!(out, ",\"amount\":\"{}\",\"currency\":\"{currency}\"", decimal(*cents)),
                None => Ok(()),
            })
            .and_then(|()| write!(out, "}}")),
        Told::Plain(kind) => write!(out, "\"{kind}\",\"channel\":\"online\"}}"),
        Told::Review(stars) => write!(out, "\"review\",\"rating\":{stars}}}"),
        Told::Survey(score) => write!(out, "\"survey\",\"score\":{score},\"scale\":10}}"),
        Told::Loyalty { points, expires: None } => write!(out, "\"loyalty\",\"points\":{points}}}"),
        Told::Loyalty { points, expires: Some(day) } => {
            write!(out, "\"loyalty\",\"points\":{points},\"expires\":\"{}\"}}", day_text(*day))
        }
        Told::Note(cause) => write!(out, "\"note\",\"cause\":\"{cause}\"}}"),
        Told::Contacted { episode, action } => {
            let (episode, action) = (uuid::Uuid::from_u128(*episode), Value::from(&**action));
            write!(out, "\"contacted\",\"episode_id\":\"{episode}\",\"action\":{action}}}")
        }
    };
}

/// Appends a CSV row `customer_id,timestamp,amount,type`; `false` where the event is neither purchase nor refund of a known amount.
pub fn write_csv(event: &ShopEvent, out: &mut Vec<u8>) -> bool {
    let (sign, cents, kind) = match event.told {
        Told::Purchase { cents, .. } => ("", cents, "purchase"),
        Told::Refund { cents: Some(cents), .. } => ("-", cents, "return"),
        Told::Refund { cents: None, .. }
        | Told::Plain(_)
        | Told::Review(_)
        | Told::Survey(_)
        | Told::Loyalty { .. }
        | Told::Note(_)
        | Told::Contacted { .. } => return false,
    };
    let (customer, time) = (customer_id(event.customer), instant_text(event.time));
    writeln!(out, "{customer},{time},{sign}{},{kind}", decimal(cents)).is_ok()
}

fn decimal(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
