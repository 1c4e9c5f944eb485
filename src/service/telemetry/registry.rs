//! Metrics of the schema registry: the same of every command that reads framed records.

use prometheus::{IntCounterVec, IntGauge};

use crate::service::registry::client::Ending;
use crate::service::telemetry::register::Register;

/// How the registry answers, and who waits for it.
#[derive(Clone)]
pub struct RegistryMetrics {
    requests: IntCounterVec,
    waiting: IntGauge,
}

impl RegistryMetrics {
    /// All at zero.
    pub(crate) fn new(register: &Register<'_>) -> Result<Self, prometheus::Error> {
        let requests = register.counters(
            "schema_registry_requests_total",
            "Questions for a schema by how they ended: found, unknown, unreadable, not let in, unreachable",
            &["ending"],
        )?;
        for ending in Ending::ALL {
            requests.with_label_values(&[ending.name()]);
        }
        let waiting = register.whole_gauge(
            "schema_registry_waiting_partitions",
            "Partitions of inputs that are not read on because the schema of their next record is not there yet",
        )?;
        Ok(Self { requests, waiting })
    }

    /// A question ended.
    pub fn asked(&self, ending: Ending) {
        self.requests.with_label_values(&[ending.name()]).inc();
    }

    /// A partition waits until this is dropped.
    pub fn wait(&self) -> WaitingPartition {
        self.waiting.inc();
        WaitingPartition(self.waiting.clone())
    }
}

/// A partition that waits.
pub struct WaitingPartition(IntGauge);

impl Drop for WaitingPartition {
    fn drop(&mut self) {
        self.0.dec();
    }
}
