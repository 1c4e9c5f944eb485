//! A shop's own events as other systems would send them. What a system has no words for it does not send.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The shapes, by the names that the configuration gives them.
pub(crate) const SHAPES: [&str; 6] = ["segment", "cloudevents", "shopify", "woocommerce", "debezium", "mapping"];

/// The configuration of an input `foreign.events` of a shape, beside our own `churn.events`.
pub(crate) fn configuration(shape: &str) -> String {
    let more = match shape {
        "debezium" => DEBEZIUM,
        "mapping" => MAPPING,
        _ => "",
    };
    format!(
        "[topics]\nevents = [\"churn.events\", \"foreign.events\"]\n[inputs.\"foreign.events\"]\nformat = \"{shape}\"\n{more}"
    )
}

const DEBEZIUM: &str = r#"
status = "/state"
cancelled = ["cancelled", "returned"]
[inputs."foreign.events".order]
order_id = "/number"
customer_id = "/buyer"
time = { at = "/placed", time = "micros" }
amount = "/total"
currency = { constant = "CNY" }
channel = "/source"
discount = "/rebate"
"#;

const MAPPING: &str = r#"
[[inputs."foreign.events".events]]
when = { "/head/art" = "VK" }
[inputs."foreign.events".events.fields]
type = { constant = "purchase" }
id = "/head/no"
customer_id = "/who/nr"
time = { at = "/head/at", time = "%d.%m.%Y %H:%M:%S%.3f", zone = "Asia/Shanghai" }
order_id = "/order"
amount = { at = "/cents", decimals = 2 }
channel = { at = "/src", map = { "1" = "online", "2" = "store" }, otherwise = "app" }
discount = "/off"
[inputs."foreign.events".events.items]
each = "/lines"
sku = "/article"
category = "/group/name"
quantity = "/n"
unit_price = { at = "/cents", decimals = 2 }

[[inputs."foreign.events".events]]
when = { "/head/art" = ["RT", "XX"] }
[inputs."foreign.events".events.fields]
type = { at = "/head/art", map = { RT = "refund" }, otherwise = "visit" }
id = "/head/no"
customer_id = "/who/nr"
time = { at = "/head/at", time = "%d.%m.%Y %H:%M:%S%.3f", zone = "Asia/Shanghai" }
order_id = "/order"
amount = { at = "/cents", decimals = 2 }

[[inputs."foreign.events".events]]
when = { "/event" = "*" }
[inputs."foreign.events".events.fields]
type = "/event"
id = "/no"
customer_id = { key = true }
time = { at = "/ms", time = "millis" }
rating = "/value"
score = "/value"
scale = "/of"
points = "/points"
expires = "/until"
cause = "/cause"
"#;

/// One record of a foreign topic.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) value: Vec<u8>,
}

/// Tells events in one shape; remembers the orders, which some systems tell whole at each change.
pub(crate) struct Teller {
    shape: &'static str,
    orders: HashMap<String, Value>,
    told: u64,
}

impl Teller {
    pub(crate) fn new(shape: &'static str) -> Self {
        Self { shape, orders: HashMap::new(), told: 0 }
    }

    /// The event as far as the shape has words for it: what must come of it here.
    pub(crate) fn known(&self, event: &Value) -> Option<Value> {
        let mut event = event.clone();
        let is_order = ["purchase", "refund"].contains(&event["type"].as_str().unwrap());
        if !["shopify", "woocommerce", "debezium"].contains(&self.shape) {
            return Some(event);
        }
        let fields = event.as_object_mut().unwrap();
        match fields.get_mut("items") {
            _ if self.shape == "debezium" => drop(fields.remove("items")),
            Some(Value::Array(items)) => {
                for item in items {
                    item.as_object_mut().unwrap().remove("category");
                }
            }
            _ => {}
        }
        is_order.then_some(event)
    }

    /// The event in this shape.
    pub(crate) fn tell(&mut self, event: &Value) -> Foreign {
        self.told += 1;
        let (kind, time) = (event["type"].as_str().unwrap(), event["time"].as_str().unwrap());
        match self.shape {
            "segment" => record(&segment(event, kind, self.told)),
            "cloudevents" => cloud_event(event, kind, self.told),
            "shopify" => record(&self.shopify(event, kind, time)),
            "woocommerce" => record(&self.woocommerce(event, kind, time)),
            "debezium" => record(&self.debezium(event, kind, time)),
            _ => record(&mapped(event, kind, time)),
        }
    }

