//! The thread that carries transactions out while its worker goes on: one at a time, as they are handed over.
//!
//! Invariant: it ends with its carrier; where it panics, or a transaction does not end, whoever asks for the end is told.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::service::broker::{Batches, Committed};
use crate::service::fault::ServiceFault;
use crate::service::pulse::Pulse;

/// Longest that a transaction may take: more than all its steps at their bounds, which librdkafka does not always keep.
const LONGEST: Duration = Duration::from_secs(18);
/// How often a worker that waits for an end gives a sign of life.
const BEAT: Duration = Duration::from_millis(100);

/// One transaction.
pub struct Load {
    /// Its records.
    pub batches: Batches,
    /// What the worker's consumer had to say; the sentence of one that was shut out of its group.
    pub read: Result<Read, String>,
}

/// How far the inputs are read, and by whom.
pub struct Read {
    /// The next offsets.
    pub offsets: TopicPartitionList,
    /// The member of the group, and its generation.
    pub group: Option<ConsumerGroupMetadata>,
}

/// A thread that carries transactions out.
pub struct Carrier {
    /// `None` once it is to end.
    loads: Option<SyncSender<Load>>,
    ends: Receiver<(Committed, Batches)>,
    thread: Option<JoinHandle<()>>,
    /// Since when a transaction is under way.
    under_way: Option<Instant>,
}

impl Carrier {
    /// Starts the thread, on which `commit` carries one transaction out.
    pub fn start(commit: impl Fn(&Load) -> Committed + Send + 'static) -> Result<Self, ServiceFault> {
        let (loads, handed_over) = sync_channel::<Load>(1);
        let (tell, ends) = sync_channel(1);
        let carry = move || {
            for load in handed_over {
                let committed = commit(&load);
                if tell.send((committed, load.batches)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("commit".into()).spawn(carry);
        let thread = thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
        Ok(Self { loads: Some(loads), ends, thread: Some(thread), under_way: None })
    }

    /// Hands a transaction over. Call only while none is under way.
    pub fn hand_over(&mut self, load: Load) {
        self.under_way = Some(Instant::now());
        // Where the thread is gone, whoever asks for the end is told so.
        let _ = self.loads.as_ref().map(|loads| loads.send(load));
    }

    /// What became of the transaction under way, and its batches; `None` as long as nobody knows, or where there is none.
    /// Where it is to `wait`, it does so, at most [`LONGEST`] from the hand-over; then nobody knows its outcome, and this
    /// carrier is of no use any more.
    pub fn ended(&mut self, wait: bool, pulse: &Pulse) -> Result<Option<(Committed, Batches)>, ServiceFault> {
        let Some(since) = self.under_way else { return Ok(None) };
        loop {
            match self.ends.recv_timeout(if wait { BEAT } else { Duration::ZERO }) {
                Ok(ended) => {
                    self.under_way = None;
                    return Ok(Some(ended));
                }
                Err(RecvTimeoutError::Timeout) if since.elapsed() > LONGEST => {
                    // The thread can't be waited for any more: it ends with the process, as its client does, and its
                    // transaction by the next producer of the same id, which shuts this one out.
                    (self.under_way, self.thread) = (None, None);
                    let sentence = "a transaction neither ends nor fails".into();
                    return Ok(Some((Committed::Unknown(sentence), Batches::new())));
                }
                Err(RecvTimeoutError::Timeout) if wait => pulse.beat(),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    self.under_way = None;
                    let sentence = "the thread that commits panicked; nothing of its open transaction was committed";
                    return Err(ServiceFault::Failed(sentence.into()));
                }
            }
        }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.loads = None;
        if let Some(thread) = self.thread.take() {
            // Of a panic `ended` has told.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use rdkafka::topic_partition_list::TopicPartitionList;

    use super::{Carrier, Load, Read};
    use crate::processor::batch::Batch;
    use crate::service::broker::Committed;
    use crate::service::fault::ServiceFault;
    use crate::service::pulse::Pulse;

    fn load(partition: u32) -> Load {
        let read = Read { offsets: TopicPartitionList::new(), group: None };
        Load { batches: vec![(partition, Batch::new())], read: Ok(read) }
    }

    #[test]
    fn the_worker_goes_on_until_it_waits_for_the_end() {
        let (go, gone) = channel();
        let mut carrier = Carrier::start(move |load| {
            gone.recv().unwrap();
            if load.batches[0].0 == 7 { Committed::Yes } else { Committed::Aborted("other".into()) }
        })
        .unwrap();
        let pulse = Pulse::free();
        assert!(carrier.ended(true, &pulse).unwrap().is_none(), "nothing is under way");
        for (partition, committed) in [(7, Committed::Yes), (8, Committed::Aborted("other".into()))] {
            carrier.hand_over(load(partition));
            assert!(carrier.ended(false, &pulse).unwrap().is_none());
            go.send(()).unwrap();
            let (outcome, batches) = carrier.ended(true, &pulse).unwrap().unwrap();
            assert_eq!((outcome, batches[0].0), (committed, partition));
            assert!(carrier.ended(false, &pulse).unwrap().is_none(), "an end is told once");
        }
    }

    #[test]
    fn a_panic_is_told_and_a_carrier_ends_with_its_last_transaction() {
        let pulse = Pulse::free();
        let mut carrier = Carrier::start(|_| panic!("planted")).unwrap();
        for _ in 0..2 {
            carrier.hand_over(load(0));
            assert!(matches!(carrier.ended(true, &pulse), Err(ServiceFault::Failed(_))));
        }
        let (tell, told) = channel();
        let mut carrier = Carrier::start(move |_| {
            std::thread::sleep(Duration::from_millis(30));
            tell.send(()).unwrap();
            Committed::Yes
        })
        .unwrap();
        carrier.hand_over(load(0));
        drop(carrier);
        assert_eq!(told.try_recv(), Ok(()));
    }
}
