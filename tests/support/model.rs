//! The default model, and an engine that scores with it.

use std::sync::Arc;

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::partition::Engine;
use churnwatch::engine::rfm::features::feature_index;
use churnwatch::engine::scoring::logistic::Column;
use churnwatch::engine::scoring::model::Model;
use churnwatch::wire::artifact::Artifact;

/// The model that ships with the program.
pub(crate) fn model() -> Arc<Model> {
    Arc::new(Artifact::read(include_bytes!("../../models/default.json")).unwrap().model().unwrap())
}

/// The same, calmed by visits and product views, which the logs that it was trained on have not got.
pub(crate) fn attentive_model() -> Arc<Model> {
    attentive(&model())
}

/// The same of another model.
pub(crate) fn attentive(model: &Model) -> Arc<Model> {
    let mut model = Model::clone(model);
    let feature = feature_index("lattention30").unwrap();
    model.silence.columns.push(Column { feature, mean: 0.0, deviation: 1.0, weight: -1.5 });
    model.silence.columns.sort_by_key(|column| column.feature);
    Arc::new(model)
}

/// Models for promotions, each more attentive than the one before.
pub(crate) fn other_model(number: u32) -> Arc<Model> {
    let mut model = Model::clone(&attentive_model());
    model.version = format!("other-{number}");
    model.silence.intercept += 0.4 * f64::from(number % 3) - 0.3;
    Arc::new(model)
}

/// An engine of partition 0 with one input topic.
pub(crate) fn engine(policy: Policy) -> Engine {
    Engine::new(Arc::new(policy), model(), 0, 1, b"secret")
}
