//! When a day is settled: the frontier of each input topic, and which day closes next. No wall clock here.

use crate::engine::day::{Day, Millis};

/// The newest event of one customer, as the frontier remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// When it happened.
    pub time: Millis,
    /// Hash of the customer.
    pub customer: u64,
    /// The last day that is settled once the frontier stands here: the day before the local day of `time` less the close delay.
    pub settles: Day,
}

/// The newest event times of distinct customers in one topic's partition. One wrong date moves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    /// The newest sightings of distinct customers, ascending; at most the quorum.
    pub newest: Vec<Sighting>,
}

impl Frontier {
    /// Takes an accepted event's time in.
    pub fn see(&mut self, new: Sighting, quorum: usize) {
        if self.newest.len() >= quorum && self.newest.first().is_some_and(|oldest| new.time <= oldest.time) {
            return;
        }
        if let Some(at) = self.newest.iter().position(|known| known.customer == new.customer) {
            if self.newest.get(at).is_some_and(|known| known.time >= new.time) {
                return;
            }
            self.newest.remove(at);
        }
        let at = self.newest.partition_point(|known| *known < new);
        self.newest.insert(at, new);
        let surplus = self.newest.len().saturating_sub(quorum);
        self.newest.drain(..surplus);
    }

    /// The last settled day; `None` before `quorum` customers were seen.
    pub fn settled(&self, quorum: usize) -> Option<Day> {
        if self.newest.len() < quorum { None } else { self.newest.first().map(|sighting| sighting.settles) }
    }
}

/// The time of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionClock {
    /// One frontier an input topic.
    pub frontiers: Vec<Frontier>,
    /// The earliest day seen before the first close: closing starts there.
    pub first_day: Option<Day>,
    /// The last closed day; never goes back.
    pub closed: Option<Day>,
    /// The day whose close has begun and not ended.
    pub closing: Option<Day>,
}

impl PartitionClock {
    /// A clock that has seen nothing of `topics` input topics.
    pub fn new(topics: usize) -> Self {
        Self { frontiers: vec![Frontier::default(); topics], first_day: None, closed: None, closing: None }
    }

    /// Takes an accepted event in.
    pub fn see(&mut self, topic: usize, day: Day, sighting: Sighting, quorum: usize) {
        if self.closed.is_none() {
            self.first_day = Some(self.first_day.map_or(day, |first| first.min(day)));
        }
        if let Some(frontier) = self.frontiers.get_mut(topic) {
            frontier.see(sighting, quorum);
        }
    }

    /// The last day that the frontier settles; a topic for which `ignore` holds has no say.
    pub fn settled(&self, quorum: usize, ignore: impl Fn(usize) -> bool) -> Option<Day> {
        let frontiers = self.frontiers.iter().enumerate().filter(|(topic, _)| !ignore(*topic));
        frontiers.map(|(_, frontier)| frontier.settled(quorum)).min().flatten()
    }

    /// The day to close next, if everything up to `settled` may close.
    pub fn next_close(&self, settled: Option<Day>) -> Option<Day> {
        let next = self.closed.map(|closed| closed.plus(1)).or(self.first_day)?;
        settled.filter(|settled| next <= *settled).map(|_| next)
    }

    /// The day that is open: the one after the last closed.
    pub fn open_day(&self) -> Option<Day> {
        self.closed.map(|closed| closed.plus(1))
    }
}

#[cfg(test)]
mod tests {
    use super::{Frontier, Sighting};
    use crate::engine::day::{Day, Millis};

    fn sighting(customer: u64, time: i64) -> Sighting {
        Sighting { time: Millis(time), customer, settles: Day(time as i32) }
    }

    #[test]
    fn the_frontier_is_the_third_newest_of_distinct_customers() {
        let mut frontier = Frontier::default();
        let mut story = Vec::new();
        for (customer, time) in [(1, 10), (1, 90), (2, 20), (3, 30), (3, 40), (2, 5), (4, 35), (5, 1)] {
            frontier.see(sighting(customer, time), 3);
            story.push(frontier.settled(3).map(|day| day.0));
        }
        assert_eq!(story, [None, None, None, Some(20), Some(20), Some(20), Some(35), Some(35)]);
    }

    #[test]
    fn one_customer_far_ahead_moves_nothing() {
        let mut frontier = Frontier::default();
        for (customer, time) in [(1, 1), (2, 2), (3, 3), (9, 1_000_000)] {
            frontier.see(sighting(customer, time), 3);
        }
        assert_eq!(frontier.settled(3), Some(Day(2)));
    }
}
