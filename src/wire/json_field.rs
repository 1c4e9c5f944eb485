//! The fields of one JSON object, found but not yet interpreted, so that absent, null and mistyped are told apart.

use std::borrow::Cow;

use crate::engine::event::Reason;
use crate::wire::reject::Reject;

/// Every field that an event may have.
pub const KNOWN: [&str; 21] = [
    "id",
    "type",
    "customer_id",
    "time",
    "order_id",
    "amount",
    "currency",
    "channel",
    "discount",
    "items",
    "rating",
    "score",
    "scale",
    "points",
    "expires",
    "cause",
    "episode_id",
    "action",
    "alias",
    "into",
    "profile",
];

/// The raw JSON of the fields that are known.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    values: [Option<&'a str>; KNOWN.len()],
    /// Number of fields that are not known.
    pub unknown: u32,
    /// A known field that stood there twice.
    pub repeated: Option<&'static str>,
    /// Whether any field holds an array or an object.
    pub nested: bool,
}

/// A field's value by its JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// A string, still with its quotes and escapes.
    Text(&'a str),
    /// A number as it is written.
    Number(&'a str),
    /// Null, true, false, an array or an object.
    Other,
}

impl<'a> Fields<'a> {
    /// Takes a field in; `name` is its position in [`KNOWN`].
    pub fn put(&mut self, name: Option<usize>, raw: &'a str) {
        self.nested |= raw.starts_with(['[', '{']);
        let Some((slot, known)) = name.and_then(|at| self.values.get_mut(at).zip(KNOWN.get(at))) else {
            self.unknown += 1;
            return;
        };
        if slot.replace(raw).is_some() {
            self.repeated = Some(known);
        }
    }

    /// The raw JSON of a field.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let at = KNOWN.iter().position(|known| *known == name)?;
        self.values.get(at).copied().flatten()
    }

    /// A field that may be absent.
    pub fn optional(&self, name: &str) -> Option<Field<'a>> {
        self.raw(name).map(|raw| match raw.as_bytes().first() {
            Some(b'"') => Field::Text(raw),
            Some(b'-' | b'0'..=b'9') => Field::Number(raw),
            _ => Field::Other,
        })
    }

    /// A field that must be there.
    pub fn required(&self, name: &'static str) -> Result<Field<'a>, Reject> {
        self.optional(name).ok_or(Reject { reason: Reason::MissingField, field: name })
    }
}

impl<'a> Field<'a> {
    /// The string, unescaped.
    pub fn string(self, name: &'static str) -> Result<Cow<'a, str>, Reject> {
        let bad = Reject { reason: Reason::BadField, field: name };
        let Self::Text(raw) = self else { return Err(bad) };
        if raw.contains('\\') {
            return serde_json::from_str(raw).map(Cow::Owned).map_err(|_| bad);
        }
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).ok_or(bad)?;
        Ok(Cow::Borrowed(inner))
    }

    /// The text of a number, or of a string that should hold one.
    pub fn decimal(self, name: &'static str) -> Result<Cow<'a, str>, Reject> {
        match self {
            Self::Number(text) => Ok(Cow::Borrowed(text)),
            Self::Text(_) => self.string(name),
            Self::Other => Err(Reject { reason: Reason::BadField, field: name }),
        }
    }

    /// A finite number.
    pub fn float(self, name: &'static str) -> Result<f64, Reject> {
        let bad = Reject { reason: Reason::BadField, field: name };
        let Self::Number(text) = self else { return Err(bad) };
        text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(bad)
    }

    /// A whole number.
    pub fn integer(self, name: &'static str) -> Result<i64, Reject> {
        let bad = Reject { reason: Reason::BadField, field: name };
        let Self::Number(text) = self else { return Err(bad) };
        text.parse().map_err(|_| bad)
    }
}
