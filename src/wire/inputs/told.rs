//! The events that one record told: our own JSON, in buffers that are reused from record to record.

use serde_json::Value;

use crate::engine::event::Reason;
use crate::wire::inputs::draft::Draft;
use crate::wire::reject::Reject;

/// Most events that one record may tell; an order has its refunds beside it.
const MAX_EVENTS: usize = 1_000;

/// Events of one record, in the order in which they happened to it.
#[derive(Debug, Default)]
pub struct Told {
    events: Vec<ToldEvent>,
    used: usize,
    /// Room for a record that is taken out of its frame.
    pub decoded: Vec<u8>,
}

/// One of them.
#[derive(Debug, Default)]
pub struct ToldEvent {
    /// The customer's id, "" where it has none.
    pub customer: String,
    /// The event as JSON.
    pub text: Vec<u8>,
}

impl Told {
    /// Forgets what was told.
    pub const fn clear(&mut self) {
        self.used = 0;
    }

    /// What was told.
    pub fn events(&self) -> &[ToldEvent] {
        self.events.get(..self.used).unwrap_or_default()
    }

    /// Adds an event.
    pub fn add(&mut self, draft: &Draft) -> Result<(), Reject> {
        self.put(draft.customer(), draft)
    }

    /// Adds an event that is one of ours already.
    pub fn tell(&mut self, event: &Value) -> Result<(), Reject> {
        self.put(event.get("customer_id").and_then(Value::as_str).unwrap_or_default(), event)
    }

    /// Adds an event of ours as it is written.
    pub fn keep(&mut self, event: &Value, bytes: &[u8]) -> Result<(), Reject> {
        let room = self.room(event.get("customer_id").and_then(Value::as_str).unwrap_or_default())?;
        room.extend_from_slice(bytes);
        Ok(())
    }

    fn put(&mut self, customer: &str, event: &impl serde::Serialize) -> Result<(), Reject> {
        serde_json::to_writer(self.room(customer)?, event).map_err(|_| Reason::NotJson.into())
    }

    /// Room for one more event of this customer.
    fn room(&mut self, customer: &str) -> Result<&mut Vec<u8>, Reject> {
        if self.used == MAX_EVENTS {
            return Err(Reason::TooLarge.into());
        }
        if self.used == self.events.len() {
            self.events.push(ToldEvent::default());
        }
        let room = self.events.get_mut(self.used).ok_or(Reason::TooLarge)?;
        self.used += 1;
        room.customer.clear();
        room.customer.push_str(customer);
        room.text.clear();
        Ok(&mut room.text)
    }
}
