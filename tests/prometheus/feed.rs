//! Events that keep coming, at the times that a fault wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::Bench;
use crate::support::draw::Draw;

/// From one event to the next.
const PACE: Duration = Duration::from_millis(150);
/// Customers who take turns: as many as the frontier asks for, and more.
const CUSTOMERS: u32 = 5;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;

/// What comes.
#[derive(Clone, Copy)]
pub(crate) enum Coming {
    Nothing,
    /// Events of now.
    Fresh,
    /// Events of three days ago, sent now: their day can't close.
    Late,
    /// Records that have been waiting in the topic for ten minutes.
    Waiting,
}

/// A producer of its own for one input partition.
pub(crate) struct Feed {
    producer: Arc<BaseProducer>,
    topic: String,
    coming: Arc<AtomicU8>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How long ago events happened, and how long ago their records were written.
fn ago(coming: u8) -> Option<(i64, i64)> {
    [None, Some((0, 0)), Some((3 * DAY, 0)), Some((10 * MINUTE, 10 * MINUTE))][usize::from(coming)]
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn send(producer: &BaseProducer, topic: &str, key: &str, value: &str, stamp: i64) {
    let record = BaseRecord::to(topic).key(key).payload(value).partition(0).timestamp(stamp);
    producer.send(record).map_err(|(fault, _)| fault).unwrap();
    producer.poll(Duration::ZERO);
}

impl Feed {
    /// Into the first input of a bench.
    pub(crate) fn start(bench: &Bench, first: Coming) -> Self {
        let producer: BaseProducer = bench.client(&[("linger.ms", "1")]).create().unwrap();
        let producer = Arc::new(producer);
        let topic = bench.settings().file.topics.events[0].clone();
        let (coming, stop) = (Arc::new(AtomicU8::new(first as u8)), Arc::new(AtomicBool::new(false)));
        let (from, into, what, end) = (producer.clone(), topic.clone(), coming.clone(), stop.clone());
        let run = move || {
            let mut number = 0;
            while !end.load(Ordering::Relaxed) {
                std::thread::sleep(PACE);
                let Some((time, stamp)) = ago(what.load(Ordering::Relaxed)) else { continue };
                number += 1;
                let (customer, now) = (format!("c{}", number % CUSTOMERS), now());
                let value = event(&format!("e{number}"), "visit", &customer, now - time);
                send(&from, &into, &customer, &value, now - stamp);
            }
        };
        let thread = std::thread::spawn(run);
        Self { producer, topic, coming, stop, thread: Some(thread) }
    }

    /// From now on something else comes.
    pub(crate) fn turn(&self, coming: Coming) {
        self.coming.store(coming as u8, Ordering::Relaxed);
    }

    /// One event of a customer besides, at the times of the others.
    pub(crate) fn tell(&self, kind: &str, customer: &str) {
        let (time, stamp) = self.ago();
        let value = event(&format!("{kind}-{customer}"), kind, customer, now() - time);
        send(&self.producer, &self.topic, customer, &value, now() - stamp);
    }

    /// Records that are none of ours, and that no compression makes small.
    pub(crate) fn bad(&self, count: usize, bytes: usize) {
        let (mut draw, stamp) = (Draw::new(bytes as u64), self.ago().1);
        for _ in 0..count {
            let letters: String = (0..bytes).map(|_| char::from(b'!' + draw.below(90) as u8)).collect();
            send(&self.producer, &self.topic, "nobody", &letters, now() - stamp);
        }
    }

    fn ago(&self) -> (i64, i64) {
        ago(self.coming.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Waits until everything is there.
    pub(crate) fn flush(&self) {
        self.producer.flush(Duration::from_secs(30)).unwrap();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn event(id: &str, kind: &str, customer: &str, time: i64) -> String {
    format!(r#"{{"id":"{id}","type":"{kind}","customer_id":"{customer}","time":{time}}}"#)
}
