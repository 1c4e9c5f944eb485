//! Schemas for commands that read records once: whoever runs one waits, and is told why where there is nothing to wait for.

use std::sync::Arc;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::registry::client::{Client, Found};
use crate::wire::registry::schemas::Known;

/// Fetches the schemas that records name, each once.
pub struct AtOnce<'a> {
    settings: &'a Settings,
    client: Option<Client>,
}

impl<'a> AtOnce<'a> {
    /// Nothing is asked before a record needs it.
    pub const fn new(settings: &'a Settings) -> Self {
        Self { settings, client: None }
    }

    /// Makes the schema known that a record of a topic names.
    pub fn learn(&mut self, topic: &str, value: Option<&[u8]>) -> Result<(), ServiceFault> {
        let Some(framed) = self.settings.shapes.of(topic).framing() else { return Ok(()) };
        let Some(id) = framed.missing(value) else { return Ok(()) };
        let Some(registry) = &self.settings.registry else { return Ok(()) };
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::new(registry, None).map_err(|fault| ServiceFault::Setup(fault.to_string()))?,
        };
        let client = self.client.insert(client);
        let found = client.schema(id).map_err(|trouble| {
            ServiceFault::Failed(format!("no schema to read records of {topic} by: {}", trouble.said))
        })?;
        framed.schemas.tell(
            id,
            match found {
                Found::Schema(schema) => Known::Schema(Arc::new(schema)),
                Found::Unknown | Found::Unreadable(_) => Known::Unusable,
            },
        );
        Ok(())
    }
}
