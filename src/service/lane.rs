//! One partition of a worker: its processor, its batches, and what is known of the ends of its inputs.
//!
//! Invariant: an end that was reached is not believed for ever. Before it closes a day it is looked at twice.

use std::time::{Duration, Instant};

use crate::engine::day::{Day, Millis};
use crate::engine::packed::census::Census;
use crate::processor::batch::{Batch, Pages};
use crate::processor::setup::{ClockMode, Progress, Time};
use crate::processor::stats::Stats;
use crate::processor::topology::Processor;
use crate::service::broker::{Broker, Position};
use crate::service::held::Held;
use crate::service::shared::Now;
use crate::service::traces::tracer::Tracer;
use crate::service::traces::way::{Way, Ways};
use crate::wire::event::RawRecord;

/// How far apart two looks at the ends must agree before a day closes by them.
const LOOKS_APART: Duration = Duration::from_secs(1);
/// How long their agreement holds.
const TRUST: Duration = Duration::from_secs(5);
/// Counting the customers may take one part in so many of a worker's time.
const COUNT_SHARE: u32 = 100;

/// One partition.
pub struct Lane {
    /// Its processor.
    pub processor: Processor,
    /// The records of the open batch.
    pub batch: Batch,
    /// Records that wait for their schema.
    pub held: Held,
    at_end: Vec<bool>,
    /// Ends reported since the last record of each input, or since reading began.
    reports: Vec<usize>,
    /// The last look at the inputs that are at their ends: when, and their next offsets.
    looked: Option<(Duration, Vec<i64>)>,
    /// When two looks last agreed.
    agreed: Option<Duration>,
    /// The sum of the inputs' ends when they were last known to be reached.
    stood: Option<i64>,
    /// Stamp of the oldest record of the sealed batch, and of the open one.
    oldest_sealed: Option<Millis>,
    oldest_open: Option<Millis>,
    /// Since when records wait of which none was taken.
    waits: Option<Duration>,
    /// Time that the close under way has taken so far.
    closing: Duration,
    /// The last closed day when the customers were last counted, and when they may be again.
    counted: Option<Day>,
    count_after: Option<Instant>,
    /// The sampled records that are not committed.
    ways: Ways,
}

impl Lane {
    /// A partition that has just been restored.
    pub fn new(processor: Processor, pages: &Pages) -> Self {
        let at_end = vec![false; processor.offsets().len()];
        Self {
            processor,
            batch: Batch::of(pages),
            held: Held::default(),
            reports: vec![0; at_end.len()],
            at_end,
            looked: None,
            agreed: None,
            stood: None,
            oldest_sealed: None,
            oldest_open: None,
            waits: None,
            closing: Duration::ZERO,
            counted: None,
            count_after: None,
            ways: Ways::default(),
        }
    }

    /// Hands the open batch over to be committed.
    pub fn seal(&mut self) -> Batch {
        self.processor.flush(&mut self.batch);
        self.processor.seal();
        self.ways.seal();
        self.oldest_sealed = self.oldest_open.take();
        let next = self.batch.successor();
        std::mem::replace(&mut self.batch, next)
    }

    /// The sealed batch is committed; gives what it brought.
    pub fn confirm(&mut self) -> Stats {
        self.oldest_sealed = None;
        self.processor.confirm()
    }

    /// Takes a record in; of one that is sampled it is remembered what happens to it.
    pub fn process(
        &mut self,
        (from, wall): (Position, Millis),
        record: &RawRecord<'_>,
        followed: Option<(Way, &Tracer)>,
    ) {
        let Self { processor, batch, ways, .. } = self;
        let Some(mut way) = ways.admit(followed) else {
            processor.process(from.topic, from.offset, record, wall, batch);
            return;
        };
        let first = batch.len();
        processor.process_watched((from.topic, from.offset), record, wall, batch, |stage| way.passed(stage));
        ways.worked(way, batch, first);
    }

    /// Tells of the sampled records that were committed.
    pub fn tell(&mut self, tracer: &Tracer) {
        self.ways.committed(tracer);
    }

