//! Partitions that speak to each other: each takes in what waits for it, loses transactions, crashes and is restored.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use churnwatch::config::load::check;
use churnwatch::engine::customer::customer_hash;
use churnwatch::engine::day::Millis;
use churnwatch::engine::packed::customer::Customer;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::Setup;
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::partitioner::partition;
use serde_json::{Value, json};

use crate::support::draw::Draw;
use crate::support::model::model;

pub(crate) const DAY_MILLIS: i64 = 86_400_000;
/// 2025-06-01.
pub(crate) const START: i64 = 20_240 * DAY_MILLIS;
pub(crate) const WALL: Millis = Millis(START + 10_000 * DAY_MILLIS);
pub(crate) const IDS: [&str; 4] = ["ann", "ann@shop", "anonymous-7", "安"];

/// Key and value of a record.
pub(crate) type Record = (Vec<u8>, Vec<u8>);

/// Partitions that speak to each other, with what each has still to read.
pub(crate) struct Partitions {
    pub(crate) setup: Arc<Setup>,
    pub(crate) processors: Vec<Processor>,
    /// By partition and input: events from outside, and messages.
    pub(crate) waiting: Vec<[VecDeque<Record>; 2]>,
    /// What the partitions' changelogs hold.
    changelogs: Vec<BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    pub(crate) letters: Vec<String>,
    /// Topic, key and value of what the CRM and others read; of a tombstone null.
    pub(crate) told: Vec<(OutTopic, String, Value)>,
}

impl Partitions {
    pub(crate) fn new(count: u32) -> Self {
        let settings =
            check(json!({"identity": {"merge": true}, "time": {"clock": "event"}, "holdout": {"share": 0.0}})).unwrap();
        let setup = Arc::new(settings.setup(count));
        let fresh = |number| Processor::new(setup.clone(), number, model());
        Self {
            processors: (0..count).map(fresh).collect(),
            waiting: (0..count).map(|_| [VecDeque::new(), VecDeque::new()]).collect(),
            changelogs: (0..count).map(|_| BTreeMap::new()).collect(),
            letters: Vec::new(),
            told: Vec::new(),
            setup,
        }
    }

    pub(crate) fn publish(&mut self, event: &Value) {
        let key = event["customer_id"].as_str().unwrap().as_bytes().to_vec();
        let to = partition(&key, self.processors.len() as u32) as usize;
        self.waiting[to][0].push_back((key, serde_json::to_vec(event).unwrap()));
    }

    /// Lets one partition take the next record of one of its inputs in; `false` where nothing waits.
    pub(crate) fn step(&mut self, draw: &mut Draw) -> bool {
        let places = (0..self.waiting.len()).flat_map(|number| [(number, 0), (number, 1)]);
        let places: Vec<(usize, usize)> =
            places.filter(|(number, input)| !self.waiting[*number][*input].is_empty()).collect();
        if places.is_empty() {
            return false;
        }
        let (number, input) = places[draw.below(places.len() as u64) as usize];
        let (key, value) = self.waiting[number][input].pop_front().unwrap();
        let mut batch = Batch::new();
        let take = |processor: &mut Processor, batch: &mut Batch| {
            let next = processor.offsets()[input].unwrap_or_default();
            processor.process(input, next, &RawRecord::new(Some(&key), Some(&value), WALL), WALL, batch);
        };
        take(&mut self.processors[number], &mut batch);
        if draw.below(8) == 0 {
            // The transaction is lost, and done again.
            batch.clear();
            self.processors[number].roll_back();
            take(&mut self.processors[number], &mut batch);
        }
        self.commit(number, &mut batch);
        if draw.below(40) == 0 {
            self.crash(number);
        }
        true
    }

    pub(crate) fn commit(&mut self, number: usize, batch: &mut Batch) {
        self.processors[number].flush(batch);
        for record in batch.iter() {
            let (key, value) = (record.key.unwrap().to_vec(), record.value.map(<[u8]>::to_vec));
            match record.topic {
                OutTopic::Profiles => _ = self.changelogs[number].insert(key, value),
                OutTopic::Events => {
                    let to = partition(&key, self.processors.len() as u32) as usize;
                    self.waiting[to][1].push_back((key, value.unwrap()));
                }
                OutTopic::DeadLetters => {
                    let reason = record.headers.iter().find(|(name, _)| name == "reason").unwrap();
                    self.letters.push(String::from_utf8(reason.1.to_vec()).unwrap());
                }
                OutTopic::Alerts | OutTopic::Risk | OutTopic::Outcomes => {
                    let value = value.map_or(Value::Null, |value| serde_json::from_slice(&value).unwrap());
                    self.told.push((record.topic, String::from_utf8(key).unwrap(), value));
                }
            }
        }
        self.processors[number].committed();
    }

    /// The process ends; another reads the changelog.
    fn crash(&mut self, number: usize) {
        let mut anew = Processor::new(self.setup.clone(), number as u32, model());
        for (key, value) in &self.changelogs[number] {
            anew.restore(key, value.as_deref()).unwrap();
        }
        anew.restored(WALL);
        self.processors[number] = anew;
    }

    pub(crate) fn settle(&mut self, draw: &mut Draw) {
        while self.step(draw) {}
        assert!(self.waiting.iter().flatten().all(VecDeque::is_empty));
    }

    pub(crate) fn customer(&self, id: &str) -> Option<Customer> {
        let number = partition(id.as_bytes(), self.processors.len() as u32) as usize;
        let state = self.processors[number].engine().state();
        state.peek(state.find(id, customer_hash(id))?)
    }

    /// The customer that an id leads to in the end.
    pub(crate) fn goes_on(&self, id: &str) -> Customer {
        let mut customer = self.customer(id).unwrap_or_else(|| panic!("nobody knows {id}: {:?}", self.letters));
        for _ in 0..=IDS.len() {
            let Some(next) = customer.profile.moved_to() else { return customer };
            customer = self.customer(next).unwrap();
        }
        panic!("{id} leads nowhere");
    }
}
