//! One partition: bytes to event to engine to effects to bytes.
//!
//! Invariant: what goes into one [`Batch`] is committed with the positions that [`Processor::flush`] writes, or not at all.

use std::sync::Arc;

use serde_json::Value;

use crate::engine::alerting::holdout::Arm;
use crate::engine::customer::customer_hash;
use crate::engine::day::Day;
use crate::engine::effect::Effect;
use crate::engine::generations::Saved;
use crate::engine::money::Money;
use crate::engine::packed::customer::Customer;
use crate::engine::packed::layers::Slot;
use crate::engine::partition::Engine;
use crate::engine::promotion::Schedule;
use crate::engine::scoring::model::Model;
use crate::engine::step::{Input, Outcome};
use crate::processor::batch::{Batch, OutTopic};
use crate::processor::past::Past;
use crate::processor::setup::{CLOSE_STRIDE, ClockMode, Progress, Setup, Time};
use crate::processor::stats::{Counted, Stats};
use crate::wire::alert::write_alert;
use crate::wire::inputs::format::Format;
use crate::wire::inputs::reader::Reader;
use crate::wire::merging::{write_merge, write_merged};
use crate::wire::outcome::{write_matured, write_transition};
use crate::wire::partition_record::{CloseRecord, ModelChange};
use crate::wire::profile_json::profile_json;
use crate::wire::profile_row::profile_row;
use crate::wire::risk::write_risk;
use crate::wire::timeline_json::timeline_json;
use crate::wire::what_if_json::what_if_json;
use crate::wire::words::Words;

/// One partition's whole state and the way from its inputs to its outputs.
pub struct Processor {
    pub(crate) setup: Arc<Setup>,
    pub(crate) partition: u32,
    pub(crate) engine: Engine,
    /// Next offset of each input topic; `None` before the first record.
    pub(crate) offsets: Vec<Option<i64>>,
    pub(crate) past: Past,
    /// The promotions known outside; what has come of them is in the engine.
    pub(crate) schedule: Arc<Schedule>,
    /// The version that the changelog names, until its model is found.
    pub(crate) recorded_model: Option<String>,
    pub(crate) closing_stale: bool,
    pub(crate) saved: Saved<Checkpoint>,
    pub(crate) dirty: bool,
    pub(crate) counted: Counted,
    pub(crate) reader: Reader,
    pub(crate) effects: Vec<Effect>,
    pub(crate) encoded: Vec<u8>,
}

/// The processor's own positions.
#[derive(Clone, Default)]
pub(crate) struct Checkpoint {
    pub(crate) offsets: Vec<Option<i64>>,
    pub(crate) closing_stale: bool,
}

impl Processor {
    /// The processor of a partition that has not seen anything yet.
    pub fn new(setup: Arc<Setup>, partition: u32, model: Arc<Model>) -> Self {
        let topics = setup.input_topics.len();
        let engine = Engine::new(setup.policy.clone(), model, partition, setup.sources(), &setup.erasure_secret);
        Self {
            setup,
            partition,
            engine,
            offsets: vec![None; topics],
            past: Past::default(),
            schedule: Arc::default(),
            recorded_model: None,
            closing_stale: false,
            saved: Saved::new(Checkpoint { offsets: vec![None; topics], closing_stale: false }),
            dirty: false,
            counted: Counted::default(),
            reader: Reader::default(),
            effects: Vec::new(),
            encoded: Vec::new(),
        }
    }

    /// The shape of an input's records.
    pub fn format(&self, topic: usize) -> Option<&Format> {
        self.setup.formats.get(topic)
    }

    /// Whether a close has begun or is due by the frontier: nothing may be processed before it is done.
    pub fn closing(&self) -> bool {
        self.engine.clock().closing.is_some() || self.due_by_frontier().is_some()
    }

    pub(crate) fn due_by_frontier(&self) -> Option<Day> {
        let clock = self.engine.clock();
        clock.next_close(clock.settled(self.setup.policy.quorum, |_| false))
    }

