//! The in-memory cluster: logs, transactions, transactional ids with epochs, one group with a generation.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use churnwatch::engine::promotion::Schedule;
use churnwatch::processor::batch::{OutRecord, OutTopic};
use churnwatch::service::broker::{Batches, Committed, Position};
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
    /// An aborted transaction is said to be committed, so the next batch becomes visible without the one before.
    AbortedIsSaidCommitted,
    /// How far the inputs are read is there before the outputs are, and stays where they are aborted.
    OffsetsBeforeOutputs,
    /// After an abort the inputs are read again by profiles that were not rolled back.
    NotRolledBack,
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
pub(crate) enum State {
    Open,
    Committed,
    Aborted,
}

struct Transaction {
    id: String,
    state: State,
    /// Its offsets, once they are accepted: which generation its member is of matters no more.
    accepted: Option<Vec<Position>>,
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
    /// Transactions that were committed while others waited for their end.
    pub(crate) late_ends: u64,
    /// What the models' topic holds.
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) planted: Planted,
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
            late_ends: 0,
            schedule: Arc::default(),
            planted,
        }
    }

    /// Number of transactions ever begun.
    pub(crate) fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// Whether another has taken over the transactional id.
    pub(crate) fn is_fenced(&self, id: &str, epoch: u64) -> bool {
        self.planted != Planted::NoFencing && self.epochs[id] != epoch
    }

    /// Begins a transaction; gives its number.
    pub(crate) fn begin(&mut self, id: &str, accepted: Option<Vec<Position>>) -> usize {
        self.transactions.push(Transaction { id: id.to_owned(), state: State::Open, accepted });
        self.transactions.len() - 1
    }

    /// How a transaction stands, and whether its offsets are accepted.
    pub(crate) fn stand(&self, transaction: usize) -> (State, bool) {
        let Transaction { state, accepted, .. } = &self.transactions[transaction];
        (*state, accepted.is_some())
    }

    /// Writes the first `count` records of a transaction.
    pub(crate) fn write(&mut self, batches: &Batches, count: usize, transaction: usize) {
        let records = batches.iter().flat_map(|(number, batch)| batch.iter().map(move |record| (*number, record)));
        for (at, (number, record)) in records.take(count).enumerate() {
            let lost = self.planted == Planted::OffsetsLost && at % 7 == 3;
            if lost && tells_offsets(record.key) {
                continue;
            }
            let number = match (record.topic, record.key) {
                (OutTopic::Profiles, _) | (_, None) => number,
                (_, Some(key)) => partition(key, self.partitions),
            };
            self.outputs.entry((record.topic, number)).or_default().push(output(&record, transaction));
        }
    }

    /// Aborts a transaction; gives what the member is told.
    pub(crate) fn abort(&mut self, transaction: usize) -> Committed {
        self.transactions[transaction].state = State::Aborted;
        match self.planted {
            Planted::AbortedIsSaidCommitted | Planted::NotRolledBack => Committed::Yes,
            _ => Committed::Aborted("illegal generation".into()),
        }
    }

    /// Commits a transaction.
    pub(crate) fn commit(&mut self, transaction: usize, positions: &[Position]) {
        self.transactions[transaction].state = State::Committed;
        for position in positions {
            self.offsets.insert((position.topic, position.partition), position.offset);
        }
    }

    /// The stable offset moves on: every open transaction ends, one that lacked only its end in either way.
    pub(crate) fn end_open(&mut self, draw: &mut Draw) {
        for at in 0..self.transactions.len() {
            let transaction = &mut self.transactions[at];
            if transaction.state != State::Open {
                continue;
            }
            transaction.state = State::Aborted;
            if let Some(positions) = transaction.accepted.take().filter(|_| draw.below(2) == 0) {
                self.commit(at, &positions);
                self.late_ends += 1;
            }
        }
    }

    /// Takes a transactional id over: its open transactions are aborted, its older producers fenced.
    pub(crate) fn init(&mut self, id: &str) -> u64 {
        let open = self.transactions.iter_mut().filter(|one| one.state == State::Open && one.id == id);
        open.for_each(|transaction| transaction.state = State::Aborted);
        let epoch = self.epochs.entry(id.to_owned()).or_default();
        *epoch += 1;
        *epoch
    }

    /// What a reader of committed records sees of a topic, partition by partition.
    pub(crate) fn committed(&self, topic: OutTopic) -> impl Iterator<Item = (u32, &Output)> {
        let seen = |record: &&Output| match self.transactions[record.transaction].state {
            State::Committed => true,
            State::Aborted => match self.planted {
                Planted::AbortedIsVisible => true,
                Planted::OffsetsBeforeOutputs => tells_offsets(record.key.as_deref()),
                _ => false,
            },
            State::Open => false,
        };
        let logs = self.outputs.iter().filter(move |((name, _), _)| *name == topic);
        logs.flat_map(move |((_, number), log)| log.iter().filter(seen).map(move |record| (*number, record)))
    }
}

/// Whether the key is that of a partition record.
fn tells_offsets(key: Option<&[u8]>) -> bool {
    key.is_some_and(|key| key.first() == Some(&0xFF))
}

fn output(record: &OutRecord<'_>, transaction: usize) -> Output {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output {
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers: record.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        transaction,
    }
}
