//! A partition's state from its changelog.

use rdkafka::message::Message;

use crate::config::settings::Settings;
use crate::processor::restoring::RestoreFault;
use crate::processor::topology::Processor;
use crate::service::fault::ServiceFault;
use crate::service::kafka::read::PartitionReader;
use crate::service::pulse::Pulse;

/// Restores `processor` from its partition of the changelog; gives the number of records read.
pub fn restore(settings: &Settings, processor: &mut Processor, pulse: &Pulse) -> Result<u64, ServiceFault> {
    let reader = PartitionReader::open(settings, &settings.file.topics.profiles, processor.partition(), pulse)?;
    let mut records = 0;
    while let Some(message) = reader.next(pulse)? {
        records += 1;
        let restored = processor.restore(message.key().unwrap_or_default(), message.payload());
        restored.map_err(|fault| match fault {
            RestoreFault::Settings | RestoreFault::Partition { .. } => ServiceFault::Setup(fault.to_string()),
            RestoreFault::Changelog(_) => ServiceFault::Failed(fault.to_string()),
        })?;
    }
    Ok(records)
}
