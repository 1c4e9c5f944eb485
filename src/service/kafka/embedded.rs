//! The embedded broker of `demo`: librdkafka's mock cluster. Its transactions mean nothing, so it serves showing alone.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;

/// A broker inside this process.
pub struct Embedded {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Embedded {
    /// Starts the broker with all topics of `settings`, `partitions` each.
    pub fn start(settings: &Settings, partitions: u32) -> Result<Self, ServiceFault> {
        let cluster =
            MockCluster::new(1).map_err(|fault| ServiceFault::kafka("starting the embedded broker", &fault))?;
        let topics = &settings.file.topics;
        let outputs =
            [&topics.alerts, &topics.risk, &topics.outcomes, &topics.profiles, &topics.dead_letters, &topics.models];
        for topic in settings.inputs().chain(outputs) {
            cluster
                .create_topic(topic, partitions as i32, 1)
                .map_err(|fault| ServiceFault::kafka("creating a topic in the embedded broker", &fault))?;
        }
        Ok(Self { cluster })
    }

    /// Its address.
    pub fn bootstrap(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
