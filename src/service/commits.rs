//! The transactions of a worker: one is under way while the next batch is worked on, and no batch overtakes the one before.
//!
//! Invariant: a batch never outlives its partition's assignment; it is committed or rolled back inside the revocation.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::engine::day::Millis;
use crate::engine::event::Reason;
use crate::processor::stats::Stats;
use crate::processor::topology::Processor;
use crate::service::broker::{Broker, Committed, Position};
use crate::service::fault::ServiceFault;
use crate::service::lane::Lane;
use crate::service::lanes::{Lanes, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Stand};
use crate::service::shared::Now;

/// Transactions are so many times as frequent where every record is taken.
const IDLE_SHARE: u32 = 2;
/// Longest rest of a worker that has nothing to do, and while a transaction is under way, whose end lets the next begin.
const REST: Duration = Duration::from_millis(10);
const SHORT_REST: Duration = Duration::from_millis(2);
/// How often a full partition is spoken of.
const FULL: Duration = Duration::from_mins(1);
/// Transactions aborted one after the other at which the worker gives up.
const MAX_ABORTS: u32 = 30;

/// What became of a transaction.
enum Ended {
    Committed,
    RolledBack,
    Unknown,
}

impl Lanes {
    /// Between records: takes note of the end of a transaction, and hands over what is due, sooner where every record that
    /// there is has been taken.
    pub fn turn(&mut self, broker: &mut impl Broker, all_taken: bool, now: Now) {
        self.offer();
        if self.end(broker, false, now) == Stand::Rewound {
            return;
        }
        let since = now.running.saturating_sub(*self.handed_over.get_or_insert(now.running));
        let is_due = self.under_way.is_none() && since >= self.interval(all_taken);
        if is_due || self.is_full(MAX_BATCH_RECORDS) {
            self.commit(broker, now);
        }
    }

    /// From one transaction to the next.
    fn interval(&self, all_taken: bool) -> Duration {
        let interval = Duration::from_millis(self.shared.settings.file.kafka.commit_interval_ms);
        if all_taken { interval / IDLE_SHARE } else { interval }
    }

    /// How long a worker without a record may rest, in whole milliseconds: not past what is due next.
    pub fn rest(&self, now: Now) -> Duration {
        if self.under_way.is_some() {
            return SHORT_REST;
        }
        let Some(handed_over) = self.handed_over.filter(|_| self.dirty()) else { return REST };
        let left = (handed_over + self.interval(true)).saturating_sub(now.running);
        REST.min(Duration::from_millis(left.as_millis() as u64 + 1))
    }

    /// Gives all partitions up: what is pending is committed, or dropped where the assignment was lost.
    pub fn revoke(&mut self, broker: &mut impl Broker, lost: bool) {
        let mut ended = self.ended(broker, true);
        if !lost && matches!(ended, Ok(None | Some(Ended::Committed))) && self.dirty() {
            self.hand_over(broker);
            ended = self.ended(broker, true);
        }
        // The partitions go in any case; only the producer must be one that can be trusted again.
        self.let_go(broker);
        let trusted = match ended {
            Ok(Some(Ended::Unknown)) => {
                self.shared.metrics.rebuilt();
                broker.renew()
            }
            Ok(_) => Ok(()),
            Err(fault) => Err(fault),
        };
        self.give_up_on(broker, trusted);
    }

    /// Commits what is pending; on failure goes back to the last commit.
    pub fn finish(&mut self, broker: &mut impl Broker, now: Now) {
        if self.commit(broker, now) == Stand::Good {
            self.end(broker, true, now);
        }
    }

    /// Hands over what is pending, after the end of the transaction under way: no batch overtakes the one before.
    pub(crate) fn commit(&mut self, broker: &mut impl Broker, now: Now) -> Stand {
        if self.end(broker, true, now) == Stand::Rewound {
            return Stand::Rewound;
        }
        self.handed_over = Some(now.running);
        if self.dirty() {
            self.hand_over(broker);
        }
        Stand::Good
    }

    /// Takes note of the end of the transaction under way, if it has ended or it is to `wait`; where that was no commit,
    /// everything is done again from the last one.
    fn end(&mut self, broker: &mut impl Broker, wait: bool, now: Now) -> Stand {
        let going_on = match self.ended(broker, wait) {
            Ok(None) => return Stand::Good,
            Ok(Some(Ended::Committed)) => {
                self.moved = now.running;
                return Stand::Good;
            }
            Ok(Some(Ended::RolledBack)) => self.read_on(broker),
            Ok(Some(Ended::Unknown)) => self.rebuild(broker, now.wall),
            Err(fault) => Err(fault),
        };
        self.give_up_on(broker, going_on);
        Stand::Rewound
    }

