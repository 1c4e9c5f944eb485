//! What the service is doing, for probes and answers; shared between the workers and HTTP.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::SyncSender;

use serde_json::Value;
use tokio::sync::oneshot;

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not yet part of the group.
    Starting,
    /// Reading the changelog.
    Restoring,
    /// Working.
    Ready,
    /// Finishing because it was asked to.
    Draining,
    /// Over.
    Stopped,
}

/// A question about a customer.
pub struct Question {
    /// Whose.
    pub customer: String,
    /// Where the answer goes; `None`: not a customer of this worker.
    pub answer: oneshot::Sender<Option<Value>>,
}

/// One worker as others see it.
struct Worker {
    phase: Phase,
    questions: SyncSender<Question>,
}

/// All workers of this process.
#[derive(Default)]
pub struct Status {
    workers: Mutex<BTreeMap<usize, Worker>>,
}

impl Status {
    /// A worker that has just been made.
    pub fn add(&self, worker: usize, questions: SyncSender<Question>) {
        self.with(|workers| workers.insert(worker, Worker { phase: Phase::Starting, questions }));
    }

    /// A worker moved on.
    pub fn set(&self, worker: usize, phase: Phase) {
        self.with(|workers| {
            if let Some(worker) = workers.get_mut(&worker) {
                worker.phase = phase;
            }
        });
    }

    /// The phase of each worker.
    pub fn phases(&self) -> Vec<Phase> {
        self.with(|workers| workers.values().map(|worker| worker.phase).collect())
    }

    /// Whether every worker does its work: true only with a group joined and a state restored.
    pub fn ready(&self) -> bool {
        let phases = self.phases();
        !phases.is_empty() && phases.iter().all(|phase| *phase == Phase::Ready)
    }

    /// Asks every worker about a customer.
    pub fn ask(&self, customer: &str) -> Vec<oneshot::Receiver<Option<Value>>> {
        self.with(|workers| {
            workers
                .values()
                .filter_map(|worker| {
                    let (answer, receiver) = oneshot::channel();
                    worker.questions.try_send(Question { customer: customer.into(), answer }).ok().map(|()| receiver)
                })
                .collect()
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<usize, Worker>) -> T) -> T {
        // A panicking worker leaves a map that is still whole.
        look(&mut self.workers.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
