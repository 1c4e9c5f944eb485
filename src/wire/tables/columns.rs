//! The columns of a table, from the schema of its records: an object becomes a column a field, a list or a map one column of
//! JSON. What never differs from record to record is no column.

use serde_json::Value;

use crate::wire::shapes::alert::{AlertData, AlertKinds};
use crate::wire::shapes::envelope::CloudEvent;
use crate::wire::shapes::outcome::{MaturedData, MaturedKinds, TransitionData, TransitionKinds};
use crate::wire::shapes::profile_row::ProfileRow;
use crate::wire::shapes::schema::written;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A row a customer.
    Profiles,
    /// A row a word on a warning, as the CRM hears it.
    Alerts,
    /// A row a word on a warning of either arm.
    Outcomes,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Unit, bounds, or the words that there are; may be empty.
    pub unit: String,
    /// What it means.
    pub meaning: String,
    /// The part of a record that it is of, and what that is.
    pub part: Option<(String, String)>,
    /// Names that lead to its value in a record.
    pub path: Vec<String>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A list or a map, as the text of its JSON.
    Json,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// A local day.
    Day,
    /// An instant.
    Timestamp,
    /// An amount in major units, exact.
    Money,
}

/// Parts whose fields are columns by their own names: what is in them is what the record is about.
const BARE: [&str; 3] = ["data", "profile", "more"];
/// The envelope's name for whom a record is about.
const SUBJECT: &str = "subject";
/// Most words that a unit lists.
const MOST_WORDS: usize = 8;

impl Table {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::Profiles, Self::Alerts, Self::Outcomes];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Alerts => "alerts",
            Self::Outcomes => "outcomes",
        }
    }

    /// Its columns, in order.
    pub fn columns(self) -> Vec<Column> {
        let schemas = match self {
            Self::Profiles => vec![written::<ProfileRow<'static>>()],
            Self::Alerts => vec![written::<CloudEvent<'static, AlertKinds, AlertData<'static>>>()],
            Self::Outcomes => vec![
                written::<CloudEvent<'static, TransitionKinds, TransitionData<'static>>>(),
                written::<CloudEvent<'static, MaturedKinds, MaturedData<'static>>>(),
            ],
        };
        let mut columns: Vec<Column> = Vec::new();
        for schema in &schemas {
            let mut walk = Walk { schema, columns: Vec::new() };
            walk.object(schema, &Place::default());
            for column in walk.columns {
                match columns.iter_mut().find(|known| known.name == column.name) {
                    None => columns.push(column),
                    Some(known) => known.also(&column),
                }
            }
        }
        columns
    }
}

impl Column {
    /// The same column in another kind of record.
    fn also(&mut self, other: &Self) {
        if self.meaning != other.meaning {
            self.meaning = format!("{}; in other rows: {}", self.meaning.trim_end_matches('.'), other.meaning);
        }
        if self.unit != other.unit {
            self.unit = format!("{}, {}", self.unit, other.unit);
        }
    }
}

/// Where in a record the walk is.
#[derive(Clone, Default)]
struct Place {
    prefix: String,
    part: Option<(String, String)>,
    path: Vec<String>,
}

struct Walk<'a> {
    schema: &'a Value,
    columns: Vec<Column>,
}

impl<'a> Walk<'a> {
    /// The fields of an object; `required` has them in their order, since every field is written.
    fn object(&mut self, object: &'a Value, place: &Place) {
        let names = object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in names {
            let Some(property) = object.get("properties").and_then(|properties| properties.get(name)) else { continue };
            if property.get("const").is_none() {
                self.field(name, property, place);
            }
        }
    }

    fn field(&mut self, name: &str, property: &'a Value, place: &Place) {
        let (schema, defined) = self.resolved(property);
        let said = [property, schema].into_iter().find_map(|schema| schema.get("description")?.as_str());
        let meaning = said.unwrap_or_default().to_owned();
        let path = [&place.path[..], &[name.to_owned()]].concat();
        if schema.get("properties").is_some() {
            let inner = if BARE.contains(&name) {
                Place { path, ..Place::default() }
            } else {
                let prefix = column_name(&place.prefix, name);
                Place { part: Some((prefix.clone(), meaning)), prefix, path }
            };
            self.object(schema, &inner);
            return;
        }
        let name = column_name(&place.prefix, if name == SUBJECT { "customer_id" } else { name });
        let kind = kind(schema, defined);
        let unit = unit(&name, kind, schema, property);
        self.columns.push(Column { name, kind, unit, meaning, part: place.part.clone(), path });
    }

    /// What a schema refers to, and by which name; that it may be null is no matter, for every column may.
    fn resolved(&self, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
        let is_null = |one: &&Value| one.get("type").is_some_and(|kind| kind == "null");
        let options = schema.get("anyOf").and_then(Value::as_array);
        let schema = options.and_then(|options| options.iter().find(|one| !is_null(one))).unwrap_or(schema);
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next());
        let definition = name.and_then(|name| self.schema.get("$defs")?.get(name));
        (definition.unwrap_or(schema), name)
    }
}

/// `episode` and `action` are `episode_action`; `episode` and `episode_id` are `episode_id`.
fn column_name(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || name.starts_with(&format!("{prefix}_")) { name.into() } else { format!("{prefix}_{name}") }
}

fn kind(schema: &Value, defined: Option<&str>) -> Kind {
    let is = |kind: &str| match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
        one => one.is_some_and(|one| one == kind),
    };
    match defined {
        Some("Day") => Kind::Day,
        Some("Moment") => Kind::Timestamp,
        Some("Money") => Kind::Money,
        _ if is("integer") => Kind::Whole,
        _ if is("number") => Kind::Number,
        _ if is("boolean") => Kind::Truth,
        _ if is("array") || is("object") => Kind::Json,
        _ => Kind::Text,
    }
}

fn unit(name: &str, kind: Kind, schema: &Value, property: &Value) -> String {
    let bound = |which: &str| [property, schema].into_iter().find_map(|schema| schema.get(which)?.as_f64());
    let list = |which: &str| schema.get(which).and_then(Value::as_array).into_iter().flatten();
    let words: Vec<&str> =
        list("enum").chain(list("oneOf").filter_map(|one| one.get("const"))).filter_map(Value::as_str).collect();
    match kind {
        Kind::Day => "local day".into(),
        Kind::Timestamp => "UTC".into(),
        Kind::Money => "base currency".into(),
        Kind::Json => "JSON".into(),
        Kind::Whole | Kind::Number => match (bound("minimum"), bound("maximum")) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            _ if name.ends_with("_days") => "days".into(),
            _ => String::new(),
        },
        Kind::Truth => String::new(),
        Kind::Text if words.len() > MOST_WORDS => String::new(),
        Kind::Text => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
    }
}
