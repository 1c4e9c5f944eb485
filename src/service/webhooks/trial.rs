//! One example alert to one endpoint, for whoever sets it up. No Kafka is needed.

use std::sync::Arc;

use uuid::Uuid;

use crate::config::fault::Fault;
use crate::config::webhooks::Endpoint;
use crate::service::webhooks::post::{Poster, Tried};
use crate::wire::webhooks::example::example;
use crate::wire::webhooks::request::Request;
use crate::wire::webhooks::told::Told;

/// An endpoint, and an example with an id of its own.
pub struct Trial {
    poster: Poster,
    record: Vec<u8>,
    told: Told,
}

impl Trial {
    /// The next example for an endpoint.
    pub fn new(endpoint: Arc<Endpoint>) -> Result<Self, Vec<Fault>> {
        let poster = Poster::new(endpoint)?;
        let record = example(&Uuid::new_v4().to_string()).to_string().into_bytes();
        let told = Told::read(&record)
            .ok_or_else(|| vec![Fault::new("", "the built-in example is broken: please report this")])?;
        Ok(Self { poster, record, told })
    }

    /// The request as it would be sent now.
    pub fn request(&self) -> Result<Request, Fault> {
        self.poster.request(&self.told, &self.record, jiff::Timestamp::now().as_millisecond())
    }

    /// Sends it.
    pub fn send(&self) -> Tried {
        self.poster.post(&self.told, &self.record, None)
    }
}
