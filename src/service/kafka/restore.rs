//! A partition's state from its changelog.

use rdkafka::message::Message;

use crate::config::settings::Settings;
use crate::processor::restoring::RestoreFault;
use crate::processor::topology::Processor;
use crate::service::fault::ServiceFault;
use crate::service::kafka::read::read_partition;
use crate::service::pulse::Pulse;

/// Restores `processor` from its partition of the changelog; gives the number of records read.
pub fn restore(settings: &Settings, processor: &mut Processor, pulse: &Pulse) -> Result<u64, ServiceFault> {
    let (topic, partition) = (settings.file.topics.profiles.as_str(), processor.partition());
    read_partition(settings, topic, partition, pulse, |message| {
        processor.restore(message.key().unwrap_or_default(), message.payload()).map_err(|fault| match fault {
            RestoreFault::Settings | RestoreFault::Partition { .. } => ServiceFault::Setup(fault.to_string()),
            RestoreFault::Changelog(_) => ServiceFault::Failed(fault.to_string()),
        })
    })
}
