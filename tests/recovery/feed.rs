//! Events into the input topic, as `publish` keys them, and a note of everything that was sent.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use crate::bench::Bench;

/// How often a paced feed sends.
const TICK: Duration = Duration::from_millis(10);

/// One producer, so that the log of a partition has the order of the note.
pub(crate) struct Feed {
    producer: BaseProducer,
    topic: String,
    note: File,
    /// Everything that was sent, in its order.
    pub(crate) sent: PathBuf,
}

impl Feed {
    pub(crate) fn new(bench: &Bench) -> Self {
        let properties = [("enable.idempotence", "true"), ("partitioner", "murmur2_random"), ("linger.ms", "2")];
        let (producer, sent) = (bench.client(&properties).create().unwrap(), bench.folder().join("sent.jsonl"));
        let topic = bench.settings().file.topics.events[0].clone();
        Self { producer, topic, note: File::create(&sent).unwrap(), sent }
    }

    /// Sends lines; they are there when this returns.
    pub(crate) fn send<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.hand_over(lines);
        self.producer.flush(Duration::from_mins(1)).unwrap();
    }

    fn hand_over<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        for line in lines {
            let event: Value = serde_json::from_str(line).unwrap();
            let key = event["customer_id"].as_str().unwrap();
            let mut record = BaseRecord::to(&self.topic).key(key).payload(line);
            while let Err((_, back)) = self.producer.send(record) {
                // The queue is full.
                self.producer.poll(Duration::from_millis(5));
                record = back;
            }
            writeln!(self.note, "{line}").unwrap();
        }
        self.producer.poll(Duration::ZERO);
    }

    /// Sends `rate` of these lines a second until it is stopped; gives itself back, and whether lines were left.
    pub(crate) fn pace(
        mut self,
        mut lines: impl Iterator<Item = String> + Send + 'static,
        rate: f64,
    ) -> (Arc<AtomicBool>, JoinHandle<(Self, bool)>) {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            let (begun, mut sent, mut left) = (Instant::now(), 0.0, true);
            while left && !told.load(Ordering::Relaxed) {
                while left && sent < begun.elapsed().as_secs_f64() * rate {
                    let line = lines.next();
                    left = line.is_some();
                    self.hand_over(line.as_deref());
                    sent += 1.0;
                }
                std::thread::sleep(TICK);
            }
            self.send([]);
            (self, left)
        });
        (stop, thread)
    }
}
