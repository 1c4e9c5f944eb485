//! The encoding of a topic whose records are framed.

use std::sync::Arc;

use crate::engine::event::Reason;
use crate::wire::event::MAX_VALUE_BYTES;
use crate::wire::registry::frame::split;
use crate::wire::registry::schemas::{Known, Schemas};
use crate::wire::reject::Reject;

/// Records that name their schemas.
#[derive(Clone, Debug, Default)]
pub struct Framed {
    /// The schemas by their ids.
    pub schemas: Arc<Schemas>,
}

impl Framed {
    /// The id that a record names and of which nothing is known yet. Nobody reads the record before.
    pub fn missing(&self, value: Option<&[u8]>) -> Option<u32> {
        let (id, _) = split(value?)?;
        self.schemas.get(id).is_none().then_some(id)
    }

    /// Writes a record's value as JSON over what `out` held. An absent value stays one, since it means something to some shapes.
    pub fn decode(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Reject> {
        out.clear();
        if value.is_empty() {
            return Ok(());
        }
        if value.len() > MAX_VALUE_BYTES {
            return Err(Reason::TooLarge.into());
        }
        let (id, framed) = split(value).ok_or(Reason::BadEncoding)?;
        match self.schemas.get(id) {
            Some(Known::Schema(schema)) => schema.decode(framed, out),
            Some(Known::Unusable) | None => Err(Reason::UnknownSchema.into()),
        }
    }
}
