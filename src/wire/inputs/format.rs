//! The shapes in which events may come, and which of our own events a record of each tells.

use std::sync::Arc;

use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::event::{MAX_DEPTH, MAX_VALUE_BYTES, RawRecord, too_deep};
use crate::wire::inputs::cloud_events;
use crate::wire::inputs::debezium::{self, OrdersTable};
use crate::wire::inputs::mapping::Mapping;
use crate::wire::inputs::segment;
use crate::wire::inputs::shopify;
use crate::wire::inputs::told::Told;
use crate::wire::inputs::woocommerce;
use crate::wire::registry::framed::Framed;
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;

/// The shape of a topic's records.
#[derive(Clone, Debug, Default)]
pub enum Format {
    /// Our own events.
    #[default]
    Events,
    /// Calls of Segment or `RudderStack`: track, page, screen, identify, alias.
    Segment,
    /// Our own events in `CloudEvents` 1.0, structured or binary.
    CloudEvents,
    /// Orders and refunds as Shopify's webhooks send them.
    Shopify,
    /// Orders as `WooCommerce`'s webhooks send them.
    WooCommerce,
    /// Changes of a table of orders, as Debezium captures them.
    Debezium(Arc<OrdersTable>),
    /// Any other JSON, by rules of the configuration.
    Mapping(Arc<Mapping>),
    /// One of these, framed for a schema registry.
    Framed(Framed, Box<Self>),
}

impl Format {
    /// Whether the records are our own events, so that none needs to be told anew.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Events)
    }

    /// Whether it takes a record's headers to read it.
    pub const fn needs_headers(&self) -> bool {
        match self {
            Self::Framed(_, format) => format.needs_headers(),
            other => matches!(other, Self::CloudEvents),
        }
    }

    /// The shape as it stands in a file, where no record is framed.
    pub fn in_files(&self) -> &Self {
        match self {
            Self::Framed(_, format) => format,
            other => other,
        }
    }

    /// How its records are framed, where they are.
    pub const fn framing(&self) -> Option<&Framed> {
        match self {
            Self::Framed(framed, _) => Some(framed),
            _ => None,
        }
    }

    /// Tells a record anew; what `told` held before is gone. A record that is no business of ours tells nothing.
    pub fn translate(&self, record: &RawRecord<'_>, rules: &EventRules, told: &mut Told) -> Result<(), Reject> {
        told.clear();
        let value = record.value.unwrap_or_default();
        let Self::Framed(framed, format) = self else { return self.tell(value, record, rules, told) };
        let mut decoded = std::mem::take(&mut told.decoded);
        let read = framed.decode(value, &mut decoded).and_then(|()| format.tell(&decoded, record, rules, told));
        told.decoded = decoded;
        read
    }

    /// The same, where `value` is the record's as JSON; its own bytes still tell it from others.
    fn tell(&self, value: &[u8], record: &RawRecord<'_>, rules: &EventRules, told: &mut Told) -> Result<(), Reject> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(Reason::TooLarge.into());
        }
        if let (Self::Debezium(_), true) = (self, value.is_empty()) {
            // What Debezium sends after a deletion, so that compaction forgets the row.
            return Ok(());
        }
        let text = std::str::from_utf8(value).map_err(|_| Reason::NotUtf8)?;
        if too_deep(value) {
            return Err(Reason::TooDeep.into());
        }
        let json: Value = serde_json::from_str(text).map_err(|_| Reason::NotJson)?;
        if !json.is_object() {
            return Err(Reason::NotJson.into());
        }
        match self {
            Self::Events => told.keep(&json, value),
            Self::Segment => segment::translate(&json, rules, told),
            Self::CloudEvents => cloud_events::translate(&json, record.headers, told),
            Self::Shopify => shopify::translate(&json, record.key, told),
            Self::WooCommerce => woocommerce::translate(&json, told),
            Self::Debezium(table) => debezium::translate(&json, table, rules, told),
            Self::Mapping(mapping) => mapping.translate(&json, record, rules, told),
            // No frame holds another.
            Self::Framed(..) => Err(Reason::BadEncoding.into()),
        }
    }
}

const _: () = assert!(MAX_DEPTH < 128, "serde_json refuses what is nested deeper than 128 levels");