    /// The day that is due to close at this time.
    fn due(&self, time: &Time<'_>) -> Option<Day> {
        let by_frontier = self.due_by_frontier();
        if by_frontier.is_some() {
            return by_frontier;
        }
        let clock = self.engine.clock();
        let all_read = time.at_end.iter().all(|at_end| *at_end);
        match self.setup.clock {
            ClockMode::Event if all_read && time.source_alive => {
                clock.next_close(self.setup.until.map(|until| until.plus(-1)))
            }
            ClockMode::Event => None,
            ClockMode::Wall if !time.source_alive => None,
            ClockMode::Wall if all_read => clock.next_close(Some(self.setup.rules.settles(time.wall))),
            ClockMode::Wall => {
                let at_end = |topic: usize| time.at_end.get(topic).copied().unwrap_or(false);
                clock.next_close(clock.settled(self.setup.policy.quorum, at_end))
            }
        }
    }

    /// Whether a day is due to close, or a close has begun.
    pub fn is_due(&self, time: &Time<'_>) -> bool {
        self.engine.clock().closing.is_some() || self.due(time).is_some()
    }

    /// Closes days that are due, at most `close_budget` customers a call.
    pub fn advance(&mut self, time: &Time<'_>, batch: &mut Batch) -> Progress {
        let day = if let Some(day) = self.engine.clock().closing {
            day
        } else {
            let Some(day) = self.due(time) else { return Progress::Idle };
            let late = self.setup.rules.day(time.wall).since(day);
            let limit = self.setup.max_age_days;
            self.closing_stale = self.setup.clock == ClockMode::Wall && limit > 0 && late > limit;
            day
        };
        self.close(day, batch);
        Progress::More
    }

    /// Makes the promotions known. Each comes into force at the open of a day, and is taken once.
    pub fn offer(&mut self, schedule: Arc<Schedule>) {
        self.schedule = schedule;
    }

    /// The next close looks at every customer, also where it would find nothing new.
    pub fn wake_all(&mut self) {
        self.engine.wake_all();
    }

    /// One step of the close of `day`.
    pub(crate) fn close(&mut self, day: Day, batch: &mut Batch) {
        self.dirty = true;
        let clock = self.engine.clock();
        if clock.closed.is_none() && clock.closing.is_none() {
            // Which day is the first is known only now: it opens as its close begins.
            self.note_model(None);
            self.open(day);
        }
        let (mut outcome, mut left) = (Outcome::Closing, self.setup.close_budget);
        while outcome != Outcome::Closed && left > 0 {
            let budget = left.min(CLOSE_STRIDE);
            left -= budget;
            outcome = self.engine.step(Input::Close { day, stale: self.closing_stale, budget }, &mut self.effects);
            self.perform(batch);
        }
        if outcome == Outcome::Closed {
            self.counted.open.closes += 1;
            let offsets = self.offsets.iter().map(|offset| offset.unwrap_or_default()).collect();
            self.past.close(CloseRecord { day: day.0, offsets, stale: self.closing_stale });
            self.open(day.plus(1));
        }
    }

    /// A day opens: only here may another model come into force.
    fn open(&mut self, day: Day) {
        if self.engine.open_day(day, &self.schedule) {
            self.note_model(Some(day));
        }
    }

    pub(crate) fn note_model(&mut self, since: Option<Day>) {
        let model = self.engine.in_force().model().version.clone();
        self.past.model(ModelChange { since: since.map(|day| day.0), model });
    }

    /// Does what the engine asked for.
    pub(crate) fn perform(&mut self, batch: &mut Batch) {
        let Self { setup, engine, effects, counted: Counted { open: fresh, .. }, .. } = self;
        let (model, locale) = (engine.in_force().model().version.as_str(), &setup.locale);
        let words = Words { model, locale, names: engine.names(), playbook: &setup.policy.playbook };
        for effect in effects.drain(..) {
            match effect {
                Effect::Alert(alert) => {
                    let key = alert.customer.as_bytes();
                    let told = alert.arm == Arm::Treated;
                    fresh.alert(&alert, told);
                    if told {
                        batch.add(OutTopic::Alerts, key, |out| write_alert(&alert, &words, out));
                    }
                    batch.add(OutTopic::Outcomes, key, |out| write_transition(&alert, &words, out));
                }
                Effect::Risk(risk) => {
                    batch.add(OutTopic::Risk, risk.customer.as_bytes(), |out| write_risk(&risk, &words, out));
                }
                Effect::Matured(matured) => {
                    fresh.outcome(&matured);
                    let key = matured.customer.as_bytes();
                    batch.add(OutTopic::Outcomes, key, |out| write_matured(&matured, &words, out));
                }
                Effect::ForgetProfile { customer } => batch.add_tombstone(OutTopic::Risk, customer.as_bytes()),
                Effect::Merge { customer, into, said, time } => {
                    let key = customer.as_bytes();
                    batch.add(OutTopic::Events, key, |out| write_merge(&customer, &into, said, time, out));
                }
                Effect::Merged { customer, alias, said, time, handover } => {
                    batch.add(OutTopic::Events, customer.as_bytes(), |out| {
                        write_merged(&customer, &alias, (said, time), &handover, out);
                    });
                }
                // Passed on together with the event.
                Effect::Forward { .. } => {}
            }
        }
    }

