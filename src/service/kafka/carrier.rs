//! The thread that carries transactions out while its worker goes on: one at a time, as they are handed over.
//!
//! Invariant: it ends with its carrier, and where it panics or a transaction does not end, that is the worker's fault to
//! tell.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::topic_partition_list::TopicPartitionList;

use crate::service::broker::{Batches, Committed};
use crate::service::fault::ServiceFault;
use crate::service::kafka::transaction::Transactions;
use crate::service::pulse::Pulse;

/// Longest that a transaction may take: more than all its steps at their bounds.
const LONGEST: Duration = Duration::from_mins(1);
/// How often a worker that waits for an end gives a sign of life.
const BEAT: Duration = Duration::from_millis(100);

/// One transaction, and what the worker's consumer had to say about it.
struct Load {
    batches: Batches,
    read: Result<Read, String>,
}

/// How far the inputs are read with a transaction, and as which member of the group; the sentence of a member that was
/// shut out instead.
pub struct Read {
    /// The next offsets.
    pub offsets: TopicPartitionList,
    /// The member and its generation.
    pub group: Option<ConsumerGroupMetadata>,
}

/// A transactional producer on a thread of its own.
pub struct Carrier {
    transactions: Arc<Transactions>,
    /// `None` once it is to end.
    loads: Option<SyncSender<Load>>,
    ends: Receiver<(Committed, Batches)>,
    thread: Option<JoinHandle<()>>,
    /// Since when a transaction is under way.
    under_way: Option<Instant>,
}

impl Carrier {
    /// Starts the thread; the producer has yet to take its transactional id over.
    pub fn start(transactions: Transactions, pulse: &Pulse) -> Result<Self, ServiceFault> {
        let (loads, carried) = sync_channel::<Load>(1);
        let (tell, ends) = sync_channel(1);
        let transactions = Arc::new(transactions);
        let (with, pulse) = (transactions.clone(), pulse.clone());
        let carry = move || {
            for Load { batches, read } in carried {
                let committed = match &read {
                    Ok(read) => with.commit(&batches, &read.offsets, read.group.as_ref(), &pulse),
                    Err(sentence) => Committed::Aborted(sentence.clone()),
                };
                if tell.send((committed, batches)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("commit".into()).spawn(carry);
        let thread = thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
        Ok(Self { transactions, loads: Some(loads), ends, thread: Some(thread), under_way: None })
    }

    /// Takes the transactional id over; to be done before anything is read.
    pub fn take_over(&self, pulse: &Pulse) -> Result<(), ServiceFault> {
        self.transactions.take_over(pulse)
    }

    /// Hands a transaction over. Call only while none is under way.
    pub fn hand_over(&mut self, batches: Batches, read: Result<Read, String>) {
        self.under_way = Some(Instant::now());
        // Where the thread is gone, the question for the end says so.
        let _ = self.loads.as_ref().map(|loads| loads.send(Load { batches, read }));
    }

    /// What became of the transaction under way; `None` as long as nobody knows, or where there is none. Waits for it, if
    /// it is to `wait`.
    pub fn ended(&mut self, wait: bool, pulse: &Pulse) -> Result<Option<(Committed, Batches)>, ServiceFault> {
        let Some(since) = self.under_way else { return Ok(None) };
        loop {
            match self.ends.recv_timeout(if wait { BEAT } else { Duration::ZERO }) {
                Ok(ended) => {
                    self.under_way = None;
                    return Ok(Some(ended));
                }
                Err(RecvTimeoutError::Timeout) if since.elapsed() > LONGEST => {
                    // The thread can't be waited for any more. It ends with the process, and the broker the transaction.
                    (self.under_way, self.thread) = (None, None);
                    return Err(ServiceFault::Stuck("a transaction neither ends nor fails".into()));
                }
                Err(RecvTimeoutError::Timeout) if wait => pulse.beat(),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    self.under_way = None;
                    return Err(ServiceFault::Failed(
                        "the thread that commits panicked; nothing of its open transaction was committed".into(),
                    ));
                }
            }
        }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.loads = None;
        if let Some(thread) = self.thread.take() {
            // Its panic was told by `ended`.
            let _ = thread.join();
        }
    }
}
