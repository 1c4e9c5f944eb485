//! The broker as one member sees it: what befalls its transactions, its positions, its restores.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use churnwatch::engine::promotion::Schedule;
use churnwatch::processor::batch::OutTopic;
use churnwatch::processor::topology::Processor;
use churnwatch::service::broker::{Batches, Broker, Committed, Position, Tell};
use churnwatch::service::fault::ServiceFault;

use crate::cluster::{Cluster, Output, Planted, State};
use crate::support::draw::Draw;

/// What happens to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// The broker aborts, as in a rebalance.
    Aborted,
    /// The process dies after so many records.
    DiesAfter(u64),
    /// The process dies with everything sent and nothing decided.
    DiesBeforeEnd,
    /// The process dies just after the commit.
    DiesAfterEnd,
    /// The reply is lost; it was committed.
    LostCommitted,
    /// The reply is lost; it was not.
    LostOpen,
}

impl Fate {
    const fn dies(self) -> bool {
        matches!(self, Self::DiesAfter(_) | Self::DiesBeforeEnd | Self::DiesAfterEnd)
    }
}

/// One process's side: its identity, its generation, its positions.
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) epoch: u64,
    pub(crate) generation: u64,
    pub(crate) positions: BTreeMap<(usize, u32), i64>,
    /// Inputs that are not read on.
    pub(crate) paused: BTreeSet<(usize, u32)>,
    pub(crate) dead: bool,
    /// How likely trouble is, in percent.
    pub(crate) trouble: u64,
    /// The transaction under way.
    pub(crate) flight: Option<Flight>,
    pub(crate) seen: Seen,
}

/// A transaction that was handed over, and whose end was not told yet.
pub(crate) struct Flight {
    batches: Batches,
    positions: Vec<Position>,
    transaction: usize,
    generation: u64,
    fate: Fate,
    /// Looks at it before the broker decides, and before the worker learns of that.
    looks: u64,
    unseen: u64,
    outcome: Option<Committed>,
}

/// What a member has lived through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) aborts: u64,
    pub(crate) unknown: u64,
    pub(crate) zombie_commits: u64,
    /// Looks at a transaction that was still under way.
    pub(crate) looks: u64,
    /// Partitions that waited for a schema.
    pub(crate) pauses: u64,
}

/// The broker as one member sees it.
pub(crate) struct Link<'a> {
    pub(crate) cluster: &'a RefCell<Cluster>,
    pub(crate) member: &'a mut Member,
    pub(crate) draw: &'a RefCell<Draw>,
}

impl Link<'_> {
    fn chance(&self, percent: u64) -> bool {
        self.draw.borrow_mut().below(100) < percent
    }

    fn fate(&self) -> Fate {
        if !self.chance(self.member.trouble) {
            return Fate::Fine;
        }
        let mut draw = self.draw.borrow_mut();
        match draw.below(7) {
            0 | 1 => Fate::Aborted,
            2 => Fate::DiesAfter(draw.below(8)),
            3 => Fate::DiesBeforeEnd,
            4 => Fate::DiesAfterEnd,
            5 => Fate::LostCommitted,
            _ => Fate::LostOpen,
        }
    }

    /// Hands a partition's changelog to its processor; gives the number of records.
    fn restore_one(&self, processor: &mut Processor) -> u64 {
        let (cluster, number) = (self.cluster.borrow(), processor.partition());
        let of_partition = cluster.committed(OutTopic::Profiles).filter(|(log, _)| *log == number);
        let mut records: Vec<&Output> = of_partition.map(|(_, record)| record).collect();
        if cluster.planted == Planted::RestoreStopsShort {
            records.truncate(records.len() - records.len() / 8);
        }
        // What lies before this point has been compacted: the last of each key is left.
        let compacted = self.draw.borrow_mut().below(records.len() as u64 + 1) as usize;
        let last: HashMap<_, _> = records[..compacted].iter().enumerate().map(|(at, one)| (&one.key, at)).collect();
        let mut read = 0;
        for (at, record) in records.iter().enumerate() {
            if at < compacted && last[&record.key] != at {
                continue;
            }
            read += 1;
            processor.restore(record.key.as_deref().unwrap(), record.value.as_deref()).unwrap();
        }
        read
    }

    fn below(&self, limit: u64) -> u64 {
        self.draw.borrow_mut().below(limit)
    }

    /// The broker decides on a transaction.
    fn decide(&self, flight: &Flight) -> Committed {
        let cluster = &mut *self.cluster.borrow_mut();
        let fencing = cluster.planted != Planted::NoFencing;
        let (state, accepted) = cluster.stand(flight.transaction);
        let zombie = fencing && flight.generation != cluster.generation && !accepted;
        match state {
            State::Open if cluster.is_fenced(&self.member.id, self.member.epoch) => {
                return Committed::Unknown("fenced".into());
            }
            State::Aborted if fencing => return Committed::Unknown("fenced".into()),
            // It ended while others waited for that.
            State::Committed => {}
            State::Open | State::Aborted => match flight.fate {
                Fate::DiesAfter(_) | Fate::DiesBeforeEnd => return Committed::Unknown("died".into()),
                Fate::LostOpen => return Committed::Unknown("timed out".into()),
                Fate::Aborted => return cluster.abort(flight.transaction),
                Fate::Fine | Fate::DiesAfterEnd | Fate::LostCommitted if zombie => {
                    return cluster.abort(flight.transaction);
                }
                Fate::Fine | Fate::DiesAfterEnd | Fate::LostCommitted => {
                    cluster.commit(flight.transaction, &flight.positions);
                }
            },
        }
        match flight.fate {
            Fate::LostCommitted => Committed::Unknown("timed out".into()),
            fate if fate.dies() => Committed::Unknown("died".into()),
            _ => Committed::Yes,
        }
    }
}