    fn shopify(&mut self, event: &Value, kind: &str, time: &str) -> Value {
        let order = event["order_id"].as_str().unwrap().to_owned();
        if kind == "purchase" {
            let lines = event["items"].as_array().into_iter().flatten();
            let lines: Vec<Value> = lines
                .map(|item| json!({"sku": item["sku"], "quantity": item["quantity"], "price": item["unit_price"]}))
                .collect();
            let body = json!({"id": order, "processed_at": time, "created_at": time, "currency": event["currency"],
                "total_price": event["amount"], "total_discounts": event["discount"], "source_name": event["channel"],
                "customer": {"id": event["customer_id"], "email": "x@example.org"}, "line_items": lines,
                "refunds": [], "cancelled_at": null, "test": false});
            self.orders.insert(order, body.clone());
            return body;
        }
        if event["amount"].is_null() {
            let mut body = self.orders.get(&order).unwrap().clone();
            body["cancelled_at"] = time.into();
            return body;
        }
        json!({"id": event["id"], "order_id": order, "created_at": time, "refund_line_items": [],
            "transactions": [{"kind": "refund", "status": "success", "amount": event["amount"], "currency": "CNY"},
                {"kind": "refund", "status": "failure", "amount": event["amount"], "currency": "CNY"}]})
    }

    fn woocommerce(&mut self, event: &Value, kind: &str, time: &str) -> Value {
        let order = event["order_id"].as_str().unwrap().to_owned();
        let gmt = time.trim_end_matches('Z');
        if kind == "purchase" {
            let lines = event["items"].as_array().into_iter().flatten();
            let lines: Vec<Value> = lines
                .map(|item| json!({"sku": item["sku"], "quantity": item["quantity"], "price": item["unit_price"]}))
                .collect();
            let body = json!({"id": order, "status": "processing", "date_created_gmt": gmt, "date_modified_gmt": gmt,
                "date_paid_gmt": gmt, "currency": event["currency"], "total": event["amount"],
                "discount_total": event["discount"], "created_via": event["channel"], "customer_id": event["customer_id"],
                "billing": {"email": "x@example.org"}, "line_items": lines, "refunds": []});
            self.orders.insert(order, body.clone());
            return body;
        }
        let body = self.orders.get_mut(&order).unwrap();
        body["date_modified_gmt"] = gmt.into();
        match event["amount"].as_str() {
            Some(amount) => body["refunds"]
                .as_array_mut()
                .unwrap()
                .push(json!({"id": event["id"], "reason": "", "total": format!("-{amount}")})),
            None => body["status"] = "refunded".into(),
        }
        body.clone()
    }

    fn debezium(&mut self, event: &Value, kind: &str, time: &str) -> Value {
        let order = event["order_id"].as_str().unwrap().to_owned();
        let millis = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let source = json!({"connector": "postgresql", "ts_ms": millis, "lsn": self.told});
        if kind == "purchase" {
            let row = json!({"number": order, "buyer": event["customer_id"], "placed": millis * 1_000,
                "total": event["amount"], "source": event["channel"], "rebate": event["discount"], "state": "paid"});
            self.orders.insert(order, row.clone());
            return json!({"before": null, "after": row, "source": source, "op": "c", "ts_ms": millis + 5});
        }
        let before = self.orders.get(&order).unwrap().clone();
        let mut after = before.clone();
        match event["amount"].as_str() {
            Some(back) => {
                let decimal = |text: &str| text.parse::<Decimal>().unwrap();
                let left = decimal(before["total"].as_str().unwrap()) - decimal(back);
                after["total"] = left.to_string().into();
            }
            None => after["state"] = "cancelled".into(),
        }
        self.orders.insert(order, after.clone());
        // With the schema around it, as the JSON converter writes it by default.
        json!({"schema": {"type": "struct"}, "payload":
            {"before": before, "after": after, "source": source, "op": "u", "ts_ms": millis + 5}})
    }
}

fn record(value: &Value) -> Foreign {
    Foreign { headers: Vec::new(), value: serde_json::to_vec(value).unwrap() }
}

