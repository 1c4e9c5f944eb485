//! The world: processes that start, work, die and come back, by a schedule that a seed decides.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::promotion::{Promotion, Schedule};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::OutTopic;
use churnwatch::processor::setup::ClockMode;
use churnwatch::service::broker::Position;
use churnwatch::service::lanes::Lanes;
use churnwatch::service::models::Models;
use churnwatch::service::shared::{Now, Shared};
use churnwatch::service::telemetry::metrics::Metrics;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::partition_record::{ChangelogKey, PartitionRecord};
use churnwatch::wire::partitioner::partition;

use crate::broker::{Link, Member, Seen};
use crate::cluster::{Cluster, Input, Output, Planted};
use crate::history::{END, history, policy, settings};
use crate::registry::Registry;
use crate::support::draw::Draw;
use crate::support::model::{attentive_model, other_model};
use crate::tally::Tally;

/// The wall clock stands still once it is past this instant, so that a life can come to its end.
const LAST: i64 = (END.0 as i64 + 3) * 86_400_000;

/// One process.
struct Replica {
    lanes: Lanes,
    member: Member,
    /// It missed a rebalance and does not know it yet.
    zombie: bool,
}

/// Everything that is simulated.
pub(crate) struct World {
    draw: RefCell<Draw>,
    pub(crate) cluster: RefCell<Cluster>,
    pub(crate) shared: Shared,
    registry: Registry,
    replicas: Vec<Option<Replica>>,
    arrivals: Vec<(i64, Input)>,
    arrived: usize,
    wall: i64,
    running: Duration,
    names: u64,
    lived: Tally,
}

impl World {
    pub(crate) fn new(seed: u64, planted: Planted) -> Self {
        let mut draw = Draw::new(seed);
        let mut arrivals = history(&mut draw, seed);
        let (partitions, topics) = (1 + draw.below(3) as u32, 1 + draw.below(2) as usize);
        let settings = settings(&mut draw, topics);
        let mut setup = settings.setup(partitions);
        setup.close_budget = 1 + draw.below(6) as usize;
        setup.policy = Arc::new(policy(&mut draw, &setup));
        match draw.below(4) {
            0 | 1 => {
                setup.clock = ClockMode::Wall;
                setup.max_age_days = draw.below(3) as i32;
            }
            2 => {
                setup.until = Some(END);
                setup.rules.until = Some(Millis(i64::from(END.0) * 86_400_000));
            }
            _ => {}
        }
        let registry = Registry::new(seed, &mut setup, &mut arrivals);
        let model: Arc<Model> = attentive_model();
        let metrics = Metrics::new().unwrap();
        let models = Models::new(metrics.clone());
        let shared =
            Shared { settings: Arc::new(settings), setup: Arc::new(setup), model, models, metrics, tracer: None };
        let replicas = (0..=draw.below(3)).map(|_| None).collect();
        let wall = arrivals.first().map_or(0, |(at, _)| *at);
        let mut world = Self {
            cluster: RefCell::new(Cluster::new(topics, partitions, planted)),
            draw: RefCell::new(draw),
            shared,
            registry,
            replicas,
            arrivals,
            arrived: 0,
            wall,
            running: Duration::from_secs(1),
            names: 0,
            lived: Tally::default(),
        };
        // What was promoted before the first start decides from its day on, be that long past.
        for _ in 0..world.below(3) {
            let day = Day(END.0 - world.below(260) as i32);
            world.promote(day);
        }
        if world.shared.setup.until.is_some() {
            // With `time.until` everything is published before the first start.
            world.wall = LAST;
            world.arrive();
        }
        world
    }

    fn below(&self, limit: u64) -> u64 {
        self.draw.borrow_mut().below(limit)
    }

    fn now(&self) -> Now {
        Now { wall: Millis(self.wall), running: self.running }
    }

    /// Lives until every input is read, every day is closed and everything is committed.
    pub(crate) fn run(&mut self) {
        let troubled = self.arrivals.len() as u64 * 2 + self.below(400);
        for _ in 0..troubled {
            self.trouble();
            self.step(4);
        }
        // From here on nothing goes wrong any more, and the rest must get done.
        for replica in self.replicas.iter_mut().flatten() {
            replica.member.trouble = 0;
        }
        let (mut quiet, mut written) = (0, 0);
        for _ in 0..20_000 {
            let done = self.step(0) && self.arrived == self.arrivals.len() && self.wall > LAST;
            let transactions = self.cluster.borrow().transactions();
            let under_way = self.replicas.iter().flatten().any(|one| one.member.flight.is_some());
            quiet = if done && transactions == written && !under_way { quiet + 1 } else { 0 };
            written = transactions;
            if quiet > 60 {
                self.registry.tell_all();
                return;
            }
        }
        panic!("the life does not come to its end");
    }

