//! A full partition against a plain oracle: exactly the new customers beyond the bound are refused, whatever is rolled
//! back and restored meanwhile; room that an erasure leaves is used again; a greater bound lets in who was refused.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::Millis;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;

use support::draw::Draw;
use support::model::model;

/// 2025-06-01T00:00:00Z.
const START: i64 = 1_748_736_000_000;
const WALL: Millis = Millis(1_767_225_600_000);

/// One record of the log.
#[derive(Clone)]
struct Record {
    customer: String,
    forgets: bool,
    value: Vec<u8>,
}

/// Some weeks of a shop in which customers come, come again and ask to be forgotten.
fn log(draw: &mut Draw) -> Vec<Record> {
    let minute = |at: usize| START + at as i64 * 3 * 60_000;
    (0..4_000)
        .map(|at| {
            let customer = format!("c{}", draw.below(60));
            let kind = draw.below(12);
            let what = match kind {
                0 => r#""type":"forget""#.to_owned(),
                1 => r#""type":"opt_out""#.to_owned(),
                2 => r#""type":"refund","amount":"1.00","currency":"CNY""#.to_owned(),
                3..7 => r#""type":"visit""#.to_owned(),
                _ => format!(r#""type":"purchase","amount":"{}.50","currency":"CNY""#, 1 + draw.below(90)),
            };
            let value = format!(r#"{{"id":"e{at}","customer_id":"{customer}","time":{},{what}}}"#, minute(at));
            Record { customer, forgets: kind == 0, value: value.into_bytes() }
        })
        .collect()
}

/// The numbers of the records that a partition of so many customers refuses: plain sets, and nothing of the engine.
fn oracle(log: &[Record], most: usize) -> (BTreeSet<usize>, BTreeSet<String>) {
    let (mut refused, mut there) = (BTreeSet::new(), BTreeSet::new());
    // An interaction on the day of a forget is dropped with it, so it brings nobody in.
    let mut forgotten: BTreeMap<&str, usize> = BTreeMap::new();
    let day = |at: usize| at * 3 / (24 * 60);
    for (at, record) in log.iter().enumerate() {
        let visit = record.value.windows(5).any(|part| part == b"visit");
        if record.forgets {
            there.remove(&record.customer);
            forgotten.insert(&record.customer, day(at));
        } else if visit && forgotten.get(&*record.customer) == Some(&day(at)) {
        } else if there.contains(&record.customer) || there.len() < most {
            there.insert(record.customer.clone());
        } else {
            refused.insert(at);
        }
    }
    (refused, there)
}

/// A partition that takes in so many customers.
fn partition(most: Option<usize>) -> Processor {
    let mut setup = load(None).unwrap().until(None).setup(1);
    setup.policy = Arc::new(Policy { max_customers: most, ..(*setup.policy).clone() });
    Processor::new(Arc::new(setup), 0, model())
}

/// A partition under way: what it committed, and the letters among it.
struct Life {
    most: Option<usize>,
    processor: Processor,
    batch: Batch,
    changelog: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    refused: Vec<usize>,
}

impl Life {
    fn new(most: Option<usize>) -> Self {
        let (processor, batch) = (partition(most), Batch::new());
        Self { most, processor, batch, changelog: Vec::new(), refused: Vec::new() }
    }

    fn take(&mut self, offset: usize, record: &Record) {
        let key = Some(record.customer.as_bytes());
        let raw = RawRecord::new(key, Some(&record.value), WALL);
        self.processor.process(0, offset as i64, &raw, WALL, &mut self.batch);
    }

    fn commit(&mut self) {
        self.processor.flush(&mut self.batch);
        for record in self.batch.iter() {
            let header =
                |name: &str| record.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value);
            match record.topic {
                OutTopic::Profiles => {
                    self.changelog.push((record.key.unwrap().to_vec(), record.value.map(<[u8]>::to_vec)));
                }
                OutTopic::DeadLetters => {
                    assert_eq!(header("reason"), Some(&b"state full"[..]));
                    self.refused.push(std::str::from_utf8(header("offset").unwrap()).unwrap().parse().unwrap());
                }
                OutTopic::Alerts | OutTopic::Risk | OutTopic::Outcomes | OutTopic::Events => {}
            }
        }
        self.batch.clear();
        self.processor.committed();
    }

    fn lose(&mut self) {
        self.processor.roll_back();
        self.batch.clear();
    }

    /// Another process goes on from the changelog.
    fn restart(&mut self) {
        self.processor = partition(self.most);
        self.batch.clear();
        for (key, value) in &self.changelog {
            self.processor.restore(key, value.as_deref()).unwrap();
        }
        assert_eq!(self.processor.restored(WALL), []);
    }

    /// Every customer, bit for bit.
    fn state(&self) -> BTreeMap<String, String> {
        let customers = self.processor.engine().state().iter();
        customers.map(|(_, customer)| (customer.id.clone(), format!("{customer:?}"))).collect()
    }
}

/// Plays a log through commits, lost batches and restarts at moments drawn by chance.
fn play(log: &[Record], most: Option<usize>, draw: &mut Draw, disturbed: bool) -> Life {
    let mut life = Life::new(most);
    let (mut committed, mut next) = (0, 0);
    while let Some(record) = log.get(next) {
        life.take(next, record);
        next += 1;
        match draw.below(30) {
            0 if disturbed => {
                life.lose();
                next = committed;
            }
            1 if disturbed => {
                life.restart();
                next = committed;
            }
            2..5 => {
                life.commit();
                committed = next;
            }
            _ => {}
        }
    }
    life.commit();
    life
}

#[test]
fn exactly_the_new_customers_beyond_the_bound_are_refused() {
    for (seed, most) in [(1, 1), (2, 7), (3, 25), (4, 50), (5, 60)] {
        let mut draw = Draw::new(seed);
        let log = log(&mut draw);
        let (refused, there) = oracle(&log, most);
        assert_eq!(refused.is_empty(), most == 60, "seed {seed}: the bound means nothing");
        let plain = play(&log, Some(most), &mut draw, false);
        let disturbed = play(&log, Some(most), &mut draw, true);
        for life in [&plain, &disturbed] {
            assert_eq!(life.refused.iter().copied().collect::<BTreeSet<_>>(), refused, "seed {seed}");
            assert_eq!(life.refused.len(), refused.len(), "seed {seed}: a letter is there twice");
            assert_eq!(life.state().into_keys().collect::<BTreeSet<_>>(), there, "seed {seed}");
            assert!(life.processor.customers() <= most);
        }
        assert_eq!(plain.state(), disturbed.state(), "seed {seed}");
    }
}

/// Those who are there go on beyond a bound that was lowered; nobody else comes in before there is room.
#[test]
fn a_lower_bound_drives_nobody_out() {
    let mut draw = Draw::new(9);
    let log = log(&mut draw);
    let mut life = play(&log, None, &mut draw, false);
    let before = life.processor.customers();
    assert!(before > 40);
    life.most = Some(before - 5);
    life.restart();
    assert_eq!((life.processor.customers(), life.processor.engine().is_full()), (before, true));
    let at = |customer: &str, id: usize, kind: &str| Record {
        customer: customer.into(),
        forgets: kind == "forget",
        value: format!(
            r#"{{"id":"{customer}-{id}","customer_id":"{customer}","time":{},"type":"{kind}"}}"#,
            START + (10 + id as i64) * 86_400_000
        )
        .into_bytes(),
    };
    let known: Vec<String> = life.state().into_keys().collect();
    life.take(4_000, &at(&known[0], 0, "login"));
    life.take(4_001, &at("new", 0, "login"));
    life.commit();
    assert_eq!(life.refused, [4_001]);
    for (number, customer) in known.iter().take(6).enumerate() {
        life.take(4_002 + 2 * number, &at(customer, 1, "forget"));
        // Five are above the bound; the sixth leaves room.
        life.take(4_003 + 2 * number, &at("new", 1 + number, "login"));
    }
    life.commit();
    assert_eq!(life.refused, [4_001, 4_003, 4_005, 4_007, 4_009, 4_011]);
    assert!(life.state().contains_key("new") && life.processor.engine().is_full());
}

/// What `dead-letters replay` does once the bound is raised: the refused records come again, and the profiles are those of
/// a partition that never had a bound.
#[test]
fn a_greater_bound_and_the_letters_once_more_make_up_for_everything() {
    let mut draw = Draw::new(11);
    let log: Vec<Record> = log(&mut draw).into_iter().filter(|record| !record.forgets).collect();
    let unbounded = play(&log, None, &mut draw, false);
    let mut life = play(&log, Some(20), &mut draw, true);
    let refused = life.refused.clone();
    assert!(refused.len() > 1_000, "{}", refused.len());
    assert_eq!(life.processor.customers(), 20);
    life.most = Some(60);
    life.restart();
    for (at, number) in refused.iter().enumerate() {
        life.take(log.len() + at, &log[*number]);
    }
    life.commit();
    assert_eq!(life.refused, refused, "some were refused again");
    assert_eq!(life.processor.customers(), 60);
    let profiles = |life: &Life| -> BTreeMap<String, String> {
        let customers = life.processor.engine().state().iter();
        customers.map(|(_, customer)| (customer.id.clone(), format!("{:?}", customer.profile))).collect()
    };
    assert_eq!(profiles(&life), profiles(&unbounded));
}
