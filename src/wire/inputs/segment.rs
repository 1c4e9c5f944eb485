//! Segment's and `RudderStack`'s calls: track, page, screen, identify, alias.
//!
//! Sources: segment.com/docs/connections/spec (common fields, e-commerce v2, e-mail, mobile, reviewing),
//! rudderstack.com/docs/event-spec/standard-events.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::inputs::draft::Draft;
use crate::wire::inputs::pick::{Tolerant, as_number, as_text, decimal, is_absent, items, simple};
use crate::wire::inputs::segment_names::{Meaning, meaning};
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;

/// What a product's fields are called; the price is of one piece.
const PRODUCT: [(&str, &[&str]); 5] = [
    ("sku", &["sku", "productid"]),
    ("category", &["category"]),
    ("brand", &["brand"]),
    ("quantity", &["quantity"]),
    ("unit_price", &["price"]),
];
/// Fields that an event of ours takes from the properties under its own names.
const OWN: [(&str, bool); 7] = [
    ("score", true),
    ("scale", true),
    ("points", true),
    ("expires", false),
    ("cause", false),
    ("episode_id", false),
    ("action", false),
];

/// Tells a call anew.
pub fn translate(call: &Value, rules: &EventRules, told: &mut Told) -> Result<(), Reject> {
    let call = Tolerant::of(Some(call));
    let properties = Tolerant::of(call.get(&["properties"]));
    let kind = call.text(&["type"]).map(|kind| simple(&kind));
    let draft = match kind.as_deref() {
        Some("track") => track(&call, &properties, rules)?,
        Some("page" | "screen") => Some(Draft::of("visit")),
        Some("identify") => return told_alias(&call, "anonymousid", told),
        Some("alias" | "merge") => return told_alias(&call, "previousid", told),
        Some("group") => None,
        Some(_) => return Err(Reject { reason: Reason::UnknownType, field: "type" }),
        None => return Err(Reject { reason: Reason::MissingField, field: "type" }),
    };
    match draft {
        Some(draft) => told.add(&common(draft, &call)),
        None => Ok(()),
    }
}

/// What every call holds.
fn common(draft: Draft, call: &Tolerant<'_>) -> Draft {
    draft
        .with("id", call.text(&["messageid"]))
        .with("customer_id", call.text(&["userid", "anonymousid"]))
        .with("time", call.get(&["timestamp", "originaltimestamp", "receivedat", "sentat"]).cloned())
}

/// Two ids are of one customer: the user's is the one that stays.
fn told_alias(call: &Tolerant<'_>, other: &str, told: &mut Told) -> Result<(), Reject> {
    // Who is known by one id only tells nothing of another.
    let (Some(user), Some(alias)) = (call.text(&["userid"]), call.text(&[other])) else { return Ok(()) };
    if user == alias {
        return Ok(());
    }
    told.add(&common(Draft::of("identity").with("alias", alias), call))
}

fn track(call: &Tolerant<'_>, properties: &Tolerant<'_>, rules: &EventRules) -> Result<Option<Draft>, Reject> {
    let name = call.text(&["event"]).ok_or(Reject { reason: Reason::MissingField, field: "type" })?;
    let Some(meaning) = meaning(&simple(&name)) else { return Ok(None) };
    let order = properties.text(&["orderid"]);
    let draft = match meaning {
        Meaning::Plain(kind) => Draft::of(kind),
        Meaning::Review => Draft::of("review").with("rating", properties.get(&["rating"]).map(as_number)),
        Meaning::Ours(kind) => {
            let own = OWN.iter().map(|(name, number)| {
                let value = properties.get(&[&simple(name)]);
                (*name, value.map(|value| if *number { as_number(value) } else { as_text(value) }))
            });
            own.fold(Draft::of(kind), |draft, (name, value)| draft.with(name, value))
        }
        Meaning::Purchase => Draft::of("purchase")
            .with("order_id", order)
            .with("amount", amount(properties)?)
            .with("currency", currency(properties, rules))
            .with("channel", properties.text(&["channel"]).or_else(|| call.text(&["channel"])))
            .with("discount", properties.get(&["discount"]).map(as_text))
            .with("items", items(properties.get(&["products"]), &PRODUCT)),
        Meaning::Refund => Draft::of("refund")
            .with("order_id", order)
            .with("amount", amount(properties)?)
            .with("currency", currency(properties, rules)),
        Meaning::Cancellation => Draft::of("refund").with("order_id", order),
    };
    Ok(Some(draft))
}