    /// Nothing pending, and nothing sealed: everything is as at the last commit.
    pub fn roll_back(&mut self) {
        self.processor.roll_back();
        self.batch.clear();
        self.ways.roll_back();
        // The oldest record is still not committed; it comes again.
        self.oldest_open = self.oldest();
        self.oldest_sealed = None;
        self.closing = Duration::ZERO;
    }

    /// The inputs are read from somewhere else: as far as is known there is more to read.
    pub fn read_on(&mut self) {
        self.held.clear();
        self.at_end.fill(false);
        self.reports.fill(0);
        self.doubt();
    }

    /// A record of an input came, with its own timestamp.
    pub fn received(&mut self, topic: usize, stamp: Millis) {
        if let Some(reports) = self.reports.get_mut(topic) {
            *reports = 0;
        }
        self.oldest_open = Some(self.oldest_open.map_or(stamp, |oldest| oldest.min(stamp)));
        if let Some(at_end) = self.at_end.get_mut(topic)
            && std::mem::replace(at_end, false)
        {
            self.doubt();
        }
    }

    /// Records that wait to be read, where `lag` offsets are left to `end`, both summed over the inputs. Markers of
    /// transactions are never read: what was left when the ends were reached does not count.
    pub fn waiting(&mut self, lag: i64, end: i64) -> i64 {
        if self.at_end.contains(&false) {
            self.stood = None;
            return lag;
        }
        end - *self.stood.get_or_insert(end)
    }

    /// Stamp of the oldest record that was taken and is not committed.
    pub fn oldest(&self) -> Option<Millis> {
        self.oldest_sealed.into_iter().chain(self.oldest_open).chain(self.held.oldest()).min()
    }

    /// That record was taken before the state was read again, and comes again unless it was committed after all.
    pub fn waits_since(&mut self, oldest: Option<Millis>) {
        self.oldest_open = oldest;
    }

    /// Age of the oldest record that is not committed, where so many wait to be read besides; 0 where none is. Of those that
    /// nobody has taken yet only the wait is known.
    pub fn lag_seconds(&mut self, waiting: i64, now: Now) -> f64 {
        if waiting == 0 && self.oldest_sealed.is_none() && !self.processor.dirty() {
            self.oldest_open = None;
        }
        let oldest = self.oldest();
        self.waits = (waiting > 0 && oldest.is_none()).then(|| self.waits.unwrap_or(now.running));
        match (oldest, self.waits) {
            (Some(stamp), _) => (now.wall.0 - stamp.0).max(0) as f64 / 1e3,
            (None, Some(since)) => now.running.saturating_sub(since).as_secs_f64(),
            (None, None) => 0.0,
        }
    }

    /// How the customers stand, if a day was closed since they were last counted. While one day closes after the other that
    /// takes no more than its share of the time.
    pub fn census(&mut self) -> Option<Census> {
        let (closed, begun) = (self.processor.closed_day(), Instant::now());
        if closed == self.counted || self.count_after.is_some_and(|after| begun < after) {
            return None;
        }
        let census = self.processor.engine().state().census();
        self.counted = closed;
        self.count_after = Some(begun + begun.elapsed() * COUNT_SHARE);
        Some(census)
    }

    fn doubt(&mut self) {
        self.looked = None;
        self.agreed = None;
    }

    /// One input was read to its end; which one is not said. Its next offset tells where it can: behind the last record
    /// there may be markers of transactions. Where each input that is not known to be at its end may have a report of its
    /// own, from after its last record, all of them are.
    pub fn reached_end(&mut self, broker: &impl Broker) {
        self.reports.iter_mut().for_each(|reports| *reports += 1);
        self.stood = None;
        let (before, number) = (self.at_end.clone(), self.processor.partition());
        if self.at_end.len() > 1 {
            let offsets = self.processor.offsets().iter().enumerate();
            let reached = |(topic, next): (usize, &Option<i64>)| {
                broker.look(topic, number).is_some_and(|(low, high)| next.unwrap_or(low) >= high)
            };
            let reached: Vec<bool> = offsets.map(reached).collect();
            self.at_end.iter_mut().zip(reached).for_each(|(at_end, reached)| *at_end |= reached);
        }
        let doubtful = self.reports.iter().zip(&self.at_end).filter(|(_, at_end)| !**at_end);
        if have_one_each(doubtful.map(|(reports, _)| *reports).collect()) {
            self.at_end.fill(true);
        }
        // What waits for its schema lies before the end.
        for topic in self.held.topics() {
            if let Some(at_end) = self.at_end.get_mut(topic) {
                *at_end = false;
            }
        }
        if self.at_end != before {
            self.doubt();
        }
    }

