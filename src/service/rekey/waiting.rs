//! Records that wait for their turn: the partitions of the inputs merged by the records' timestamps.
//!
//! A partition that has fallen behind is waited for, within bounds, so that time moves on in all of them alike: days close
//! by the events that come out.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Records of a partition that wait, at most and when more are asked for again.
const MOST: usize = 2_000;
const FEW: usize = 500;
/// How long a partition that neither gives a record nor says that it is at its end is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// An input by its place among the topics, and a partition of it.
pub type Place = (usize, i32);

/// The records that wait.
pub struct Waiting<M> {
    queues: BTreeMap<Place, Queue<M>>,
}

struct Queue<M> {
    /// Each with its timestamp.
    records: VecDeque<(i64, M)>,
    at_end: bool,
    empty_since: Instant,
    paused: bool,
}

impl<M> Default for Waiting<M> {
    fn default() -> Self {
        Self { queues: BTreeMap::new() }
    }
}

impl<M> Waiting<M> {
    /// These partitions are read from now on, and no others; what waited is gone.
    pub fn assign(&mut self, places: impl Iterator<Item = Place>, now: Instant) {
        let fresh = || Queue { records: VecDeque::new(), at_end: false, empty_since: now, paused: false };
        self.queues = places.map(|place| (place, fresh())).collect();
    }

    /// A record came.
    pub fn push(&mut self, place: Place, timestamp: i64, record: M) {
        if let Some(queue) = self.queues.get_mut(&place) {
            queue.at_end = false;
            queue.records.push_back((timestamp, record));
        }
    }

    /// A partition of this number was read to its end. Of which input is not said: those that have a record are not.
    pub fn at_end(&mut self, partition: i32) {
        for ((_, number), queue) in &mut self.queues {
            queue.at_end |= *number == partition && queue.records.is_empty();
        }
    }

    /// The record whose turn it is; of equal ones that of the first input and partition.
    pub fn next(&mut self, now: Instant) -> Option<(Place, M)> {
        let mut first: Option<(i64, Place)> = None;
        for (place, queue) in &self.queues {
            match queue.records.front() {
                Some((timestamp, _)) if first.is_none_or(|(least, _)| *timestamp < least) => {
                    first = Some((*timestamp, *place));
                }
                Some(_) => {}
                None if queue.at_end || now.duration_since(queue.empty_since) >= PATIENCE => {}
                None => return None,
            }
        }
        let (_, place) = first?;
        let queue = self.queues.get_mut(&place)?;
        let (_, record) = queue.records.pop_front()?;
        if queue.records.is_empty() {
            queue.empty_since = now;
        }
        Some((place, record))
    }

    /// The timestamp of the record whose turn would be first.
    pub fn oldest(&self) -> Option<i64> {
        self.queues.values().filter_map(|queue| queue.records.front()).map(|(timestamp, _)| *timestamp).min()
    }

    /// Records that wait.
    pub fn count(&self) -> usize {
        self.queues.values().map(|queue| queue.records.len()).sum()
    }

    /// Partitions to be read no further for now, and those to be read on.
    pub fn turn(&mut self) -> (Vec<Place>, Vec<Place>) {
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for (place, queue) in &mut self.queues {
            if !queue.paused && queue.records.len() >= MOST {
                queue.paused = true;
                pause.push(*place);
            } else if queue.paused && queue.records.len() <= FEW {
                queue.paused = false;
                resume.push(*place);
            }
        }
        (pause, resume)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{MOST, PATIENCE, Waiting};

    #[test]
    fn partitions_are_merged_by_time_and_waited_for() {
        let (now, mut waiting) = (Instant::now(), Waiting::default());
        waiting.assign([(0, 0), (0, 1), (1, 0)].into_iter(), now);
        waiting.push((0, 0), 5, "b");
        waiting.push((0, 1), 3, "a");
        assert_eq!((waiting.next(now), waiting.oldest()), (None, Some(3)));
        waiting.at_end(0);
        // Partition 0 of the first input has a record, so it was the other's end.
        assert_eq!(waiting.next(now), Some(((0, 1), "a")));
        assert_eq!(waiting.next(now), None);
        waiting.push((0, 1), 5, "c");
        assert_eq!(waiting.next(now), Some(((0, 0), "b")));
        assert_eq!(waiting.next(now + PATIENCE.checked_sub(Duration::from_millis(1)).unwrap()), None);
        assert_eq!(waiting.next(now + PATIENCE), Some(((0, 1), "c")));
        // One that was at its end and goes on is waited for again.
        waiting.push((1, 0), 9, "d");
        waiting.at_end(0);
        waiting.at_end(1);
        assert_eq!(waiting.next(now + PATIENCE), Some(((1, 0), "d")));
        assert_eq!(waiting.next(now + PATIENCE), None);
        waiting.push((7, 7), 1, "not ours");
        assert_eq!(waiting.oldest(), None);
        waiting.at_end(0);
        assert_eq!(waiting.next(now + PATIENCE), None);
    }

    #[test]
    fn a_partition_far_ahead_is_paused() {
        let (now, mut waiting) = (Instant::now(), Waiting::default());
        waiting.assign([(0, 0), (0, 1)].into_iter(), now);
        (0..MOST as i64).for_each(|at| waiting.push((0, 0), at, at));
        assert_eq!(waiting.turn(), (vec![(0, 0)], vec![]));
        assert_eq!(waiting.turn(), (vec![], vec![]));
        waiting.at_end(1);
        while waiting.next(now).is_some() {}
        assert_eq!(waiting.turn(), (vec![], vec![(0, 0)]));
    }
}
