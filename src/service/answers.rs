//! What a worker is asked, answered between two records. A question about all customers is answered a slice at a time, so
//! that the stream goes on meanwhile.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::engine::coming::Forecast;
use crate::engine::day::Day;
use crate::engine::packed::layers::Slot;
use crate::engine::roster::Listed;
use crate::service::lanes::Lanes;
use crate::service::status::{Expected, Question, Roster};

/// Longest slice of a scan, and the shortest time between two of them.
const SLICE: Duration = Duration::from_millis(5);
/// Days of customers looked at between two looks at the clock.
const STEP: usize = 1_000;
/// Most scans that wait; who asks beyond that is told to ask again.
const WAITING: usize = 8;

/// The questions of a worker that are not answered yet.
#[derive(Default)]
pub struct Answers {
    scans: VecDeque<Scan>,
    rested: Option<Instant>,
}

/// A look at all customers under way.
struct Scan {
    sought: Sought,
    /// The partitions that it began with, and where it goes on.
    partitions: Vec<(u32, Option<Day>)>,
    at: Option<(usize, Slot)>,
    /// [`Lanes::restores`] as it began.
    restores: u64,
}

/// What is sought, and what of it has been found.
enum Sought {
    Forecast { days: i32, forecast: Forecast, answer: oneshot::Sender<Option<Expected>> },
    Roster { listed: Vec<Listed>, answer: oneshot::Sender<Option<Roster>> },
}

impl Answers {
    /// Whether somebody waits for an answer.
    pub fn pending(&self) -> bool {
        !self.scans.is_empty()
    }

    /// Answers what came in, and goes on with what takes longer.
    pub fn turn(&mut self, questions: &Receiver<Question>, lanes: &Lanes) {
        while let Ok(question) = questions.try_recv() {
            match question {
                Question::Customer { customer, answer } => {
                    // Who asked may have given up waiting.
                    let _ = answer.send(lanes.customer(&customer));
                }
                Question::WhatIf { customer, amount, answer } => {
                    let _ = answer.send(lanes.what_if(&customer, amount));
                }
                Question::Timeline { customer, answer } => {
                    let _ = answer.send(lanes.timeline(&customer));
                }
                Question::Owns { partition, customer, answer } => {
                    let _ = answer.send(lanes.absent(partition, &customer));
                }
                Question::Picked { picked, answer } => {
                    let _ = answer.send(Some(lanes.picked(&picked)));
                }
                Question::Forecast { days, answer } => {
                    self.begin(Sought::Forecast { days, forecast: Forecast::new(), answer }, lanes);
                }
                Question::Roster { answer } => self.begin(Sought::Roster { listed: Vec::new(), answer }, lanes),
            }
        }
        if self.pending() && self.rested.is_none_or(|since| since.elapsed() >= SLICE) {
            self.slice(lanes);
            self.rested = Some(Instant::now());
        }
    }

    fn begin(&mut self, sought: Sought, lanes: &Lanes) {
        if self.scans.len() < WAITING {
            let (partitions, restores) = (lanes.closed_days(), lanes.restores());
            self.scans.push_back(Scan { sought, partitions, at: Some((0, 0)), restores });
        } else {
            sought.refuse();
        }
    }

    fn slice(&mut self, lanes: &Lanes) {
        let Some(mut scan) = self.scans.pop_front() else { return };
        let begun = Instant::now();
        while scan.go_on(lanes) && begun.elapsed() < SLICE {}
        if scan.at.is_some() && !scan.sought.is_given_up() {
            self.scans.push_front(scan);
        } else if scan.partitions == lanes.closed_days() && scan.restores == lanes.restores() {
            scan.sought.answer(scan.partitions);
        } else {
            // A day that closed or a state that was read anew meanwhile has moved the customers looked at.
            scan.sought.refuse();
        }
    }
}

impl Scan {
    /// Looks at some more customers; whether there are others.
    fn go_on(&mut self, lanes: &Lanes) -> bool {
        let Some((place, slot)) = self.at else { return false };
        let Some((number, _)) = self.partitions.get(place) else {
            self.at = None;
            return false;
        };
        let next = match &mut self.sought {
            Sought::Forecast { days, forecast, .. } => {
                let budget = (STEP / (*days).max(1) as usize).max(1);
                lanes.forecast(*number, *days, slot, budget, forecast)
            }
            Sought::Roster { listed, .. } => lanes.roster(*number, slot, STEP, listed),
        };
        self.at = Some(next.map_or((place + 1, 0), |next| (place, next)));
        true
    }
}

impl Sought {
    /// Whether nobody waits for it any more.
    fn is_given_up(&self) -> bool {
        match self {
            Self::Forecast { answer, .. } => answer.is_closed(),
            Self::Roster { answer, .. } => answer.is_closed(),
        }
    }

    /// Hands over what was found in these partitions.
    fn answer(self, partitions: Vec<(u32, Option<Day>)>) {
        match self {
            Self::Forecast { forecast, answer, .. } => {
                let _ = answer.send(Some(Expected { forecast, partitions }));
            }
            Self::Roster { listed, answer } => {
                let _ = answer.send(Some(Roster { listed, partitions }));
            }
        }
    }

    /// Says that there is no answer now.
    fn refuse(self) {
        match self {
            Self::Forecast { answer, .. } => drop(answer.send(None)),
            Self::Roster { answer, .. } => drop(answer.send(None)),
        }
    }
}