    /// One step of what is due to close; `by_clock`: also what the wall clock, or an input at its end, makes due.
    pub fn close_step(&mut self, now: Now, by_clock: bool) -> Progress {
        let Self { processor, batch, at_end, .. } = self;
        let time = Time { wall: now.wall, at_end, source_alive: by_clock };
        // Asked before every record, so the time is not looked at before something is due.
        if !processor.is_due(&time) {
            return Progress::Idle;
        }
        let begun = Instant::now();
        let progress = processor.advance(&time, batch);
        self.closing += begun.elapsed();
        progress
    }

    /// The time that a close took, if it has just ended; `more` was spent on its transactions.
    pub fn closed_after(&mut self, more: Duration) -> Option<Duration> {
        self.closing += more;
        let amid = self.processor.engine().clock().closing.is_some();
        (!amid).then(|| std::mem::take(&mut self.closing))
    }

    /// Whether what is known of the ends was confirmed a moment ago.
    pub fn is_confirmed(&self, now: Now) -> bool {
        self.agreed.is_some_and(|at| now.running.saturating_sub(at) < TRUST)
    }

    /// Whether the inputs at their ends stand still: two looks agree, no record of theirs having come between. A
    /// partition that can't be reached may hold the very purchases that a close would miss; `answers` becomes false
    /// where one does not answer.
    pub fn ends_stand_still(&mut self, broker: &impl Broker, clock: ClockMode, now: Now, answers: &mut bool) -> bool {
        let single = self.at_end.len() == 1;
        if (clock == ClockMode::Event && single)
            || !self.processor.is_due(&Time { wall: now.wall, at_end: &self.at_end, source_alive: true })
        {
            return true;
        }
        let recently = |(at, _): &(Duration, Vec<i64>)| now.running.saturating_sub(*at) < LOOKS_APART;
        if !*answers || self.looked.as_ref().is_some_and(recently) {
            return self.is_confirmed(now);
        }
        let number = self.processor.partition();
        let ended = self.at_end.iter().enumerate().filter(|(_, at_end)| **at_end);
        let ends: Option<Vec<i64>> = ended.map(|(topic, _)| broker.look(topic, number).map(|(_, high)| high)).collect();
        *answers = ends.is_some();
        let before = self.looked.take();
        self.looked = ends.map(|ends| (now.running, ends));
        let agree = before.zip(self.looked.as_ref()).is_some_and(|((_, before), (_, ends))| before == *ends);
        self.agreed = agree.then_some(now.running);
        agree
    }
}

/// Whether reports can be shared out so that each input has one of its own: `reports` says of each how many came
/// since its last record, so the fewer of two are among the more (Hall 1935).
fn have_one_each(mut reports: Vec<usize>) -> bool {
    reports.sort_unstable();
    reports.iter().zip(1..).all(|(reports, needed)| *reports >= needed)
}

#[cfg(test)]
mod tests {
    use super::have_one_each;

    #[test]
    fn inputs_that_end_one_after_the_other_have_a_report_each() {
        // End of the one, a record of the other, its end: two reports since the one's last record, one since the other's.
        assert!(have_one_each(vec![2, 1]));
        assert!(have_one_each(vec![]));
        assert!(have_one_each(vec![1]));
        assert!(!have_one_each(vec![1, 1]));
        assert!(!have_one_each(vec![3, 0]));
        assert!(!have_one_each(vec![3, 1, 1]));
    }
}
