//! What every handler needs.

use std::sync::{Arc, OnceLock};

use crate::processor::setup::Setup;
use crate::service::fault::ServiceFault;
use crate::service::http::listing::Listing;
use crate::service::http::peers::Peers;
use crate::service::models::Models;
use crate::service::status::Status;
use crate::service::telemetry::metrics::Metrics;

/// What handlers need. It is there before the workers are, so that probes are answered from the first moment.
#[derive(Clone)]
pub struct Api {
    /// Where the workers stand.
    pub status: Arc<Status>,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// The models.
    pub models: Models,
    /// What the processors are made with, once the topics were looked at.
    pub setup: Arc<OnceLock<Arc<Setup>>>,
    /// The other replicas, once the topics were looked at.
    pub peers: Arc<OnceLock<Peers>>,
    /// The customers that lists are made of.
    pub listing: Arc<Listing>,
}

impl Api {
    /// Of a process that has no worker yet.
    pub fn new() -> Result<Self, ServiceFault> {
        let metrics = Metrics::new().map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
        let models = Models::new(metrics.clone());
        Ok(Self {
            status: Arc::default(),
            metrics,
            models,
            setup: Arc::default(),
            peers: Arc::default(),
            listing: Arc::default(),
        })
    }
}
