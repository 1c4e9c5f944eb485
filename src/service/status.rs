//! What the service is doing, for probes and answers; shared between the workers and HTTP.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::SyncSender;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::engine::coming::Forecast;
use crate::engine::day::Day;

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

/// A question to a worker.
pub enum Question {
    /// What is known of a customer.
    Customer {
        /// Whose.
        customer: String,
        /// Where the answer goes; `None`: not a customer of this worker.
        answer: oneshot::Sender<Option<Value>>,
    },
    /// Which warnings the next closes will bring.
    Forecast {
        /// How many closes.
        days: i32,
        /// Where the answer goes; `None`: the worker's partitions changed meanwhile.
        answer: oneshot::Sender<Option<Expected>>,
    },
}

/// The warnings that the partitions of a worker expect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// By day and tier.
    pub forecast: Forecast,
    /// The partitions, each with its last closed day.
    pub partitions: Vec<(u32, Option<Day>)>,
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

    /// Asks every worker the same. A worker with too much to answer is not among the receivers.
    pub fn ask<T>(
        &self,
        question: impl Fn(oneshot::Sender<Option<T>>) -> Question,
    ) -> Vec<oneshot::Receiver<Option<T>>> {
        self.with(|workers| {
            workers
                .values()
                .filter_map(|worker| {
                    let (answer, receiver) = oneshot::channel();
                    worker.questions.try_send(question(answer)).ok().map(|()| receiver)
                })
                .collect()
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<usize, Worker>) -> T) -> T {
        // A panicking worker leaves a map that is still whole.
        look(&mut self.workers.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