    /// One transaction over all partitions that have something to say.
    fn hand_over(&mut self, broker: &mut impl Broker) {
        let (mut batches, mut positions) = (Vec::with_capacity(self.owned.len()), Vec::with_capacity(self.owned.len()));
        for (number, lane) in self.owned.iter_mut().filter(|(_, lane)| lane.processor.dirty()) {
            let offsets = lane.processor.offsets().iter().enumerate();
            let read = offsets.filter_map(|(topic, next)| Some((topic, (*next)?)));
            positions.extend(read.map(|(topic, offset)| Position { topic, partition: *number, offset }));
            batches.push((*number, lane.seal()));
        }
        self.under_way = Some(Instant::now());
        broker.hand_over(batches, &positions);
    }

    /// What became of the transaction under way; `None` as long as it is, or where there is none.
    fn ended(&mut self, broker: &mut impl Broker, wait: bool) -> Result<Option<Ended>, ServiceFault> {
        let Some(begun) = self.under_way else { return Ok(None) };
        let ended = broker.ended(wait).inspect_err(|_| self.under_way = None)?;
        let Some((outcome, batches)) = ended else { return Ok(None) };
        self.under_way = None;
        match outcome {
            Committed::Yes => {
                for (number, _) in batches {
                    let Some(lane) = self.owned.get_mut(&number) else { continue };
                    if let Some(tracer) = &self.shared.tracer {
                        lane.tell(tracer);
                    }
                    let fresh = lane.confirm();
                    self.shared.metrics.committed(&fresh);
                    tell_full(&mut self.full_told, &lane.processor, &fresh);
                    let (in_force, drift) = lane.processor.engine().committed_model();
                    self.shared.models.holds(number, in_force, drift);
                }
                self.shared.metrics.transaction(begun.elapsed().as_secs_f64());
                self.aborts = 0;
                self.narrowed.went_well();
                Ok(Some(Ended::Committed))
            }
            Committed::Aborted(sentence) => {
                self.aborts += 1;
                self.narrowed.failed();
                debug!(%sentence, aborts = self.aborts, "transaction aborted, doing it again");
                self.shared.metrics.rolled_back();
                self.owned.values_mut().for_each(Lane::roll_back);
                if self.aborts >= MAX_ABORTS {
                    return Err(ServiceFault::Failed(format!(
                        "every transaction is aborted ({sentence}): look at the permissions and size limits of the output topics"
                    )));
                }
                Ok(Some(Ended::RolledBack))
            }
            Committed::Forbidden(fault) => {
                self.shared.metrics.rolled_back();
                self.owned.values_mut().for_each(Lane::roll_back);
                Err(fault)
            }
            Committed::Unknown(sentence) => {
                self.narrowed.failed();
                warn!(%sentence, "outcome of a transaction unknown, replacing the producer and reading the state again");
                Ok(Some(Ended::Unknown))
            }
        }
    }

    /// A new producer, which settles the old one's transaction, and every state read again. What the states were before
    /// is forgotten first: should this fail halfway, nothing of it can be committed a second time.
    fn rebuild(&mut self, broker: &mut impl Broker, wall: Millis) -> Result<(), ServiceFault> {
        self.shared.metrics.rebuilt();
        let waiting: BTreeMap<u32, Option<Millis>> =
            std::mem::take(&mut self.owned).into_iter().map(|(number, lane)| (number, lane.oldest())).collect();
        let numbers: Vec<u32> = waiting.keys().copied().collect();
        let restored = broker.renew().and_then(|()| self.restore(broker, &numbers, wall));
        for (number, lane) in &mut self.owned {
            lane.waits_since(waiting.get(number).copied().flatten());
        }
        if restored.is_err() {
            for number in numbers {
                self.gone(number);
            }
        }
        restored.and_then(|()| self.read_on(broker))
    }

    pub(crate) fn dirty(&self) -> bool {
        self.owned.values().any(|lane| lane.processor.dirty())
    }

    /// Records that a transaction would write by now.
    pub(crate) fn records(&self) -> usize {
        self.owned.values().map(|lane| lane.batch.len() + lane.processor.touched()).sum()
    }

    /// Whether the open batches hold so many records, or more bytes than a transaction should have; less will do after one
    /// that failed.
    pub(crate) fn is_full(&self, most: usize) -> bool {
        let bytes = self.owned.values().map(|lane| lane.batch.bytes()).sum::<usize>();
        self.records() >= self.narrowed.of(most) || bytes >= self.narrowed.of(MAX_BATCH_BYTES)
    }
}

/// Speaks of a full partition that refused somebody, once a while.
fn tell_full(told: &mut Option<Instant>, processor: &Processor, fresh: &Stats) {
    let refused = fresh.dead_letters.get(Reason::StateFull as usize).copied().unwrap_or_default();
    if refused == 0 || !processor.engine().is_full() || told.is_some_and(|at| at.elapsed() < FULL) {
        return;
    }
    *told = Some(Instant::now());
    let (partition, customers) = (processor.partition(), processor.customers());
    warn!(
        partition,
        customers,
        refused,
        "the partition is full and new customers become dead letters: give the service more memory, raise service.max_customers_per_partition, then `churnwatch dead-letters replay --reason 'state full'`"
    );
}
