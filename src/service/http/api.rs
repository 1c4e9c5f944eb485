//! What every handler needs.

use std::sync::{Arc, OnceLock};

use crate::config::settings::Settings;
use crate::effect_study::report::Report;
use crate::processor::setup::Setup;
use crate::service::fault::ServiceFault;
use crate::service::http::kept::Kept;
use crate::service::http::peers::Peers;
use crate::service::models::Models;
use crate::service::status::{Expected, Roster, Status};
use crate::service::telemetry::metrics::Metrics;
use crate::service::telemetry::recent::Recent;

/// What handlers need. It is there before the workers are, so that probes are answered from the first moment.
#[derive(Clone)]
pub struct Api {
    /// Where the workers stand.
    pub status: Arc<Status>,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// The models.
    pub models: Models,
    /// What there is once the topics were looked at.
    pub running: Arc<OnceLock<Running>>,
    /// The customers that lists are made of.
    pub roster: Arc<Kept<Roster>>,
    /// The warnings of the coming fortnight.
    pub fortnight: Arc<Kept<Expected>>,
    /// How the last hour went.
    pub recent: Arc<Recent>,
    /// Whether acting on warnings helps.
    pub report: Arc<Kept<Report>>,
}

/// What there is once the topics were looked at.
pub struct Running {
    /// The settings.
    pub settings: Arc<Settings>,
    /// What the processors are made with.
    pub setup: Arc<Setup>,
    /// The other replicas.
    pub peers: Peers,
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
            running: Arc::default(),
            roster: Arc::default(),
            fortnight: Arc::default(),
            recent: Arc::default(),
            report: Arc::default(),
        })
    }
}
