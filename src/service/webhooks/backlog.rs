//! Alerts of one endpoint that wait or are under way: which may be posted now, and up to where all are done.
//!
//! Invariant: of one customer at most one alert is under way, the oldest.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::service::webhooks::job::{Job, Taken};
use crate::wire::webhooks::told::Told;

/// Offsets that are kept in mind between the oldest alert that is not done and the newest that was taken, over all
/// partitions; and of each at least. That bounds the memory, and what comes again after a crash.
const WINDOW: i64 = 4_096;
const LEAST_WINDOW: i64 = 64;

/// What there is to do.
pub enum Next {
    /// Post this.
    Post(Box<Job>),
    /// Nothing before then; `None`: nothing until something comes.
    Wait(Option<Instant>),
}

/// One customer's alerts, oldest first. All are of one partition.
struct Lane {
    partition: i32,
    waiting: VecDeque<Job>,
    /// The oldest is under way, and not among those waiting.
    is_busy: bool,
}

/// One partition.
struct Part {
    assignment: u64,
    /// The offset behind the last that was taken.
    next: i64,
    /// Offsets that were taken and are not done, each with the time that it was written at.
    undone: BTreeMap<i64, i64>,
    under_way: usize,
    /// Nothing is begun any more.
    is_stopped: bool,
    /// The last that was taken is the last that there was.
    is_at_end: bool,
}

impl Part {
    /// The offset up to which all is done.
    fn position(&self) -> i64 {
        self.undone.first_key_value().map_or(self.next, |(oldest, _)| *oldest)
    }
}

/// The alerts of one endpoint.
#[derive(Default)]
pub struct Backlog {
    parts: BTreeMap<i32, Part>,
    lanes: HashMap<Arc<[u8]>, Lane>,
    /// Customers whose oldest alert waits: when it is due, and in which order it came.
    due: BTreeSet<(Instant, u64, Arc<[u8]>)>,
    count: u64,
    /// Nothing is posted before then.
    closed_until: Option<Instant>,
    /// Least time from one post to the next.
    apart: Duration,
}

impl Backlog {
    /// Of an endpoint that takes one request in `apart`.
    pub fn new(apart: Duration) -> Self {
        Self { apart, ..Self::default() }
    }

    /// A partition is ours from an offset on.
    pub fn assign(&mut self, partition: i32, from: i64) {
        self.revoke(partition);
        self.count += 1;
        let part = Part {
            assignment: self.count,
            next: from,
            undone: BTreeMap::new(),
            under_way: 0,
            is_stopped: false,
            is_at_end: false,
        };
        self.parts.insert(partition, part);
    }

    /// A partition is ours no more: what waits is forgotten, what is under way counts for nothing here.
    pub fn revoke(&mut self, partition: i32) {
        if self.parts.remove(&partition).is_none() {
            return;
        }
        self.lanes.retain(|_, lane| lane.partition != partition);
        let lanes = &self.lanes;
        self.due.retain(|(_, _, key)| lanes.contains_key(key));
    }

    /// Nothing of a partition is begun any more. It stays ours until what is under way has ended.
    pub fn stop(&mut self, partition: i32) {
        if let Some(part) = self.parts.get_mut(&partition) {
            part.is_stopped = true;
        }
        for lane in self.lanes.values_mut().filter(|lane| lane.partition == partition) {
            lane.waiting.clear();
        }
        self.lanes.retain(|_, lane| lane.is_busy || !lane.waiting.is_empty());
        let lanes = &self.lanes;
        self.due.retain(|(_, _, key)| lanes.get(key).is_some_and(|lane| !lane.waiting.is_empty()));
    }

    /// Takes an alert in that is wanted; `told`: what it says, `None` where it is none.
    pub fn take(&mut self, taken: Taken<'_>, told: Option<Told>, now: Instant) {
        let Some(part) = self.parts.get_mut(&taken.partition).filter(|part| part.next <= taken.offset) else { return };
        part.next = taken.offset + 1;
        part.is_at_end = false;
        part.undone.insert(taken.offset, taken.written);
        let job = Job {
            partition: taken.partition,
            offset: taken.offset,
            written: taken.written,
            key: taken.key.into(),
            record: taken.record.into(),
            told: told.map(Arc::new),
            tries: 0,
            delivery: taken.delivery.map(Arc::new),
            assignment: part.assignment,
        };
        let key = job.key.clone();
        let new = || Lane { partition: taken.partition, waiting: VecDeque::new(), is_busy: false };
        let lane = self.lanes.entry(key.clone()).or_insert_with(new);
        lane.waiting.push_back(job);
        if !lane.is_busy && lane.waiting.len() == 1 {
            self.line_up(key, now);
        }
    }