    /// Time passes, records arrive.
    fn pass(&mut self) {
        self.running += Duration::from_millis(self.below(120));
        if self.arrived < self.arrivals.len() {
            // Mostly to the next arrival; now and then by a day or two, so that closes come late.
            let next = self.arrivals[self.arrived].0;
            self.wall = match self.below(60) {
                0 => self.wall + self.below(2 * 86_400_000) as i64,
                _ => self.wall.max(next),
            };
            self.arrive();
        } else if self.wall <= LAST {
            self.wall += self.below(6 * 3_600_000) as i64;
        }
    }

    fn arrive(&mut self) {
        let cluster = &mut *self.cluster.borrow_mut();
        let topics = self.shared.setup.input_topics.len() as u64;
        while let Some((_, input)) = self.arrivals.get(self.arrived).filter(|(at, _)| *at <= self.wall) {
            let number = input.key.as_ref().map_or(0, |key| partition(key, cluster.partitions));
            // The order between inputs is not fixed, so that each customer keeps to one (docs/decisions/0005).
            let customer = input.key.as_ref().map_or(0, |key| u64::from(*key.last().unwrap()));
            let topic = (customer % topics) as usize;
            cluster.inputs.get_mut(&(topic, number)).unwrap().push(input.clone());
            self.arrived += 1;
        }
    }

    /// Promotes one of a few models; some are promoted again, and some replace others that were not in force yet.
    fn promote(&mut self, effective: Day) {
        let model = match self.below(5) as u32 {
            0 => self.shared.model.clone(),
            number => other_model(number),
        };
        let cluster = &mut *self.cluster.borrow_mut();
        let end = cluster.schedule.end();
        let mut promotions = cluster.schedule.promotions().to_vec();
        promotions.push(Promotion { offset: end, effective, model });
        cluster.schedule = Arc::new(Schedule::new(promotions, end + 1));
        self.shared.models.publish(cluster.schedule.clone());
    }

    /// Processes die, start, and partitions move.
    fn trouble(&mut self) {
        match self.below(90) {
            0 => {
                let victim = self.below(self.replicas.len() as u64) as usize;
                self.bury(victim);
            }
            1 => self.rebalance(true),
            2 if self.shared.setup.until.is_none() && self.below(3) == 0 => {
                // A day that is open nowhere yet: every partition, however far it is, comes to its open.
                let today = self.wall.div_euclid(86_400_000) as i32;
                let day = Day(today + 1 + self.below(30) as i32);
                self.promote(day);
            }
            _ => {}
        }
    }

    fn bury(&mut self, number: usize) {
        if let Some(dead) = self.replicas[number].take() {
            self.lived.crashes += 1;
            self.lived.interrupted += u64::from(dead.member.flight.is_some());
            self.lived.keep(dead.member.seen);
        }
    }

    fn start(&mut self, number: usize, trouble: u64) {
        // Some replicas keep their transactional id, some take a new one at each start.
        let id = if number == 0 {
            "stable".to_owned()
        } else {
            self.names += 1;
            format!("random-{}", self.names)
        };
        let epoch = self.cluster.borrow_mut().init(&id);
        let (positions, paused, seen) = (BTreeMap::new(), BTreeSet::new(), Seen::default());
        let member = Member { id, epoch, generation: 0, positions, paused, dead: false, trouble, flight: None, seen };
        self.replicas[number] = Some(Replica { lanes: Lanes::new(self.shared.clone()), member, zombie: false });
    }

    /// One replica does one thing. Gives whether there is nothing left to do for anybody.
    fn step(&mut self, trouble: u64) -> bool {
        self.pass();
        self.registry.pass(&mut self.draw.borrow_mut(), trouble > 0);
        let absent: Vec<usize> = (0..self.replicas.len()).filter(|at| self.replicas[*at].is_none()).collect();
        if !absent.is_empty() && (trouble == 0 || self.below(20) == 0) {
            for at in absent {
                self.start(at, trouble);
            }
            self.rebalance(trouble > 0);
            return false;
        }
        let number = self.below(self.replicas.len() as u64) as usize;
        let now = self.now();
        let Some(replica) = &mut self.replicas[number] else { return false };
        let mut link = Link { cluster: &self.cluster, member: &mut replica.member, draw: &self.draw };
        replica.lanes.release(&mut link, now);
        let waiting = waiting(&link);
        if waiting.is_empty() {
            let partitions: BTreeSet<u32> = link.member.positions.keys().map(|(_, partition)| *partition).collect();
            for partition in partitions {
                replica.lanes.at_end(&link, partition);
            }
            replica.lanes.idle(&mut link, true, now);
            replica.lanes.turn(&mut link, true, now);
        } else {
            let (topic, partition) = waiting[link.draw.borrow_mut().below(waiting.len() as u64) as usize];
            deliver(&mut replica.lanes, &mut link, topic, partition, now);
        }
        let gone = replica.member.dead || replica.lanes.fault().is_some();
        let wakes = replica.zombie && self.draw.borrow_mut().below(12) == 0;
        if gone {
            self.bury(number);
            return false;
        }
        if wakes || (trouble == 0 && self.replicas.iter().flatten().any(|one| one.zombie)) {
            self.rebalance(trouble > 0);
            return false;
        }
        self.idle()
    }

