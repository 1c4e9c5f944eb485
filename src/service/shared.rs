//! What the workers of a process share, and the time as each reads it.

use std::sync::Arc;
use std::time::Duration;

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::scoring::model::Model;
use crate::processor::setup::Setup;
use crate::service::models::Models;
use crate::service::telemetry::metrics::Metrics;
use crate::service::traces::tracer::Tracer;

/// What all workers of a process share.
#[derive(Clone)]
pub struct Shared {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// What processors are made with.
    pub setup: Arc<Setup>,
    /// The configured model: in force where nothing is promoted.
    pub model: Arc<Model>,
    /// The promoted models.
    pub models: Models,
    /// Where commits are counted.
    pub metrics: Metrics,
    /// What follows sampled records; `None`: nothing is traced.
    pub tracer: Option<Tracer>,
}

/// The time as a worker reads it off its clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall clock.
    pub wall: Millis,
    /// Time since the process started; never goes back.
    pub running: Duration,
}