fn segment(event: &Value, kind: &str, told: u64) -> Value {
    let name = match kind {
        "purchase" => ["Order Completed", "orderCompleted", "order_completed"][told as usize % 3],
        "refund" if event["amount"].is_null() => "Order Cancelled",
        "refund" => "Order Refunded",
        "product_view" => "Product Viewed",
        "cart" => "Product Added",
        "checkout" => "Checkout Started",
        "login" => "Signed In",
        "message_sent" => "Email Delivered",
        "message_opened" => "Email Opened",
        "message_clicked" => "Email Link Clicked",
        "unsubscribed" => "Unsubscribed",
        "support_contact" => "Live Chat Conversation Started",
        "review" => "Product Reviewed",
        other => other,
    };
    let mut call = json!({"type": "track", "event": name, "messageId": event["id"], "userId": event["customer_id"],
        "anonymousId": null, "originalTimestamp": event["time"], "context": {"library": {"name": "http"}}});
    if kind == "visit" {
        call["type"] = "page".into();
        return call;
    }
    let mut properties = event.clone();
    for name in ["id", "type", "customer_id", "time", "items", "amount"] {
        properties.as_object_mut().unwrap().remove(name);
    }
    properties["rating"] = event["rating"].as_i64().map(|rating| rating.to_string()).into();
    if let Some(items) = event["items"].as_array() {
        let products = items.iter().map(|item| {
            json!({"product_id": item["sku"], "category": item["category"], "quantity": "2", "price": item["unit_price"]})
        });
        properties["products"] = products.collect();
    }
    if !event["amount"].is_null() {
        properties[["revenue", "total", "Sub Total"][told as usize % 3]] = event["amount"].clone();
    }
    call["properties"] = properties;
    call
}

fn cloud_event(event: &Value, kind: &str, told: u64) -> Foreign {
    let mut data = event.clone();
    for name in ["id", "type", "customer_id", "time"] {
        data.as_object_mut().unwrap().remove(name);
    }
    let text = |name: &str| event[name].as_str().unwrap().to_owned();
    if told.is_multiple_of(3) {
        let headers = vec![
            ("ce_specversion", "1.0".to_owned()),
            ("ce_type", format!("org.example.shop.{kind}")),
            ("ce_source", "/shop".to_owned()),
            ("ce_id", text("id")),
            ("ce_time", text("time")),
            ("ce_subject", text("customer_id")),
            ("content-type", "application/json".to_owned()),
        ];
        return Foreign { headers, value: serde_json::to_vec(&data).unwrap() };
    }
    let mut whole = json!({"specversion": "1.0", "type": format!("org.example.shop.{kind}"), "source": "/shop",
        "id": event["id"], "time": event["time"], "subject": event["customer_id"]});
    if told % 3 == 1 {
        whole["data"] = data;
    } else {
        whole["data_base64"] = STANDARD.encode(serde_json::to_vec(&data).unwrap()).into();
    }
    record(&whole)
}

fn mapped(event: &Value, kind: &str, time: &str) -> Value {
    let instant: jiff::Timestamp = time.parse().unwrap();
    let cents = |value: &Value| {
        value.as_str().map(|text| (text.parse::<Decimal>().unwrap() * Decimal::ONE_HUNDRED).normalize().to_string())
    };
    if !["purchase", "refund"].contains(&kind) {
        let value = if event["rating"].is_null() { event["score"].clone() } else { event["rating"].clone() };
        return json!({"event": kind, "no": event["id"], "ms": instant.as_millisecond(), "value": value,
            "of": event["scale"], "points": event["points"], "until": event["expires"], "cause": event["cause"]});
    }
    let local = instant.to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap());
    let source = match event["channel"].as_str() {
        Some("online") => json!(1),
        Some("store") => json!("2"),
        _ => json!(7),
    };
    let lines = event["items"].as_array().into_iter().flatten().map(|item| {
        json!({"article": item["sku"], "group": {"name": item["category"]}, "n": "2", "cents": cents(&item["unit_price"])})
    });
    json!({"head": {"art": if kind == "purchase" { "VK" } else { "RT" }, "no": event["id"],
            "at": local.strftime("%d.%m.%Y %H:%M:%S%.3f").to_string()},
        "who": {"nr": event["customer_id"]}, "order": event["order_id"], "cents": cents(&event["amount"]),
        "src": source, "off": event["discount"], "lines": lines.collect::<Value>()})
}
