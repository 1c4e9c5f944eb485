//! `WooCommerce`'s order webhooks. Source: woocommerce.github.io/woocommerce-rest-api-docs, "Order properties".

use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::inputs::draft::Draft;
use crate::wire::inputs::orders::{Order, Refund};
use crate::wire::inputs::pick::{items, text};
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;

const LINE: [(&str, &[&str]); 3] =
    [("sku", &["sku", "productid"]), ("quantity", &["quantity"]), ("unit_price", &["price"])];

/// Tells an order anew. Until it is paid it is none; one that is deleted keeps what was told of it.
pub fn translate(json: &Value, told: &mut Told) -> Result<(), Reject> {
    let missing = |field| Reject { reason: Reason::MissingField, field };
    let Some(status) = text(json.get("status")) else {
        return if json.get("id").is_some() { Ok(()) } else { Err(missing("type")) };
    };
    let modified = utc(json.get("date_modified_gmt"));
    let was_paid = json.get("date_paid_gmt").is_some_and(|paid| !paid.is_null());
    let ended = match status.as_str() {
        "processing" | "completed" => false,
        "refunded" => true,
        "cancelled" | "failed" | "trash" if was_paid => true,
        "pending" | "on-hold" | "checkout-draft" | "cancelled" | "failed" | "trash" => return Ok(()),
        // Shops add their own; a paid order is one whatever it is called.
        _ if was_paid => false,
        _ => return Ok(()),
    };
    let refunds = json.get("refunds").and_then(Value::as_array).into_iter().flatten();
    let refund = |refund: &Value| {
        let amount = text(refund.get("total")).ok_or(missing("amount"))?;
        let id = text(refund.get("id")).ok_or(missing("id"))?;
        // Its own time is not told; that of the order's change is.
        Ok(Refund { id, time: modified.clone(), amount: amount.trim_start_matches('-').into() })
    };
    let order = Order {
        system: "woocommerce",
        id: text(json.get("id")).ok_or(missing("id"))?,
        customer: customer(json),
        placed: utc(json.get("date_created_gmt")),
        purchase: Draft::default()
            .with("amount", text(json.get("total")))
            .with("discount", text(json.get("discount_total")))
            .with("channel", text(json.get("created_via")))
            .with("items", items(json.get("line_items"), &LINE)),
        currency: json.get("currency").cloned().unwrap_or_default(),
        refunds: refunds.map(refund).collect::<Result<_, Reject>>()?,
        cancelled: if ended { modified.clone() } else { Value::Null },
    };
    order.tell(told)
}

/// An account's id; guests, whose id is 0, are known by their address.
fn customer(json: &Value) -> Option<String> {
    let account = text(json.get("customer_id")).filter(|id| id != "0");
    account.or_else(|| text(json.pointer("/billing/email")).map(|address| address.to_lowercase()))
}

/// Times ending in `_gmt` are UTC and do not say so.
fn utc(value: Option<&Value>) -> Value {
    text(value).map_or(Value::Null, |time| if time.ends_with('Z') { time.into() } else { format!("{time}Z").into() })
}