    /// Next offset of each input topic; `None` before the first record.
    pub fn offsets(&self) -> &[Option<i64>] {
        &self.offsets
    }

    /// What was done and committed.
    pub const fn stats(&self) -> &Stats {
        &self.counted.committed
    }

    /// The last closed day.
    pub fn closed_day(&self) -> Option<Day> {
        self.engine.clock().closed
    }

    /// Number of customers.
    pub fn customers(&self) -> usize {
        self.engine.state().len()
    }

    /// First closed day whose openings are published.
    pub const fn publish_from(&self) -> Option<Day> {
        self.engine.publish_from
    }

    /// The partition's number.
    pub const fn partition(&self) -> u32 {
        self.partition
    }

    /// A customer as JSON, as of the later of the last closed day and its own newest event.
    pub fn customer_json(&self, customer: &str) -> Option<Value> {
        Some(self.shown(&self.known(customer)?))
    }

    /// The customer of a slot as JSON; `None` where another is there by now.
    pub fn customer_at(&self, slot: Slot, hash: u64) -> Option<Value> {
        let customer = self.engine.state().peek(slot).filter(|customer| customer.hash == hash && is_shown(customer))?;
        Some(self.shown(&customer))
    }

    /// A customer's last 400 days.
    pub fn timeline_json(&self, customer: &str) -> Option<Value> {
        let customer = self.known(customer)?;
        Some(timeline_json(&customer, self.day_of(&customer), self.engine.judge(), &self.setup.locale))
    }

    /// What a purchase would change for a customer.
    pub fn what_if_json(&self, customer: &str, amount: Option<Money>) -> Option<Value> {
        let customer = self.known(customer)?;
        Some(what_if_json(&customer, self.day_of(&customer), amount, self.engine.judge(), &self.setup.locale))
    }

    /// The id that a customer goes on under whose alias this one is.
    pub fn moved_to(&self, alias: &str) -> Option<String> {
        self.found(alias)?.profile.moved_to().map(str::to_owned)
    }

    fn known(&self, customer: &str) -> Option<Customer> {
        self.found(customer).filter(is_shown)
    }

    fn found(&self, customer: &str) -> Option<Customer> {
        let state = self.engine.state();
        state.peek(state.find(customer, customer_hash(customer))?)
    }

    fn shown(&self, customer: &Customer) -> Value {
        profile_json(customer, self.day_of(customer), self.engine.judge(), self.engine.names(), &self.setup.locale)
    }

    /// The day at whose end a customer is shown: the last closed one, or that of the newest event.
    fn day_of(&self, customer: &Customer) -> Day {
        let newest = customer.profile.newest;
        self.closed_day().map_or(newest, |closed| closed.max(newest))
    }

    fn all_shown(&self) -> impl Iterator<Item = Customer> {
        self.engine.state().iter().map(|(_, customer)| customer).filter(is_shown)
    }

    /// Every customer as JSON at the end of `day`.
    pub fn profiles_json(&self, day: Option<Day>) -> impl Iterator<Item = Value> {
        self.all_shown().map(move |customer| {
            let day = day.unwrap_or_else(|| self.day_of(&customer));
            profile_json(&customer, day, self.engine.judge(), self.engine.names(), &self.setup.locale)
        })
    }

    /// Every customer as a row for analysts at the end of `day`.
    pub fn profile_rows(&self, day: Option<Day>) -> impl Iterator<Item = Value> {
        self.all_shown().map(move |customer| {
            let day = day.unwrap_or_else(|| self.day_of(&customer));
            profile_row(&customer, day, self.engine.judge(), self.engine.names(), &self.setup.locale)
        })
    }

    /// The engine, for training and tests, which look at profiles rather than at records.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// Whether there is anything to show of a customer: of an alias all is told under the other id.
fn is_shown(customer: &Customer) -> bool {
    !customer.profile.is_empty() && customer.profile.moved_to().is_none()
}