    /// Passes an alert over that is not wanted.
    pub fn skip(&mut self, taken: &Taken<'_>) {
        if let Some(part) = self.parts.get_mut(&taken.partition) {
            part.next = part.next.max(taken.offset + 1);
            part.is_at_end = false;
        }
    }

    /// Everything that a partition has was taken.
    pub fn at_end(&mut self, partition: i32) {
        if let Some(part) = self.parts.get_mut(&partition) {
            part.is_at_end = true;
        }
    }

    /// What there is to do now.
    pub fn next(&mut self, now: Instant) -> Next {
        let Some((due, ..)) = self.due.first() else { return Next::Wait(None) };
        let from = self.closed_until.map_or(*due, |until| until.max(*due));
        if from > now {
            return Next::Wait(Some(from));
        }
        let Some((_, _, key)) = self.due.pop_first() else { return Next::Wait(None) };
        let Some(lane) = self.lanes.get_mut(&key) else { return Next::Wait(Some(now)) };
        let Some(job) = lane.waiting.pop_front() else { return Next::Wait(Some(now)) };
        lane.is_busy = true;
        if let Some(part) = self.parts.get_mut(&job.partition) {
            part.under_way += 1;
        }
        if !self.apart.is_zero() {
            self.closed_until = Some(now + self.apart);
        }
        Next::Post(Box::new(job))
    }

    /// A job that was under way is done.
    pub fn done(&mut self, job: &Job, now: Instant) {
        if let Some(part) = self.ended(job) {
            part.undone.remove(&job.offset);
            self.free(&job.key, now);
        }
    }

    /// A job that was under way is to be tried again.
    pub fn again(&mut self, job: Job, at: Instant) {
        let Some(part) = self.ended(&job) else { return };
        let (key, goes_on) = (job.key.clone(), !part.is_stopped);
        if let Some(lane) = self.lanes.get_mut(&key).filter(|_| goes_on) {
            lane.waiting.push_front(job);
        }
        self.free(&key, at);
    }

    /// Nothing is posted before then.
    pub fn close_until(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(Some(until));
    }

    /// Whether anything of these partitions is under way.
    pub fn is_under_way(&self, partitions: &[i32]) -> bool {
        partitions.iter().any(|partition| self.parts.get(partition).is_some_and(|part| part.under_way > 0))
    }

    /// Partitions that are ours.
    pub fn partitions(&self) -> Vec<i32> {
        self.parts.keys().copied().collect()
    }

    /// Each partition with the offset up to which all is done.
    pub fn positions(&self) -> Vec<(i32, i64)> {
        self.parts.iter().map(|(number, part)| (*number, part.position())).collect()
    }

    /// How many alerts of a partition that ends at `end` are not done. Not every offset is an alert, so only what was taken
    /// can be counted exactly.
    pub fn lag(&self, partition: i32, end: i64) -> i64 {
        self.parts
            .get(&partition)
            .map_or(0, |part| if part.is_at_end { part.undone.len() as i64 } else { (end - part.position()).max(0) })
    }

    /// Whether nothing more is to be taken of a partition for now.
    pub fn is_full(&self, partition: i32) -> bool {
        let window = (WINDOW / (self.parts.len() as i64).max(1)).max(LEAST_WINDOW);
        self.parts.get(&partition).is_some_and(|part| part.next - part.position() >= window)
    }

    /// How many alerts are taken and not done.
    pub fn undone(&self) -> usize {
        self.parts.values().map(|part| part.undone.len()).sum()
    }

    /// When the oldest alert was written that is not done.
    pub fn oldest(&self) -> Option<i64> {
        self.parts.values().filter_map(|part| part.undone.values().next().copied()).min()
    }

    /// The part of a job that was under way; `None` where the partition went away meanwhile.
    fn ended(&mut self, job: &Job) -> Option<&mut Part> {
        let part = self.parts.get_mut(&job.partition).filter(|part| part.assignment == job.assignment)?;
        part.under_way = part.under_way.saturating_sub(1);
        Some(part)
    }

