//! A shop whose log is published piece by piece while replicas serve it, and what is done to them.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use crate::bench::{Bench, Replica, shop};
use crate::stand::Stand;
use crate::support::draw::Draw;
use crate::support::size;

const PARTITIONS: u32 = 12;
/// Patience with whatever must happen in the end.
const PATIENCE: Duration = Duration::from_mins(5);

/// The shop, its replicas and the dice.
pub(crate) struct World {
    pub(crate) bench: Bench,
    log: PathBuf,
    pieces: Vec<PathBuf>,
    published: usize,
    /// Everything that was published, in its order.
    sent: PathBuf,
    /// Time of the last event that was.
    time: String,
    replicas: Vec<Replica>,
    draw: Draw,
}

impl World {
    /// Topics, replicas, and a log that is still to be cut. The first replica has a name of its own, so its transactional
    /// id and its membership last over restarts.
    pub(crate) fn new(brokers: &str, name: &str, seed: u64, replicas: usize) -> Self {
        let bench = Bench::with(brokers, name, "[time]\nclock = \"event\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
        // A million events of 50,000 customers, or 57,000 of 2,000.
        let customers = size(50_000, 2_000).to_string();
        let log = shop(&bench, &customers, "160", "2026-01-01", seed);
        bench.topics(PARTITIONS);
        let sent = bench.folder().join("sent.jsonl");
        let (pieces, time, draw) = (Vec::new(), String::new(), Draw::new(seed));
        let mut world = Self { bench, log, pieces, published: 0, sent, time, replicas: Vec::new(), draw };
        world.replicas = (0..replicas).map(|number| world.serve(number)).collect();
        world
    }

    fn serve(&self, number: usize) -> Replica {
        let named = (number == 0).then(|| ("CHURNWATCH_SERVICE__INSTANCE", "first".to_owned()));
        self.bench.serve_with(named)
    }

    /// The transactional id of the first replica's worker.
    pub(crate) fn transactional_id(&self) -> String {
        format!("{}-first-0", self.bench.settings().file.kafka.group_id)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.draw.below(limit)
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.draw.below(at as u64 + 1) as usize);
        }
    }

    /// Waits for a time drawn from milliseconds.
    pub(crate) fn pause(&mut self, least: u64, most: u64) {
        std::thread::sleep(Duration::from_millis(least + self.draw.below(most - least)));
    }

    /// Cuts the log into so many pieces of equal length.
    pub(crate) fn cut(&mut self, pieces: usize) {
        let lines = BufReader::new(File::open(&self.log).unwrap()).lines().count();
        println!("{lines} events");
        let mut reader = BufReader::new(File::open(&self.log).unwrap()).lines();
        for piece in 0..pieces {
            let path = self.bench.folder().join(format!("piece-{piece}.jsonl"));
            let mut file = BufWriter::new(File::create(&path).unwrap());
            let count = lines * (piece + 1) / pieces - lines * piece / pieces;
            for line in reader.by_ref().take(count) {
                writeln!(file, "{}", line.unwrap()).unwrap();
            }
            file.flush().unwrap();
            self.pieces.push(path);
        }
    }

    /// Publishes the next piece.
    pub(crate) fn publish_next(&mut self) {
        let piece = std::fs::read_to_string(&self.pieces[self.published]).unwrap();
        self.published += 1;
        let last: Value = serde_json::from_str(piece.lines().last().unwrap()).unwrap();
        last["time"].as_str().unwrap().clone_into(&mut self.time);
        self.publish(&piece);
    }

    fn publish(&self, lines: &str) {
        let path = self.bench.folder().join("next.jsonl");
        std::fs::write(&path, lines).unwrap();
        self.bench.publish(&path);
        let mut sent = File::options().create(true).append(true).open(&self.sent).unwrap();
        sent.write_all(lines.as_bytes()).unwrap();
    }

    fn one_of_them(&mut self) -> usize {
        self.draw.below(self.replicas.len() as u64) as usize
    }

    /// SIGKILL, and another in its place.
    pub(crate) fn kill(&mut self) {
        let victim = self.one_of_them();
        self.replicas[victim].kill();
        self.replicas[victim] = self.serve(victim);
    }

    /// SIGTERM, which must end well in ten seconds, and another in its place.
    pub(crate) fn terminate(&mut self) {
        let victim = self.one_of_them();
        self.replicas[victim].terminate();
        self.replicas[victim] = self.serve(victim);
    }

    /// SIGSTOP for so long, then SIGCONT: it finds that its partitions are others'. One without a name must live on; a
    /// named one finds its name taken at worst, which ends it.
    pub(crate) fn freeze(&mut self, time: Duration) {
        let victim = self.one_of_them();
        self.replicas[victim].signal("STOP");
        std::thread::sleep(time);
        self.replicas[victim].signal("CONT");
        std::thread::sleep(Duration::from_secs(1));
        self.nobody_ended();
    }

    /// Another takes the first replica's transactional id over and writes in its name, without an end.
    pub(crate) fn rival(&mut self) {
        let id = self.transactional_id();
        let properties =
            [("transactional.id", id.as_str()), ("message.timeout.ms", "5000"), ("transaction.timeout.ms", "6000")];
        let rival: BaseProducer = self.bench.client(&properties).create().unwrap();
        rival.init_transactions(Duration::from_secs(30)).unwrap();
        rival.begin_transaction().unwrap();
        let topic = self.bench.settings().file.topics.alerts;
        let record = BaseRecord::to(&topic).key(b"rival".as_slice()).payload(b"of a rival".as_slice());
        rival.send(record).map_err(|(fault, _)| fault).unwrap();
        rival.poll(Duration::from_millis(200));
    }

    /// No process has ended by itself.
    pub(crate) fn nobody_ended(&mut self) {
        for (number, replica) in self.replicas.iter_mut().enumerate() {
            let ended = replica.ended();
            assert!(ended.is_none(), "replica {number} ended by itself with {ended:?}");
        }
    }

    /// Events of customers of their own, as late as the last one, in every partition: something to commit.
    pub(crate) fn nudge(&mut self) {
        let number = self.draw.below(1 << 40);
        let line = |at: u64| {
            let time = &self.time;
            format!("{{\"id\":\"n{number}\",\"type\":\"visit\",\"customer_id\":\"nudged{at}\",\"time\":\"{time}\"}}\n")
        };
        self.publish(&(0..50).map(line).collect::<String>());
    }

    /// How far the inputs are committed and how far they go, summed over partitions.
    fn stand(&self) -> Option<(i64, i64)> {
        let stand = Stand::new(&self.bench, PARTITIONS);
        Some((stand.committed()?.values().sum(), stand.ends()?.values().sum()))
    }

    /// Time until the service commits again what is there to be committed, from when the cluster answers.
    pub(crate) fn moves_on(&mut self) -> Duration {
        let asked = Instant::now();
        let (before, _) = loop {
            match self.stand() {
                Some(stand) => break stand,
                None => assert!(asked.elapsed() < PATIENCE, "the cluster does not answer"),
            }
        };
        self.nudge();
        let healed = Instant::now();
        while self.stand().is_none_or(|(committed, _)| committed <= before) {
            assert!(healed.elapsed() < PATIENCE, "nothing is committed any more");
            std::thread::sleep(Duration::from_millis(100));
        }
        healed.elapsed()
    }

    /// Nothing happens any more: everything gets committed, and is what `replay` writes.
    pub(crate) fn settle(mut self) {
        while self.published < self.pieces.len() {
            self.publish_next();
        }
        let (begun, mut said) = (Instant::now(), Instant::now());
        loop {
            match self.stand() {
                Some((committed, end)) if committed == end => break,
                stand => {
                    if said.elapsed() > Duration::from_secs(30) {
                        said = Instant::now();
                        println!("committed, of: {stand:?}");
                    }
                    assert!(begun.elapsed() < PATIENCE, "not everything is committed: {stand:?}");
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        println!("everything is committed after {:?}", begun.elapsed());
        self.nobody_ended();
        for replica in &mut self.replicas {
            replica.terminate();
        }
        self.bench.compare_with_replay(&self.sent, PARTITIONS);
    }
}
