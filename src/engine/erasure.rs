//! Who asked to be forgotten, and when: events before that moment are dropped. Ids are kept only as keyed digests.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::engine::day::{Day, Millis};
use crate::engine::event::{Body, Event};
use crate::engine::generations::Since;

/// HMAC-SHA-256 of a customer id under the erasure secret.
pub type ErasedKey = [u8; 32];

/// The moment up to which a customer is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Erasure {
    /// The instant.
    pub time: Millis,
    /// Its local day; interactions of this whole day are dropped, because they are kept by the day.
    pub day: Day,
}

/// The erased customers of a partition.
pub struct Erasures {
    mac: Option<Hmac<Sha256>>,
    known: HashMap<ErasedKey, Erasure>,
    /// Said, and what was known before.
    said: Since<(ErasedKey, Option<Erasure>)>,
}

impl Erasures {
    /// None yet; `secret` keys the digests.
    pub fn new(secret: &[u8]) -> Self {
        Self { mac: Hmac::new_from_slice(secret).ok(), known: HashMap::new(), said: Since::default() }
    }

    /// The digest of a customer id.
    pub fn key(&self, customer: &str) -> ErasedKey {
        self.mac.as_ref().map_or([0; 32], |mac| {
            let mut mac = mac.clone();
            mac.update(customer.as_bytes());
            mac.finalize().into_bytes().into()
        })
    }

    /// Whether the event lies before its customer's erasure.
    pub fn covers(&self, event: &Event<'_>) -> bool {
        if self.known.is_empty() {
            return false;
        }
        self.known.get(&self.key(event.customer)).is_some_and(|erasure| match event.body {
            Body::Interaction(_) => event.day <= erasure.day,
            // What undoes an alias comes with the erasure.
            Body::Merge { into } if into == event.customer => false,
            Body::Purchase { .. }
            | Body::Refund { .. }
            | Body::Contacted { .. }
            | Body::OptOut
            | Body::Identity { .. }
            | Body::Merge { .. }
            | Body::Merged { .. }
            | Body::Forget => event.time <= erasure.time,
        })
    }

    /// Remembers an erasure.
    pub fn insert(&mut self, key: ErasedKey, erasure: Erasure) {
        let before = self.known.insert(key, erasure);
        self.said.push((key, before));
    }

    /// Says a known erasure again.
    pub fn repeat(&mut self, key: ErasedKey) {
        if let Some(known) = self.known.get(&key) {
            self.said.push((key, Some(*known)));
        }
    }

    /// Puts a restored erasure in.
    pub fn restore(&mut self, key: ErasedKey, erasure: Erasure) {
        self.known.insert(key, erasure);
    }

    /// The erasures that the open batch said.
    pub fn fresh(&self) -> impl Iterator<Item = (&ErasedKey, &Erasure)> {
        self.said.open().iter().filter_map(|(key, _)| self.known.get_key_value(key))
    }

    /// Hands the open batch over to be committed.
    pub const fn seal(&mut self) {
        self.said.seal();
    }

    /// The sealed batch is committed.
    pub fn confirm(&mut self) {
        self.said.confirm();
    }

    /// The batches are lost.
    pub fn roll_back(&mut self) {
        for (key, before) in self.said.roll_back() {
            match before {
                Some(before) => self.known.insert(key, before),
                None => self.known.remove(&key),
            };
        }
    }
}
