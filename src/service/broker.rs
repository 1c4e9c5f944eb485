//! What the partitions of a worker ask of Kafka. Two answer: a real cluster, and the simulation's in the tests.

use std::sync::Arc;

use crate::engine::promotion::Schedule;
use crate::processor::batch::Batch;
use crate::processor::topology::Processor;
use crate::service::fault::ServiceFault;

/// The next offset to be read of one partition of an input topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which input topic, by its place in `topics.events`.
    pub topic: usize,
    /// The partition.
    pub partition: u32,
    /// The next offset.
    pub offset: i64,
}

/// Told while partitions are restored: so many more records were read, and so many more offsets are left, or fewer.
pub type Tell<'a> = dyn Fn(u64, i64) + Sync + 'a;

/// The records of one transaction, by partition.
pub type Batches = Vec<(u32, Batch)>;

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is there.
    Yes,
    /// It was aborted, nothing of it is visible: go back and do it again.
    Aborted(String),
    /// The same, because Kafka does not let us do this: doing it again would not help.
    Forbidden(ServiceFault),
    /// Nobody knows, or another has taken this worker's identity over: replace the producer and read everything again.
    Unknown(String),
}

/// Kafka, as one worker sees it.
pub trait Broker {
    /// The oldest and the next offset of each of these partitions of an input; waits for a broker.
    fn ends(&self, topic: usize, partitions: &[u32]) -> Result<Vec<(i64, i64)>, ServiceFault>;

    /// The same, `None` where no broker answers at once.
    fn look(&self, topic: usize, partition: u32) -> Option<(i64, i64)>;

    /// The worker lives, however long a close takes.
    fn beat(&self);

    /// Reads the processors' partitions of the changelog, each to its true end.
    fn restore(&self, processors: &mut [Processor], tell: &Tell<'_>) -> Result<(), ServiceFault>;

    /// The promotions, read to their end as it is now.
    fn promotions(&self) -> Result<Arc<Schedule>, ServiceFault>;

    /// Begins a transaction of the batches and the positions, which is under way until its end was told. Call only while
    /// none is.
    fn hand_over(&mut self, batches: Batches, positions: &[Position]);

    /// What became of the transaction under way, and its batches; `None` as long as nobody knows, or where there is none.
    /// Where it is to `wait`, it does so, bounded.
    fn ended(&mut self, wait: bool) -> Result<Option<(Committed, Batches)>, ServiceFault>;

    /// A new producer of the same identity, which settles the old one's transaction. Call only while none is under way.
    fn renew(&mut self) -> Result<(), ServiceFault>;

    /// A partition of an input is not read on until it is resumed, or read from elsewhere.
    fn pause(&mut self, place: Position) -> Result<(), ServiceFault>;

    /// It is read on behind what was had of it.
    fn resume(&mut self, place: Position) -> Result<(), ServiceFault>;

    /// The inputs are read on from these positions, and from no others.
    fn read_from(&mut self, positions: &[Position]) -> Result<(), ServiceFault>;
}
