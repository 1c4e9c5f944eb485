//! An Avro schema made ready for reading: every name resolved, so that no record looks one up.
//!
//! Only what the writer's bytes mean is kept; defaults, aliases and documentation are for other readers.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::wire::registry::plain_text::Unit;

/// Most digits behind the point of a decimal.
const MAX_SCALE: u64 = 38;

/// A type by its place among the nodes.
pub type Place = usize;

/// A schema: its types refer to one another by their places.
#[derive(Debug)]
pub struct AvroSchema {
    nodes: Vec<Node>,
    root: Place,
}

/// A type, as its bytes are read.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// No bytes at all.
    Null,
    /// One byte, 0 or 1.
    Boolean,
    /// `int` and `long`, which are written alike.
    Whole,
    /// Four bytes.
    Float,
    /// Eight bytes.
    Double,
    /// Bytes behind their number.
    Bytes,
    /// Bytes behind their number that are UTF-8; also a `uuid` that is one.
    Text,
    /// So many bytes.
    Fixed(usize),
    /// Its symbols.
    Enum(Vec<String>),
    /// Of these items.
    Array(Place),
    /// Of texts to these values.
    Map(Place),
    /// Its branches.
    Union(Vec<Place>),
    /// Its fields.
    Record(Vec<(String, Place)>),
    /// Digits behind the point, and its bytes where their number is fixed.
    Decimal(usize, Option<usize>),
    /// Days since 1970-01-01.
    Day,
    /// Since midnight.
    TimeOfDay(Unit),
    /// Since 1970-01-01T00:00:00Z.
    Moment(Unit),
    /// The same on a clock of no zone.
    Local(Unit),
    /// Sixteen bytes that are a UUID.
    Uuid,
}

impl AvroSchema {
    /// A schema, and those that it refers to: each before whoever refers to it. The sentence says what can't be read.
    pub fn new<'a>(schema: &str, references: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut making = Making::default();
        for text in references {
            making.read(text)?;
        }
        let root = making.read(schema)?;
        let nodes = making.nodes.into_iter().map(|node| node.unwrap_or(Node::Null)).collect();
        Ok(Self { nodes, root })
    }

    /// The type of whole records.
    pub const fn root(&self) -> Place {
        self.root
    }

    /// A type.
    pub fn node(&self, place: Place) -> Option<&Node> {
        self.nodes.get(place)
    }
}

/// A schema in the making. A named type has its place before it is read, since it may hold itself.
#[derive(Default)]
struct Making {
    nodes: Vec<Option<Node>>,
    names: HashMap<String, Place>,
}

impl Making {
    fn read(&mut self, text: &str) -> Result<Place, String> {
        let json: Value = serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
        self.any(&json, "")
    }

