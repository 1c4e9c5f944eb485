//! What a worker is asked, answered between two records. A question about all customers is answered a slice at a time, so
//! that the stream goes on meanwhile.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::engine::packed::layers::Slot;
use crate::service::lanes::Lanes;
use crate::service::status::{Expected, Question};

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

/// A forecast under way.
struct Scan {
    days: i32,
    answer: oneshot::Sender<Option<Expected>>,
    /// The partitions that it began with, what they expect so far, and where it goes on.
    expected: Expected,
    at: Option<(usize, Slot)>,
    /// [`Lanes::restores`] as it began.
    restores: u64,
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
                Question::Forecast { days, answer } if self.scans.len() < WAITING => {
                    let expected = Expected { partitions: lanes.closed_days(), ..Expected::default() };
                    self.scans.push_back(Scan { days, answer, expected, at: Some((0, 0)), restores: lanes.restores() });
                }
                Question::Forecast { answer, .. } => {
                    let _ = answer.send(None);
                }
            }
        }
        if self.pending() && self.rested.is_none_or(|since| since.elapsed() >= SLICE) {
            self.slice(lanes);
            self.rested = Some(Instant::now());
        }
    }

    fn slice(&mut self, lanes: &Lanes) {
        let Some(mut scan) = self.scans.pop_front() else { return };
        let begun = Instant::now();
        while scan.go_on(lanes) && begun.elapsed() < SLICE {}
        if scan.at.is_some() && !scan.answer.is_closed() {
            self.scans.push_front(scan);
        } else {
            // A day that closed or a state that was read anew meanwhile has moved the customers looked at.
            let same = scan.expected.partitions == lanes.closed_days() && scan.restores == lanes.restores();
            let _ = scan.answer.send(same.then_some(scan.expected));
        }
    }
}

impl Scan {
    /// Looks at some more customers; whether there are others.
    fn go_on(&mut self, lanes: &Lanes) -> bool {
        let Some((place, slot)) = self.at else { return false };
        let Some((number, _)) = self.expected.partitions.get(place) else {
            self.at = None;
            return false;
        };
        let next = lanes.forecast(
            *number,
            self.days,
            slot,
            (STEP / self.days.max(1) as usize).max(1),
            &mut self.expected.forecast,
        );
        self.at = Some(next.map_or((place + 1, 0), |next| (place, next)));
        true
    }
}
