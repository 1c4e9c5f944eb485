//! The default model, and an engine that scores with it.

use std::sync::Arc;

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::partition::Engine;
use churnwatch::engine::scoring::model::Model;
use churnwatch::wire::artifact::Artifact;

/// The model that ships with the program.
pub(crate) fn model() -> Arc<Model> {
    Arc::new(Artifact::read(include_bytes!("../../models/default.json")).unwrap().model().unwrap())
}

/// An engine of partition 0 with one input topic.
pub(crate) fn engine(policy: Policy) -> Engine {
    Engine::new(Arc::new(policy), model(), 0, 1, b"secret")
}
