//! The states of partitions from the changelog, all at once.

use std::collections::BTreeMap;
use std::thread::Builder;

use rdkafka::message::Message;

use crate::config::settings::Settings;
use crate::processor::topology::Processor;
use crate::service::broker::Tell;
use crate::service::fault::ServiceFault;
use crate::service::kafka::read::TopicReader;
use crate::service::pulse::Pulse;

/// Threads that read, each some of the partitions: one keeps a core busy, and it is not the broker's.
const READERS: usize = 2;
/// Records between two words on progress.
const TELL: u64 = 4_096;

/// Restores the processors from their partitions of the changelog; tells of every step.
pub fn restore(
    settings: &Settings,
    processors: &mut [Processor],
    tell: &Tell<'_>,
    pulse: &Pulse,
) -> Result<(), ServiceFault> {
    let share = processors.len().div_ceil(READERS).max(1);
    std::thread::scope(|scope| {
        let start = |part| {
            let reader = Builder::new().name("restore".into());
            reader.spawn_scoped(scope, move || read(settings, part, tell, pulse))
        };
        let readers: Vec<_> = processors.chunks_mut(share).map(start).collect();
        let end = |reader: std::io::Result<std::thread::ScopedJoinHandle<'_, Result<(), ServiceFault>>>| {
            let reader = reader.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
            reader.join().unwrap_or_else(|_| Err(ServiceFault::Failed("reading the changelog panicked".into())))
        };
        readers.into_iter().try_for_each(end)
    })
}

/// Reads the partitions of some processors with one client.
fn read(settings: &Settings, processors: &mut [Processor], tell: &Tell<'_>, pulse: &Pulse) -> Result<(), ServiceFault> {
    let partitions: Vec<u32> = processors.iter().map(Processor::partition).collect();
    let mut processors: BTreeMap<i32, &mut Processor> =
        processors.iter_mut().map(|processor| (processor.partition() as i32, processor)).collect();
    let mut reader = TopicReader::open(settings, &settings.file.topics.profiles, &partitions, pulse)?;
    let (mut records, mut left) = (0, reader.left());
    tell(0, left as i64);
    while let Some(restored) = reader.next(pulse, |message| {
        let processor = processors.get_mut(&message.partition());
        processor.map_or(Ok(()), |one| one.restore(message.key().unwrap_or_default(), message.payload()))
    })? {
        // Not mended by starting again: somebody must do what the sentence says.
        restored.map_err(|fault| ServiceFault::Setup(fault.to_string()))?;
        records += 1;
        if records == TELL {
            tell(records, reader.left() as i64 - left as i64);
            (records, left) = (0, reader.left());
        }
    }
    tell(records, -(left as i64));
    reader.close();
    Ok(())
}
