//! The shape of `[inputs."TOPIC"]`: in which shape the records of an input topic come.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One input topic whose records are not our own events.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InputFile {
    /// The shape of its records.
    pub format: FormatName,
    /// How they are written: as JSON, or framed for `[schema_registry]`.
    pub encoding: Encoding,
    /// `mapping`: the rules, each of which makes an event of the records that it fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<RuleFile>,
    /// `mapping`: what becomes of a record that no rule fits.
    pub unmatched: Unmatched,
    /// `debezium`: where the columns of an order stand in a row.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub order: BTreeMap<String, SourceFile>,
    /// `debezium`: JSON Pointer of an order's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `debezium`: the statuses that mean that an order was called off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cancelled: Vec<String>,
}

/// Shapes in which events come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FormatName {
    /// Our own events.
    #[default]
    Events,
    /// Calls of Segment or `RudderStack`.
    Segment,
    /// Our own events in `CloudEvents` 1.0, structured or binary.
    CloudEvents,
    /// Webhooks of Shopify: orders and refunds.
    Shopify,
    /// Webhooks of `WooCommerce`: orders.
    WooCommerce,
    /// Debezium's change events of a table of orders.
    Debezium,
    /// Any other JSON, by rules.
    Mapping,
}

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As Avro, Protobuf or JSON, each record behind the id of its schema, as Confluent's serializers write.
    SchemaRegistry,
}

/// What becomes of a record that no rule fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// It is a dead letter of an unknown type.
    #[default]
    DeadLetter,
    /// It is no business of ours: passed over, and counted.
    Ignore,
}

/// A rule of a mapping.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleFile {
    /// JSON Pointers, and the text, or one of the texts, that must stand there; `*` is any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Texts>,
    /// Our fields, and where each stands.
    pub fields: BTreeMap<String, SourceFile>,
    /// `each` is the JSON Pointer of an order's items; the fields of an item stand beside it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<String, SourceFile>,
}

/// One text or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Texts {
    /// All of them.
    pub fn all(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::Several(texts) => texts.clone(),
        }
    }
}

/// Where a field's value stands: a JSON Pointer, or a table that says more.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SourceFile {
    /// A JSON Pointer.
    Pointer(String),
    /// More than a pointer.
    Table(Box<SourceTable>),
}

/// Where a field's value stands, and how it is written there.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SourceTable {
    /// JSON Pointer, or several, of which the first counts where something stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Texts>,
    /// It is always this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant: Option<String>,
    /// It is the record's key.
    pub key: bool,
    /// What its texts mean.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, String>,
    /// What it is where nothing stands there, or a text that `map` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// An instant: days, seconds, millis, micros or nanos since 1970-01-01T00:00:00Z, or a pattern of strptime such as
    /// "%d.%m.%Y %H:%M".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// IANA zone of a pattern without offset; absent: `time.zone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// An amount: decimal places that are not written; 2 where cents are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
}

/// Inputs that are not keyed by their customer: `churnwatch rekey` writes what they tell into the first input that holds
/// our own events.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rekey {
    /// Address of its listener for probes and metrics; port 0 takes a free one.
    pub listen: String,
    /// The topics; each may have a format of its own in `inputs`.
    pub topics: Vec<String>,
    /// Consumer group; absent: that of the service with `-rekey` behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
}

impl Default for Rekey {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8082".into(), topics: Vec::new(), group_id: None }
    }
}

/// Customers who have several ids.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// Whether `identity` events merge the profiles of two ids. What profiles are made of is kept for that, so it is part
    /// of the state.
    pub merge: bool,
}