    /// Whether every partition is owned, read and committed.
    fn idle(&self) -> bool {
        let cluster = self.cluster.borrow();
        cluster.inputs.iter().all(|(place, log)| {
            log.is_empty() || cluster.offsets.get(place).is_some_and(|offset| *offset == log.len() as i64)
        })
    }

    /// All partitions are taken from all members and given out again. With `unruly`, one member may sleep through it.
    fn rebalance(&mut self, unruly: bool) {
        self.lived.rebalances += 1;
        let now = self.now();
        let sleeper = (unruly && self.below(3) == 0).then(|| self.below(self.replicas.len() as u64) as usize);
        for number in 0..self.replicas.len() {
            let lost = unruly && self.below(4) == 0;
            let Some(replica) = &mut self.replicas[number] else { continue };
            let was_zombie = replica.zombie;
            replica.zombie = sleeper == Some(number) && !replica.member.positions.is_empty();
            if replica.zombie {
                continue;
            }
            self.lived.interrupted += u64::from(replica.member.flight.is_some());
            let mut link = Link { cluster: &self.cluster, member: &mut replica.member, draw: &self.draw };
            replica.lanes.revoke(&mut link, lost || was_zombie);
            replica.member.positions.clear();
            if replica.member.dead || replica.lanes.fault().is_some() {
                self.bury(number);
            }
        }
        self.cluster.borrow_mut().generation += 1;
        let generation = self.cluster.borrow().generation;
        let awake = |replica: &&mut Option<Replica>| replica.as_ref().is_some_and(|one| !one.zombie);
        let count = self.replicas.iter_mut().filter(awake).count() as u32;
        let partitions = self.cluster.borrow().partitions;
        for (place, slot) in self.replicas.iter_mut().filter(awake).enumerate() {
            let Some(replica) = slot else { continue };
            let mine: Vec<u32> = (0..partitions).filter(|number| number % count == place as u32).collect();
            replica.member.generation = generation;
            let mut link = Link { cluster: &self.cluster, member: &mut replica.member, draw: &self.draw };
            replica.lanes.assign(&mut link, &mine, now);
        }
        for number in 0..self.replicas.len() {
            if self.replicas[number].as_ref().is_some_and(|one| one.lanes.fault().is_some()) {
                self.bury(number);
            }
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.lived;
        for replica in self.replicas.iter().flatten() {
            tally.keep(replica.member.seen);
        }
        tally.alerts = self.cluster.borrow().committed(OutTopic::Outcomes).count();
        tally.duplicates = self.shared.metrics.total("duplicate_events_total");
        let letters = |reason: &str| {
            let wanted = |(_, letter): &(u32, &Output)| {
                letter.headers.iter().any(|(name, value)| name == "reason" && value == reason)
            };
            self.cluster.borrow().committed(OutTopic::DeadLetters).filter(wanted).count() as u64
        };
        (tally.late, tally.full) = (letters("too late"), letters("state full"));
        let mut generations = BTreeMap::new();
        for (number, record) in self.cluster.borrow().committed(OutTopic::Profiles) {
            if let Some(ChangelogKey::Partition(_)) = ChangelogKey::read(record.key.as_deref().unwrap()) {
                let record = PartitionRecord::read(record.value.as_deref().unwrap()).unwrap();
                generations.insert(number, u64::from(record.generation));
            }
        }
        tally.late_ends = self.cluster.borrow().late_ends;
        tally.switches = generations.values().sum();
        tally
    }
}

/// The inputs of a member that hold something unread.
fn waiting(link: &Link<'_>) -> Vec<(usize, u32)> {
    let cluster = link.cluster.borrow();
    let unread = |(place, position): &(&(usize, u32), &i64)| {
        **position < cluster.inputs[place].len() as i64 && !link.member.paused.contains(*place)
    };
    link.member.positions.iter().filter(unread).map(|(place, _)| *place).collect()
}

fn deliver(lanes: &mut Lanes, link: &mut Link<'_>, topic: usize, partition: u32, now: Now) {
    let position = link.member.positions.get_mut(&(topic, partition)).unwrap();
    let offset = *position;
    *position += 1;
    let input = link.cluster.borrow().inputs[&(topic, partition)][offset as usize].clone();
    let record = RawRecord::new(input.key.as_deref(), Some(&input.value), Millis(input.timestamp));
    lanes.receive(link, Position { topic, partition, offset }, &record, None, now);
    if link.draw.borrow_mut().below(4) > 0 {
        lanes.turn(link, false, now);
    }
}
