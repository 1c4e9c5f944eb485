//! Shopify's webhooks: `orders/*` with the refunds that an order holds, and `refunds/create`, also as Amazon
//! `EventBridge` wraps them. Source: shopify.dev/docs/api/webhooks, Order and Refund of the REST Admin API.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::inputs::draft::Draft;
use crate::wire::inputs::orders::{Order, Refund};
use crate::wire::inputs::pick::{decimal, items, text};
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;

const LINE: [(&str, &[&str]); 5] = [
    ("sku", &["sku", "variantid"]),
    ("category", &["producttype"]),
    ("brand", &["vendor"]),
    ("quantity", &["quantity"]),
    ("unit_price", &["price"]),
];

/// Tells a webhook's body anew. A refund alone does not name its customer: the record's key must.
pub fn translate(json: &Value, key: Option<&[u8]>, told: &mut Told) -> Result<(), Reject> {
    let body = json.pointer("/detail/payload").unwrap_or(json);
    let missing = |field| Reject { reason: Reason::MissingField, field };
    if body.get("refund_line_items").is_some() || body.get("transactions").is_some() {
        let key = key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| !key.is_empty());
        let id = text(body.get("order_id")).ok_or(missing("order_id"))?;
        let order = Order { system: "shopify", id, customer: key.map(str::to_owned), ..Order::default() };
        let refund = refund(body)?;
        return told.add(&order.refund(&refund).with("currency", refund_currency(body)));
    }
    if body.get("line_items").is_none() {
        return Err(Reject { reason: Reason::UnknownType, field: "type" });
    }
    if body.get("test").and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    let refunds = body.get("refunds").and_then(Value::as_array).into_iter().flatten();
    let placed = [body.get("processed_at"), body.get("created_at")];
    let order = Order {
        system: "shopify",
        id: text(body.get("id")).ok_or(missing("id"))?,
        customer: text(body.pointer("/customer/id")).or_else(|| email(body.get("email"))),
        placed: placed.into_iter().flatten().find(|time| !time.is_null()).cloned().unwrap_or_default(),
        purchase: Draft::default()
            .with("amount", text(body.get("total_price")))
            .with("discount", text(body.get("total_discounts")))
            .with("channel", text(body.get("source_name")))
            .with("items", items(body.get("line_items"), &LINE)),
        currency: body.get("currency").cloned().unwrap_or_default(),
        refunds: refunds.map(refund).collect::<Result<_, _>>()?,
        cancelled: body.get("cancelled_at").cloned().unwrap_or_default(),
    };
    order.tell(told)
}

/// Guests are known by their address.
fn email(value: Option<&Value>) -> Option<String> {
    text(value).map(|address| address.to_lowercase())
}

/// What was paid back is in the successful transactions; the lines say what was sent back, which may be another sum.
fn refund(body: &Value) -> Result<Refund, Reject> {
    let mut sum = Decimal::ZERO;
    for transaction in body.get("transactions").and_then(Value::as_array).into_iter().flatten() {
        let is = |name: &str, wanted: &str| transaction.get(name).and_then(Value::as_str) == Some(wanted);
        if is("kind", "refund") && (is("status", "success") || transaction.get("status").is_none()) {
            let bad = Reject { reason: Reason::BadAmount, field: "amount" };
            sum = decimal(transaction.get("amount")).and_then(|amount| sum.checked_add(amount)).ok_or(bad)?;
        }
    }
    let time = [body.get("processed_at"), body.get("created_at")];
    Ok(Refund {
        id: text(body.get("id")).ok_or(Reject { reason: Reason::MissingField, field: "id" })?,
        time: time.into_iter().flatten().find(|time| !time.is_null()).cloned().unwrap_or_default(),
        // Always a sum: one of nothing gives nothing back, where none at all would be the whole order.
        amount: sum.to_string().into(),
    })
}

fn refund_currency(body: &Value) -> Value {
    body.pointer("/transactions/0/currency").cloned().unwrap_or_default()
}
