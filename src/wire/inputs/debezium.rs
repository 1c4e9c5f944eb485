//! Changes of a table of orders as Debezium captures them: create, read (snapshot), update, delete.
//!
//! Source: debezium.io/documentation/reference/stable/connectors, "Data change events"; with or without the schema around
//! the payload. Amounts need `decimal.handling.mode` `string` or `double`; what an update or a deletion changed is known
//! only where the row before it stands in the record (`PostgreSQL`: `REPLICA IDENTITY FULL`).

use rust_decimal::Decimal;
use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::inputs::draft::{Draft, joined};
use crate::wire::inputs::orders::{Order, Refund};
use crate::wire::inputs::pick::{decimal, text};
use crate::wire::inputs::source::{Kind, Source, scalar};
use crate::wire::inputs::told::Told;
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;

/// The columns of the table, by where they stand in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct OrdersTable {
    /// The order's id.
    pub order_id: Source,
    /// The customer's id.
    pub customer_id: Source,
    /// When it was placed.
    pub time: Source,
    /// What was paid.
    pub amount: Source,
    /// In which currency; absent: the base currency.
    pub currency: Option<Source>,
    /// Where it was placed.
    pub channel: Option<Source>,
    /// What was taken off.
    pub discount: Option<Source>,
    /// JSON Pointer of the status, and the texts that mean that the order was called off.
    pub cancelled: Option<(String, Vec<String>)>,
}

/// Tells a change anew.
pub fn translate(json: &Value, table: &OrdersTable, rules: &EventRules, told: &mut Told) -> Result<(), Reject> {
    let change = json.get("payload").unwrap_or(json);
    let row = |name: &str| change.get(name).filter(|row| row.is_object());
    let (before, after) = (row("before"), row("after"));
    let when = change.pointer("/source/ts_ms").or_else(|| change.get("ts_ms")).cloned().unwrap_or_default();
    let missing = Reject { reason: Reason::MissingField, field: "type" };
    match change.get("op").and_then(Value::as_str).ok_or(missing)? {
        "c" | "r" => {
            let row = after.ok_or(missing)?;
            let cancelled = if table.is_cancelled(row) { when } else { Value::Null };
            Order { cancelled, ..table.order(row, rules)? }.tell(told)
        }
        "u" => update(table, (before, after.ok_or(missing)?), (when, change), rules, told),
        "d" => Order { cancelled: when, ..table.order(before.ok_or(missing)?, rules)? }.tell(told),
        // Truncations and messages tell nothing of an order.
        "t" | "m" => Ok(()),
        _ => Err(Reject { reason: Reason::UnknownType, field: "type" }),
    }
}

/// An order that costs less than before gave the difference back; one that costs more was paid the difference besides.
fn update(
    table: &OrdersTable,
    (before, after): (Option<&Value>, &Value),
    (when, change): (Value, &Value),
    rules: &EventRules,
    told: &mut Told,
) -> Result<(), Reject> {
    let cancelled = if table.is_cancelled(after) { when.clone() } else { Value::Null };
    // The purchase is told as it was: where it is known already nothing comes of it, otherwise the change follows.
    let mut order = Order { cancelled, ..table.order(before.unwrap_or(after), rules)? };
    let paid = |row: &Value| table.amount.take(row, None, "amount", Kind::Amount).map(|paid| decimal(Some(&paid)));
    let then = before.map(paid).transpose()?.flatten();
    let (Some(then), Some(now)) = (then, paid(after)?) else { return order.tell(told) };
    let difference = now - then;
    if difference.is_zero() || !order.cancelled.is_null() {
        return order.tell(told);
    }
    let id = joined(&[&order.id, &position(change, &when)]);
    if difference.is_sign_negative() {
        order.refunds.push(Refund { id, time: when, amount: amount(difference.abs()) });
        return order.tell(told);
    }
    let more = order.more(&id, amount(difference));
    order.tell(told)?;
    told.add(&more)
}

fn amount(number: Decimal) -> Value {
    number.normalize().to_string().into()
}

/// What tells one change of a row from the next, in the words of the database at hand.
fn position(change: &Value, when: &Value) -> String {
    let known = ["/source/lsn", "/source/pos", "/source/scn", "/source/change_lsn", "/source/ord"];
    let found = known.iter().find_map(|pointer| text(change.pointer(pointer)));
    found.or_else(|| text(Some(when))).unwrap_or_default()
}

impl OrdersTable {
    fn is_cancelled(&self, row: &Value) -> bool {
        let status = self.cancelled.as_ref().and_then(|(pointer, texts)| Some((scalar(row.pointer(pointer)?)?, texts)));
        status.is_some_and(|(status, texts)| texts.contains(&status))
    }

    fn order(&self, row: &Value, rules: &EventRules) -> Result<Order, Reject> {
        let take = |source: &Source, field, kind| source.take(row, None, field, kind);
        let optional = |source: &Option<Source>, field, kind| match source {
            Some(source) => take(source, field, kind),
            None => Ok(Value::Null),
        };
        let id = text(Some(&take(&self.order_id, "order_id", Kind::Text)?));
        let currency = optional(&self.currency, "currency", Kind::Text)?;
        Ok(Order {
            system: "debezium",
            id: id.ok_or(Reject { reason: Reason::MissingField, field: "order_id" })?,
            customer: text(Some(&take(&self.customer_id, "customer_id", Kind::Text)?)),
            placed: take(&self.time, "time", Kind::Time)?,
            purchase: Draft::default()
                .with("amount", take(&self.amount, "amount", Kind::Amount)?)
                .with("discount", optional(&self.discount, "discount", Kind::Amount)?)
                .with("channel", optional(&self.channel, "channel", Kind::Text)?),
            currency: if currency.is_null() { rules.currency.code().into() } else { currency },
            refunds: Vec::new(),
            cancelled: Value::Null,
        })
    }
}
