//! Which topic's records have which shape.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::inputs::format::Format;
use crate::wire::registry::framed::Framed;

static OURS: Format = Format::Events;

/// The shapes of the topics that name one; all others hold our own events.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    formats: BTreeMap<String, Format>,
    unkeyed: BTreeSet<String>,
}

impl Shapes {
    /// The shapes by topic, and the topics that are not keyed by their customer.
    pub const fn new(formats: BTreeMap<String, Format>, unkeyed: BTreeSet<String>) -> Self {
        Self { formats, unkeyed }
    }

    /// The shape of a topic's records.
    pub fn of(&self, topic: &str) -> &Format {
        self.formats.get(topic).unwrap_or(&OURS)
    }

    /// How records are framed, where those of any topic are; all of them have their schemas in one registry.
    pub fn framing(&self) -> Option<&Framed> {
        self.formats.values().find_map(Format::framing)
    }

    /// Whether a topic's records are not keyed by their customer, so that they are keyed anew first.
    pub fn is_unkeyed(&self, topic: &str) -> bool {
        self.unkeyed.contains(topic)
    }
}