    /// Nothing of a customer is under way any more.
    fn free(&mut self, key: &Arc<[u8]>, at: Instant) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.is_busy = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(key);
        } else {
            self.line_up(key.clone(), at);
        }
    }

    fn line_up(&mut self, key: Arc<[u8]>, due: Instant) {
        self.count += 1;
        self.due.insert((due, self.count, key));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Backlog, Next, WINDOW};
    use crate::service::webhooks::job::{Job, Taken};

    fn take(backlog: &mut Backlog, partition: i32, offset: i64, customer: &str, now: Instant) {
        let taken =
            Taken { partition, offset, written: offset, key: customer.as_bytes(), record: b"{}", delivery: None };
        backlog.take(taken, None, now);
    }

    fn post(backlog: &mut Backlog, now: Instant) -> Option<Job> {
        match backlog.next(now) {
            Next::Post(job) => Some(*job),
            Next::Wait(_) => None,
        }
    }

    #[test]
    fn a_customer_s_alerts_keep_their_order_while_others_go_on() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.assign(0, 10);
        for (offset, customer) in [(10, "bob"), (11, "bob"), (12, "zoe")] {
            take(&mut backlog, 0, offset, customer, now);
        }
        let (first, other) = (post(&mut backlog, now).unwrap(), post(&mut backlog, now).unwrap());
        assert_eq!((first.offset, other.offset), (10, 12));
        assert!(post(&mut backlog, now).is_none(), "bob's second would overtake the first");
        backlog.done(&other, now);
        assert_eq!(backlog.positions(), [(0, 10)], "bob's first is not done");
        let later = now + Duration::from_secs(5);
        backlog.again(first, later);
        assert!(post(&mut backlog, now).is_none());
        let again = post(&mut backlog, later).unwrap();
        assert_eq!(again.offset, 10);
        backlog.done(&again, later);
        assert_eq!((backlog.positions(), backlog.oldest()), (vec![(0, 11)], Some(11)));
        let second = post(&mut backlog, later).unwrap();
        backlog.done(&second, later);
        assert_eq!((backlog.positions(), backlog.undone(), backlog.lanes.len()), (vec![(0, 13)], 0, 0));
    }

    #[test]
    fn a_partition_that_comes_back_counts_nothing_that_was_begun_before() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.assign(3, 0);
        take(&mut backlog, 3, 0, "bob", now);
        take(&mut backlog, 3, 1, "bob", now);
        let old = post(&mut backlog, now).unwrap();
        backlog.stop(3);
        assert!(backlog.is_under_way(&[3]) && post(&mut backlog, now).is_none());
        backlog.revoke(3);
        assert!(!backlog.is_under_way(&[3]) && backlog.positions().is_empty());
        backlog.assign(3, 0);
        take(&mut backlog, 3, 0, "bob", now);
        backlog.done(&old, now);
        assert_eq!(backlog.positions(), [(3, 0)]);
        assert_eq!(post(&mut backlog, now).unwrap().offset, 0);
    }

    #[test]
    fn what_ended_after_a_stop_is_committed() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.assign(0, 0);
        take(&mut backlog, 0, 0, "bob", now);
        take(&mut backlog, 0, 1, "bob", now);
        let job = post(&mut backlog, now).unwrap();
        backlog.stop(0);
        backlog.done(&job, now);
        assert_eq!((backlog.positions(), backlog.is_under_way(&[0])), (vec![(0, 1)], false));
    }

    #[test]
    fn what_failed_after_a_stop_is_left_to_whoever_comes_next() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.assign(0, 0);
        take(&mut backlog, 0, 0, "bob", now);
        let job = post(&mut backlog, now).unwrap();
        backlog.stop(0);
        backlog.again(job, now);
        assert!(post(&mut backlog, now).is_none() && !backlog.is_under_way(&[0]));
        assert_eq!(backlog.positions(), [(0, 0)]);
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_and_a_slow_one_is_not_hurried() {
        let (mut backlog, now) = (Backlog::new(Duration::from_secs(3)), Instant::now());
        backlog.assign(0, 0);
        for (offset, customer) in [(0, "a"), (1, "b"), (2, "c")] {
            take(&mut backlog, 0, offset, customer, now);
        }
        assert!(post(&mut backlog, now).is_some());
        assert!(matches!(backlog.next(now), Next::Wait(Some(at)) if at == now + Duration::from_secs(3)));
        let now = now + Duration::from_secs(3);
        assert!(post(&mut backlog, now).is_some());
        backlog.close_until(now + Duration::from_mins(1));
        assert!(matches!(backlog.next(now), Next::Wait(Some(at)) if at == now + Duration::from_mins(1)));
    }

    #[test]
    fn one_that_never_gets_on_stops_its_own_partition_in_the_end() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        backlog.assign(0, 0);
        backlog.assign(1, 0);
        take(&mut backlog, 0, 0, "bob", now);
        let mut offset = 1;
        while !backlog.is_full(0) {
            take(&mut backlog, 0, offset, "zoe", now);
            offset += 1;
        }
        assert_eq!((offset, backlog.is_full(1)), (WINDOW / 2, false));
    }
}