    fn add(&mut self, node: Option<Node>) -> Place {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn any(&mut self, json: &Value, space: &str) -> Result<Place, String> {
        match json {
            Value::String(name) => self.by_name(name, space),
            Value::Array(branches) => {
                let branches = branches.iter().map(|branch| self.any(branch, space)).collect::<Result<_, _>>()?;
                Ok(self.add(Some(Node::Union(branches))))
            }
            Value::Object(table) => self.table(table, space),
            Value::Null | Value::Bool(_) | Value::Number(_) => Err("a type is a text, a list or a table".into()),
        }
    }

    fn by_name(&mut self, name: &str, space: &str) -> Result<Place, String> {
        if let Some(node) = primitive(name) {
            return Ok(self.add(Some(node)));
        }
        let known = self.names.get(&full(name, space)).or_else(|| self.names.get(name)).copied();
        known.ok_or_else(|| format!("it names a type {name} that it does not have"))
    }

    fn table(&mut self, table: &Map<String, Value>, space: &str) -> Result<Place, String> {
        let kind = table.get("type").ok_or("a type has no \"type\"")?;
        let Value::String(name) = kind else { return self.any(kind, space) };
        let part = |name: &str| table.get(name).ok_or_else(|| format!("a type has no \"{name}\""));
        match name.as_str() {
            "array" => {
                let items = self.any(part("items")?, space)?;
                Ok(self.add(Some(Node::Array(items))))
            }
            "map" => {
                let values = self.any(part("values")?, space)?;
                Ok(self.add(Some(Node::Map(values))))
            }
            "record" | "error" => {
                let (place, own) = self.named(table, space)?;
                let fields = part("fields")?.as_array().ok_or("\"fields\" is no list")?;
                let field = |making: &mut Self, field: &Value| {
                    let name = field.get("name").and_then(Value::as_str).ok_or("a field has no \"name\"")?;
                    let kind = field.get("type").ok_or("a field has no \"type\"")?;
                    Ok::<_, String>((name.to_owned(), making.any(kind, &own)?))
                };
                let fields = fields.iter().map(|one| field(self, one)).collect::<Result<_, _>>()?;
                Ok(self.fill(place, Node::Record(fields)))
            }
            "enum" => {
                let (place, _) = self.named(table, space)?;
                let symbols = part("symbols")?.as_array().ok_or("\"symbols\" is no list")?;
                let symbols = symbols.iter().map(|symbol| symbol.as_str().unwrap_or_default().to_owned()).collect();
                Ok(self.fill(place, Node::Enum(symbols)))
            }
            "fixed" => {
                let (place, _) = self.named(table, space)?;
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or("\"size\" is no number")?;
                Ok(self.fill(place, logical(table, &Node::Fixed(size))))
            }
            name => match primitive(name) {
                Some(node) => Ok(self.add(Some(logical(table, &node)))),
                None => self.by_name(name, space),
            },
        }
    }

    /// A place for a named type, and the space in which names of its parts stand.
    fn named(&mut self, table: &Map<String, Value>, space: &str) -> Result<(Place, String), String> {
        let text = |name: &str| table.get(name).and_then(Value::as_str);
        let name = text("name").ok_or("a named type has no \"name\"")?;
        let full = full(name, text("namespace").unwrap_or(space));
        let own = full.rsplit_once('.').map_or("", |(space, _)| space).to_owned();
        let place = self.add(None);
        if self.names.insert(full.clone(), place).is_some() {
            return Err(format!("two types are called {full}"));
        }
        Ok((place, own))
    }

    fn fill(&mut self, place: Place, node: Node) -> Place {
        if let Some(slot) = self.nodes.get_mut(place) {
            *slot = Some(node);
        }
        place
    }
}

/// A name with its space: one with a dot has its own.
fn full(name: &str, space: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

fn primitive(name: &str) -> Option<Node> {
    Some(match name {
        "null" => Node::Null,
        "boolean" => Node::Boolean,
        "int" | "long" => Node::Whole,
        "float" => Node::Float,
        "double" => Node::Double,
        "bytes" => Node::Bytes,
        "string" => Node::Text,
        _ => return None,
    })
}

/// What a type means beyond its bytes. A logical type that is not known, or does not fit, is left aside, as Avro wants it.
fn logical(table: &Map<String, Value>, node: &Node) -> Node {
    let scale = || match table.get("scale") {
        None => Some(0),
        Some(scale) => scale.as_u64().filter(|scale| *scale <= MAX_SCALE).map(|scale| scale as usize),
    };
    let meant = match (table.get("logicalType").and_then(Value::as_str), node) {
        (Some("decimal"), Node::Bytes) => scale().map(|scale| Node::Decimal(scale, None)),
        (Some("decimal"), Node::Fixed(size)) => scale().map(|scale| Node::Decimal(scale, Some(*size))),
        (Some("uuid"), Node::Fixed(16)) => Some(Node::Uuid),
        (Some("date"), Node::Whole) => Some(Node::Day),
        (Some("time-millis"), Node::Whole) => Some(Node::TimeOfDay(Unit::Millis)),
        (Some("time-micros"), Node::Whole) => Some(Node::TimeOfDay(Unit::Micros)),
        (Some("timestamp-millis"), Node::Whole) => Some(Node::Moment(Unit::Millis)),
        (Some("timestamp-micros"), Node::Whole) => Some(Node::Moment(Unit::Micros)),
        (Some("timestamp-nanos"), Node::Whole) => Some(Node::Moment(Unit::Nanos)),
        (Some("local-timestamp-millis"), Node::Whole) => Some(Node::Local(Unit::Millis)),
        (Some("local-timestamp-micros"), Node::Whole) => Some(Node::Local(Unit::Micros)),
        (Some("local-timestamp-nanos"), Node::Whole) => Some(Node::Local(Unit::Nanos)),
        _ => None,
    };
    meant.unwrap_or_else(|| node.clone())
}

#[cfg(test)]
mod tests {
    use super::{AvroSchema, Node};

    fn fault(schema: &str, references: &[&str]) -> String {
        AvroSchema::new(schema, references.iter().copied()).unwrap_err()
    }

    #[test]
    fn names_are_found_in_their_space_and_in_references() {
        let line = r#"{"type": "record", "name": "Line", "namespace": "shop", "fields": [
            {"name": "sku", "type": "string"}, {"name": "next", "type": ["null", "Line"]}]}"#;
        let order = r#"{"type": "record", "name": "shop.Order", "fields": [
            {"name": "lines", "type": {"type": "array", "items": "Line"}}, {"name": "gift", "type": "shop.Line"}]}"#;
        let schema = AvroSchema::new(order, [line].into_iter()).unwrap();
        let Some(Node::Record(fields)) = schema.node(schema.root()) else { unreachable!("an order") };
        let (Some(Node::Array(items)), gift) = (schema.node(fields[0].1), fields[1].1) else { unreachable!("lines") };
        assert_eq!(*items, gift);
        assert!(fault(order, &[]).contains("a type Line"));
        assert!(fault(order, &[line, line]).contains("two types are called shop.Line"));
    }

    #[test]
    fn what_is_no_schema_is_said() {
        for (schema, words) in [
            ("{", "not JSON"),
            ("7", "a type is"),
            (r#"{"name": "a"}"#, "no \"type\""),
            (r#"{"type": "record", "name": "a"}"#, "no \"fields\""),
            (r#"{"type": "record", "fields": []}"#, "no \"name\""),
            (r#"{"type": "fixed", "name": "a", "size": -1}"#, "no number"),
            (r#"{"type": "array"}"#, "no \"items\""),
        ] {
            assert!(fault(schema, &[]).contains(words), "{schema}: {}", fault(schema, &[]));
        }
    }
}
