//! The in-memory broker: logs, transactions, transactional ids with epochs, one group with a generation.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use churnwatch::engine::promotion::Schedule;
use churnwatch::processor::batch::{Batch, OutRecord, OutTopic};
use churnwatch::processor::topology::Processor;
use churnwatch::service::broker::{Broker, Committed, Position, Tell};
use churnwatch::service::fault::ServiceFault;
use churnwatch::wire::partitioner::partition;

use crate::support::draw::Draw;

/// A fault of the broker itself, to show that the invariants see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// Readers of committed records see aborted ones too.
    AbortedIsVisible,
    /// A producer that was replaced, or a member of an old generation, may still commit.
    NoFencing,
    /// Restoring ends before the last committed transaction.
    RestoreStopsShort,
    /// A committed transaction leaves the partition record out.
    OffsetsLost,
}

/// An input record.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Vec<u8>,
    pub(crate) timestamp: i64,
}

/// An output record, with its transaction.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, String)>,
    transaction: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Committed,
    Aborted,
}

struct Transaction {
    id: String,
    state: State,
}

/// All that the cluster knows.
pub(crate) struct Cluster {
    pub(crate) partitions: u32,
    pub(crate) inputs: BTreeMap<(usize, u32), Vec<Input>>,
    outputs: BTreeMap<(OutTopic, u32), Vec<Output>>,
    transactions: Vec<Transaction>,
    epochs: HashMap<String, u64>,
    pub(crate) offsets: BTreeMap<(usize, u32), i64>,
    pub(crate) generation: u64,
    /// What the models' topic holds.
    pub(crate) schedule: Arc<Schedule>,
    planted: Planted,
}

impl Cluster {
    pub(crate) fn new(topics: usize, partitions: u32, planted: Planted) -> Self {
        let places = (0..topics).flat_map(|topic| (0..partitions).map(move |number| (topic, number)));
        Self {
            partitions,
            inputs: places.map(|place| (place, Vec::new())).collect(),
            outputs: BTreeMap::new(),
            transactions: Vec::new(),
            epochs: HashMap::new(),
            offsets: BTreeMap::new(),
            generation: 0,
            schedule: Arc::default(),
            planted,
        }
    }

    /// Number of transactions ever begun.
    pub(crate) fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// Takes a transactional id over: its open transactions are aborted, its older producers fenced.
    pub(crate) fn init(&mut self, id: &str) -> u64 {
        self.abort_open(|transaction| transaction.id == id);
        let epoch = self.epochs.entry(id.to_owned()).or_default();
        *epoch += 1;
        *epoch
    }

    fn abort_open(&mut self, which: impl Fn(&Transaction) -> bool) {
        let open = self.transactions.iter_mut().filter(|one| one.state == State::Open && which(one));
        open.for_each(|transaction| transaction.state = State::Aborted);
    }

    /// What a reader of committed records sees of a topic, partition by partition.
    pub(crate) fn committed(&self, topic: OutTopic) -> impl Iterator<Item = (u32, &Output)> {
        let seen = |record: &&Output| match self.transactions[record.transaction].state {
            State::Committed => true,
            State::Aborted => self.planted == Planted::AbortedIsVisible,
            State::Open => false,
        };
        let logs = self.outputs.iter().filter(move |((name, _), _)| *name == topic);
        logs.flat_map(move |((_, number), log)| log.iter().filter(seen).map(move |record| (*number, record)))
    }
}

/// What happens to the next commit.
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

/// One process's side: its identity, its generation, its positions.
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) epoch: u64,
    pub(crate) generation: u64,
    pub(crate) positions: BTreeMap<(usize, u32), i64>,
    pub(crate) dead: bool,
    /// How likely trouble is, in percent.
    pub(crate) trouble: u64,
    pub(crate) seen: Seen,
}

/// What a member has lived through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) aborts: u64,
    pub(crate) unknown: u64,
    pub(crate) zombie_commits: u64,
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

    /// Writes the records; `false` where the process died on the way.
    fn send(&self, batches: &[(u32, &Batch)], fate: Fate, transaction: usize) -> bool {
        let cluster = &mut *self.cluster.borrow_mut();
        let records = batches.iter().flat_map(|(number, batch)| batch.iter().map(move |record| (*number, record)));
        for (at, (number, record)) in records.enumerate() {
            if fate == Fate::DiesAfter(at as u64) {
                return false;
            }
            let lost = cluster.planted == Planted::OffsetsLost && at % 7 == 3;
            let is_partition_record = record.key.is_some_and(|key| key.first() == Some(&0xFF));
            if lost && is_partition_record {
                continue;
            }
            let number = match (record.topic, record.key) {
                (OutTopic::Profiles, _) | (_, None) => number,
                (_, Some(key)) => partition(key, cluster.partitions),
            };
            cluster.outputs.entry((record.topic, number)).or_default().push(output(&record, transaction));
        }
        !matches!(fate, Fate::DiesAfter(_))
    }
}

fn output(record: &OutRecord<'_>, transaction: usize) -> Output {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output {
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers: record.headers.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect(),
        transaction,
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
        // A writer that died left its transaction open; the broker ends it before the stable offset moves on.
        self.cluster.borrow_mut().abort_open(|_| true);
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

    fn commit(&mut self, batches: &[(u32, &Batch)], positions: &[Position]) -> Committed {
        let fate = self.fate();
        let (fenced, zombie, transaction) = {
            let cluster = &mut *self.cluster.borrow_mut();
            let fencing = cluster.planted != Planted::NoFencing;
            let fenced = fencing && cluster.epochs[&self.member.id] != self.member.epoch;
            let zombie = self.member.generation != cluster.generation;
            cluster.transactions.push(Transaction { id: self.member.id.clone(), state: State::Open });
            (fenced, zombie, cluster.transactions.len() - 1)
        };
        self.member.seen.zombie_commits += u64::from(zombie);
        if fenced {
            self.cluster.borrow_mut().transactions[transaction].state = State::Aborted;
            self.member.seen.unknown += 1;
            return Committed::Unknown("fenced".into());
        }
        if !self.send(batches, fate, transaction) || fate == Fate::DiesBeforeEnd {
            self.member.dead = true;
            return Committed::Unknown("died".into());
        }
        let cluster = &mut *self.cluster.borrow_mut();
        if fate == Fate::Aborted || (zombie && cluster.planted != Planted::NoFencing) {
            cluster.transactions[transaction].state = State::Aborted;
            self.member.seen.aborts += 1;
            return Committed::Aborted("illegal generation".into());
        }
        if fate == Fate::LostOpen {
            self.member.seen.unknown += 1;
            return Committed::Unknown("timed out".into());
        }
        cluster.transactions[transaction].state = State::Committed;
        for position in positions {
            cluster.offsets.insert((position.topic, position.partition), position.offset);
        }
        match fate {
            Fate::LostCommitted => {
                self.member.seen.unknown += 1;
                Committed::Unknown("timed out".into())
            }
            Fate::DiesAfterEnd => {
                self.member.dead = true;
                Committed::Unknown("died".into())
            }
            _ => Committed::Yes,
        }
    }

    fn renew(&mut self) -> Result<(), ServiceFault> {
        if self.member.dead {
            return Err(ServiceFault::Failed("dead".into()));
        }
        self.member.epoch = self.cluster.borrow_mut().init(&self.member.id);
        Ok(())
    }

    fn read_from(&mut self, positions: &[Position]) -> Result<(), ServiceFault> {
        self.member.positions = positions.iter().map(|one| ((one.topic, one.partition), one.offset)).collect();
        Ok(())
    }
}
