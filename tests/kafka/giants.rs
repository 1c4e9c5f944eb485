//! A backlog of large records, half of them bad, is read in bounded memory.

use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::bench::Bench;
use crate::broker::broker;
use crate::support::draw::Draw;

/// Records of 175 KB; `CHURNWATCH_GIANTS=20000` is 3.5 GB.
fn giants() -> usize {
    std::env::var("CHURNWATCH_GIANTS").ok().map_or(1_500, |count| count.parse().unwrap())
}

#[test]
fn a_backlog_of_large_records_takes_bounded_memory() {
    let Some(brokers) = broker() else { return };
    let bench = Bench::with(&brokers, "giants", "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
    bench.topics(2);
    let (topic, count, mut draw) = (bench.settings().file.topics.events[0].clone(), giants(), Draw::new(13));
    let producer: BaseProducer = bench.client(&[("queue.buffering.max.kbytes", "65536")]).create().unwrap();
    // Nothing that compresses.
    let noise: String = (0..1_000_000).map(|_| char::from(b'a' + draw.below(26) as u8)).collect();
    for number in 0..count {
        let (at, key) = (draw.below(800_000) as usize, format!("c{}", number % 50));
        let (noise, whole) = (&noise[at..at + 175_000], if number % 2 == 0 { "}" } else { "" });
        let value = format!(
            r#"{{"id":"g{number}","type":"visit","customer_id":"{key}","time":"2025-12-31T12:00:00Z","note":"{noise}"{whole}"#
        );
        let mut record = BaseRecord::to(&topic).key(&key).payload(&value);
        while let Err((_, back)) = producer.send(record) {
            producer.poll(Duration::from_millis(20));
            record = back;
        }
    }
    producer.flush(Duration::from_mins(2)).unwrap();
    let (mut replica, started) = (bench.serve(), Instant::now());
    let read = || bench.restored(2).iter().map(|one| one.offsets()[0].unwrap_or_default()).sum::<i64>();
    while read() < count as i64 {
        assert!(started.elapsed() < Duration::from_mins(5), "{} of {count} read", read());
        std::thread::sleep(Duration::from_millis(200));
    }
    let (peak, took) = (replica.peak_mib(), started.elapsed());
    println!("{count} records of 175 KB, {} MB: read after {took:?}, {peak} MiB at most", count * 175 / 1_000);
    replica.terminate();
    if count <= 3_000 {
        assert_eq!(bench.committed(&bench.settings().file.topics.dead_letters).len(), count / 2);
    }
    assert!(peak < 512, "{peak} MiB");
}
