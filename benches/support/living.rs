//! An engine that lives from day to day: some of its customers do something, the day closes, and the next one comes.

use std::fmt::Write;
use std::sync::Arc;

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::customer::{Tag, uniform};
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::effect::Effect;
use churnwatch::engine::event::{Body, Event, Interaction, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::partition::Engine;
use churnwatch::engine::step::{Input, Outcome};
use churnwatch::processor::setup::CLOSE_STRIDE;

use crate::support::model;

const DAY_MILLIS: i64 = 86_400_000;
/// The first day.
const OPENS: Day = Day(19_900);
/// Days of events before the first close; the customers come for the first time on one of them.
const PAST_DAYS: u32 = 300;
/// Days lived before anything is measured: whom a close must look at is then what it is on any day.
const SETTLING_DAYS: u32 = 64;
/// Every day brings one event for so many customers: livelier and quieter than W2 of the throughput bench, which has 133.
pub(crate) const LIVELY: u32 = 50;
pub(crate) const QUIET: u32 = 150;

/// An engine and its present day.
pub(crate) struct Living {
    pub(crate) engine: Engine,
    customers: u32,
    /// The events of a day.
    events: u32,
    today: Day,
    told: u64,
    id: String,
    effects: Vec<Effect>,
}

impl Living {
    /// An engine of so many customers that has lived for a year, and whose last day is closed; a day brings one event for so
    /// many of them.
    pub(crate) fn new(customers: u32, an_event: u32) -> Self {
        let engine = Engine::new(Arc::new(Policy::default()), model(), 0, 1, b"secret");
        let events = customers / an_event;
        let mut living =
            Self { engine, customers, events, today: OPENS, told: 0, id: String::new(), effects: Vec::new() };
        for day in 0..PAST_DAYS {
            for number in (day..customers).step_by(PAST_DAYS as usize) {
                living.tell(number, 0, true);
            }
            living.live();
        }
        for _ in 0..SETTLING_DAYS {
            living.live();
            living.close();
        }
        living
    }

    /// The next day with its events, half of them purchases. Customers of low numbers come more often: of a hundred the
    /// first five once in eleven days, the last fifty once in seventy to a hundred.
    pub(crate) fn live(&mut self) {
        self.engine.committed();
        self.today = self.today.plus(1);
        for at in 0..self.events {
            let draw = uniform(&[&self.told.to_le_bytes()]);
            let number = (draw * draw * f64::from(self.customers)) as u32;
            let millis = DAY_MILLIS * i64::from(at) / i64::from(self.events);
            self.tell(number, millis, self.told.is_multiple_of(2));
        }
        self.engine.committed();
    }

    /// Customers whom the close of the present day must look at.
    pub(crate) fn due(&self) -> usize {
        let state = self.engine.state();
        (0..state.slots()).filter(|slot| state.due(*slot).is_some_and(|due| due <= self.today)).count()
    }

    /// Closes the present day, as many customers a step as the service takes; gives the number of effects.
    pub(crate) fn close(&mut self) -> usize {
        let (input, mut effects) = (Input::Close { day: self.today, stale: false, budget: CLOSE_STRIDE }, 0);
        loop {
            let outcome = self.engine.step(input, &mut self.effects);
            effects += self.effects.drain(..).len();
            if outcome == Outcome::Closed {
                return effects;
            }
        }
    }

    /// An event of the present day.
    fn tell(&mut self, number: u32, millis: i64, buys: bool) {
        self.told += 1;
        self.id.clear();
        // Writing to memory cannot fail.
        let _ = write!(self.id, "c{number:07}");
        let amount = Money(i64::from(1_000 + number % 9_000));
        let body = if buys {
            Body::Purchase { order: None, amount, manner: Manner::default() }
        } else {
            Body::Interaction(Interaction::Visit)
        };
        let time = Millis(i64::from(self.today.0) * DAY_MILLIS + millis);
        let event = Event { tag: Tag::from_bits(self.told), customer: &self.id, time, day: self.today, body };
        self.engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut self.effects);
    }
}
