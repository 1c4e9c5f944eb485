//! The schemas that are known, by the ids that records name. An id means one schema for ever, so none is
//! fetched twice.
//!
//! Shared by whoever reads records, who asks for what is missing, and the service, which brings it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::wire::registry::definition::WriterSchema;

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum Known {
    /// Records can be read by it.
    Schema(Arc<WriterSchema>),
    /// The registry has no such schema, or one that can't be read: its records are dead letters.
    Unusable,
}

/// The schemas of one registry.
#[derive(Debug, Default)]
pub struct Schemas {
    known: RwLock<BTreeMap<u32, Known>>,
    wanted: Mutex<BTreeSet<u32>>,
}

impl Schemas {
    /// What is known of an id; `None` where nobody has looked yet.
    pub fn get(&self, id: u32) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Asks for what an id means.
    pub fn want(&self, id: u32) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// The ids that were asked for and are not known.
    pub fn wanted(&self) -> Vec<u32> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// What was said of an id may be wrong by now.
    pub fn forget(&self, id: u32) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Makes known what an id means.
    pub fn tell(&self, id: u32, known: Known) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, known);
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
