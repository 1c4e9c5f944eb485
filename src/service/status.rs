//! What the service is doing, for probes and answers; shared between the workers and HTTP.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::engine::coming::Forecast;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::roster::Listed;

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

impl Phase {
    /// Every phase, in the order of a life.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Restoring, Self::Ready, Self::Draining, Self::Stopped];

    /// The name in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Restoring => "restoring",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        }
    }
}

/// What became of an id that has no customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Nothing is known of it.
    Unknown,
    /// It is another name of a customer who goes on under this id.
    Merged(String),
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
    /// What a purchase would change for a customer.
    WhatIf {
        /// Whose.
        customer: String,
        /// What would be paid; `None`: what the customer pays on average.
        amount: Option<Money>,
        /// Where the answer goes; `None`: not a customer of this worker.
        answer: oneshot::Sender<Option<Value>>,
    },
    /// What happened with a customer day by day.
    Timeline {
        /// Whose.
        customer: String,
        /// Where the answer goes; `None`: not a customer of this worker.
        answer: oneshot::Sender<Option<Value>>,
    },
    /// Whether a partition is the worker's, and what became of an id there that has no customer.
    Owns {
        /// Which.
        partition: u32,
        /// The id.
        customer: String,
        /// Where the answer goes; `None`: it is not.
        answer: oneshot::Sender<Option<Absent>>,
    },
    /// All customers in a few bytes each.
    Roster {
        /// Where the answer goes; `None`: the worker's partitions changed meanwhile.
        answer: oneshot::Sender<Option<Roster>>,
    },
    /// Some customers of a roster as they are now.
    Picked {
        /// Which.
        picked: Arc<[Listed]>,
        /// Where those go that this worker has, each with its place among the picked.
        answer: oneshot::Sender<Option<Vec<(usize, Value)>>>,
    },
    /// Which warnings the next closes will bring.
    Forecast {
        /// How many closes.
        days: i32,
        /// Where the answer goes; `None`: the worker's partitions changed meanwhile.
        answer: oneshot::Sender<Option<Expected>>,
    },
}

/// The customers of the partitions of a worker.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    /// All with a purchase.
    pub listed: Vec<Listed>,
    /// The partitions, each with its last closed day.
    pub partitions: Vec<(u32, Option<Day>)>,
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
    /// The process was asked to end: workers that end now do as they should.
    draining: AtomicBool,
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

    /// The process was asked to end. From now on it is alive, and never ready again.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether every worker does its work: true only with a group joined and a state restored.
    pub fn ready(&self) -> bool {
        self.not_ready().is_none()
    }

    /// Why it is not ready, if it is not.
    pub fn not_ready(&self) -> Option<&'static str> {
        let phases = self.phases();
        let any = |phase| phases.contains(&phase);
        if self.draining.load(Ordering::Relaxed) {
            Some("draining: finishing what was begun")
        } else if any(Phase::Stopped) {
            Some("a worker has ended; the log says why")
        } else if phases.is_empty() {
            Some("starting: looking at the topics")
        } else if any(Phase::Restoring) {
            Some("restoring; ask again in a moment")
        } else if any(Phase::Starting) || any(Phase::Draining) {
            Some("joining the group; ask again in a moment")
        } else {
            None
        }
    }

    /// Whether no worker has ended but those that were asked to.
    pub fn alive(&self) -> bool {
        self.draining.load(Ordering::Relaxed) || !self.phases().contains(&Phase::Stopped)
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::{Phase, Status};

    /// Two workers in these phases.
    fn status(one: Phase, other: Phase) -> Status {
        let status = Status::default();
        for (number, phase) in [one, other].into_iter().enumerate() {
            status.add(number, sync_channel(1).0);
            status.set(number, phase);
        }
        status
    }

    #[test]
    fn ready_is_said_only_where_every_worker_is() {
        assert!(Status::default().not_ready().is_some_and(|why| why.starts_with("starting")));
        assert_eq!(status(Phase::Ready, Phase::Ready).not_ready(), None);
        for (phase, word) in [
            (Phase::Starting, "joining"),
            (Phase::Restoring, "restoring"),
            (Phase::Draining, "joining"),
            (Phase::Stopped, "a worker has ended"),
        ] {
            let why = status(Phase::Ready, phase).not_ready().unwrap();
            assert!(why.starts_with(word), "{phase:?}: {why}");
        }
    }

    #[test]
    fn who_drains_is_alive_to_the_end_and_never_ready() {
        let status = status(Phase::Ready, Phase::Ready);
        status.drain();
        assert!(status.alive() && status.not_ready().is_some_and(|why| why.starts_with("draining")));
        status.set(0, Phase::Stopped);
        assert!(status.alive() && !status.ready());
        assert!(!self::status(Phase::Ready, Phase::Stopped).alive());
    }
}