fn currency(properties: &Tolerant<'_>, rules: &EventRules) -> String {
    properties.text(&["currency"]).map_or_else(|| rules.currency.code().to_owned(), |code| code.to_uppercase())
}

/// revenue, else subtotal, else total, else Σ price × quantity; null where none of them stands there.
fn amount(properties: &Tolerant<'_>) -> Result<Value, Reject> {
    if let Some(stated) = properties.get(&["revenue", "subtotal", "total"]) {
        return Ok(as_text(stated));
    }
    let bad = Reject { reason: Reason::BadAmount, field: "amount" };
    let Some(products) = properties.get(&["products"]).and_then(Value::as_array) else { return Ok(Value::Null) };
    let mut sum = None;
    for product in products {
        let product = Tolerant::of(Some(product));
        let Some(price) = product.get(&["price"]).filter(|price| !is_absent(price)) else { continue };
        let price = decimal(Some(price)).ok_or(bad)?;
        let quantity = match product.get(&["quantity"]) {
            Some(quantity) => decimal(Some(quantity)).ok_or(bad)?,
            None => Decimal::ONE,
        };
        let part = price.checked_mul(quantity).ok_or(bad)?;
        sum = Some(part.checked_add(sum.unwrap_or_default()).ok_or(bad)?);
    }
    Ok(sum.map_or(Value::Null, |sum: Decimal| Value::String(sum.normalize().to_string())))
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;
    use serde_json::{Value, json};

    use super::translate;
    use crate::wire::inputs::told::Told;
    use crate::wire::rules::EventRules;

    fn told(call: &Value) -> Vec<Value> {
        let mut told = Told::default();
        translate(call, &EventRules::plain(Currency::CNY), &mut told).unwrap();
        told.events().iter().map(|event| serde_json::from_slice(&event.text).unwrap()).collect()
    }

    #[test]
    fn an_amount_is_found_where_the_specification_puts_it() {
        let amount = |properties: Value| {
            let call = json!({"type": "track", "event": "order_completed", "properties": properties});
            told(&call)[0].get("amount").cloned()
        };
        let products = json!([{"price": "2.50", "quantity": 3}, {"price": 1}, {"name": "gift"}]);
        assert_eq!(amount(json!({"revenue": "9.90", "total": 12})), Some(json!("9.90")));
        assert_eq!(amount(json!({"revenue": null, "Sub Total": 8, "total": 12})), Some(json!("8")));
        assert_eq!(amount(json!({"total": 12.5, "products": products})), Some(json!("12.5")));
        assert_eq!(amount(json!({ "products": products })), Some(json!("8.5")));
        assert_eq!(amount(json!({})), None);
    }

    #[test]
    fn ids_that_belong_together_are_an_identity() {
        let identify = json!({"type": "identify", "messageId": "m", "userId": 7, "anonymousId": "a",
            "timestamp": "2026-01-01T00:00:00Z"});
        let identity = json!({"type": "identity", "id": "m", "customer_id": "7", "alias": "a",
            "time": "2026-01-01T00:00:00Z"});
        assert_eq!(told(&identify), std::slice::from_ref(&identity));
        let alias = json!({"type": "alias", "messageId": "m", "userId": "7", "previousId": "a",
            "timestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(told(&alias), [identity]);
        assert!(told(&json!({"type": "identify", "userId": "7"})).is_empty());
        assert!(told(&json!({"type": "alias", "userId": "7", "previousId": "7"})).is_empty());
    }
}