impl Broker for Link<'_> {
    fn ends(&self, topic: usize, partitions: &[u32]) -> Result<Vec<(i64, i64)>, ServiceFault> {
        // The second input is written in transactions, whose markers stand behind the last record.
        let (markers, cluster) = (topic as i64, self.cluster.borrow());
        let end = |partition: &u32| cluster.inputs[&(topic, *partition)].len() as i64 + markers;
        Ok(partitions.iter().map(|partition| (0, end(partition))).collect())
    }

    fn look(&self, topic: usize, partition: u32) -> Option<(i64, i64)> {
        (!self.chance(self.member.trouble / 2)).then(|| self.ends(topic, &[partition]).unwrap()[0])
    }

    fn beat(&self) {}

    fn restore(&self, processors: &mut [Processor], tell: &Tell<'_>) -> Result<(), ServiceFault> {
        // A writer that died or sleeps left its transaction open; the broker ends it before the stable offset moves on.
        self.cluster.borrow_mut().end_open(&mut self.draw.borrow_mut());
        for processor in processors {
            if self.chance(self.member.trouble / 3) {
                return Err(ServiceFault::Failed("died while restoring".into()));
            }
            tell(self.restore_one(processor), 0);
        }
        Ok(())
    }

    fn promotions(&self) -> Result<Arc<Schedule>, ServiceFault> {
        if self.chance(self.member.trouble / 3) {
            return Err(ServiceFault::Failed("died while reading the promotions".into()));
        }
        Ok(self.cluster.borrow().schedule.clone())
    }

    fn hand_over(&mut self, batches: Batches, positions: &[Position]) {
        assert!(self.member.flight.is_none(), "two transactions at a time");
        let (fate, positions) = (self.fate(), positions.to_vec());
        let (looks, unseen) = (self.below(5), self.below(3));
        let cluster = &mut *self.cluster.borrow_mut();
        let zombie = self.member.generation != cluster.generation;
        self.member.seen.zombie_commits += u64::from(zombie);
        let ends = matches!(fate, Fate::Fine | Fate::DiesAfterEnd | Fate::LostCommitted);
        let fenced = cluster.is_fenced(&self.member.id, self.member.epoch);
        let accepted = (ends && !zombie && !fenced && self.below(2) == 0).then(|| positions.clone());
        let transaction = cluster.begin(&self.member.id, accepted);
        let written = match fate {
            _ if fenced => 0,
            Fate::DiesAfter(count) => count as usize,
            _ => usize::MAX,
        };
        cluster.write(&batches, written, transaction);
        let (generation, outcome) = (self.member.generation, None);
        let flight = Flight { batches, positions, transaction, generation, fate, looks, unseen, outcome };
        self.member.flight = Some(flight);
    }

    fn ended(&mut self, wait: bool) -> Result<Option<(Committed, Batches)>, ServiceFault> {
        let Some(mut flight) = self.member.flight.take() else { return Ok(None) };
        if !wait && flight.looks > 0 {
            flight.looks -= 1;
            self.member.seen.looks += 1;
            self.member.flight = Some(flight);
            return Ok(None);
        }
        let outcome = flight.outcome.take().unwrap_or_else(|| self.decide(&flight));
        if !wait && flight.unseen > 0 {
            flight.unseen -= 1;
            flight.outcome = Some(outcome);
            self.member.flight = Some(flight);
            return Ok(None);
        }
        let cluster = self.cluster.borrow();
        if cluster.planted == Planted::NotRolledBack && cluster.stand(flight.transaction).0 == State::Aborted {
            let committed = |place: &(usize, u32)| cluster.offsets.get(place).copied().unwrap_or_default();
            self.member.positions.iter_mut().for_each(|(place, next)| *next = committed(place));
        }
        drop(cluster);
        match outcome {
            Committed::Yes => {}
            Committed::Aborted(_) => self.member.seen.aborts += 1,
            Committed::Unknown(_) if flight.fate.dies() => self.member.dead = true,
            Committed::Unknown(_) => self.member.seen.unknown += 1,
            Committed::Forbidden(_) => unreachable!("this broker has no authorizer"),
        }
        Ok(Some((outcome, flight.batches)))
    }

    fn renew(&mut self) -> Result<(), ServiceFault> {
        if self.member.dead {
            return Err(ServiceFault::Failed("dead".into()));
        }
        self.member.epoch = self.cluster.borrow_mut().init(&self.member.id);
        Ok(())
    }

    fn pause(&mut self, place: Position) -> Result<(), ServiceFault> {
        assert!(self.member.paused.insert((place.topic, place.partition)), "paused twice");
        self.member.seen.pauses += 1;
        Ok(())
    }

    fn resume(&mut self, place: Position) -> Result<(), ServiceFault> {
        assert!(self.member.paused.remove(&(place.topic, place.partition)), "resumed without a pause");
        Ok(())
    }

    fn read_from(&mut self, positions: &[Position]) -> Result<(), ServiceFault> {
        self.member.paused.clear();
        self.member.positions = positions.iter().map(|one| ((one.topic, one.partition), one.offset)).collect();
        Ok(())
    }
}
