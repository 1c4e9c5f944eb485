//! A town whose people buy once and fall silent, played through the service's own processor: events as bytes go in, and
//! its people answer the alerts that come out with known probabilities. Nothing is known of an outcome but its record.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::config::playbook::playbook;
use churnwatch::effect_study::collect::Collector;
use churnwatch::effect_study::episode::Study;
use churnwatch::engine::alerting::holdout::Arm;
use churnwatch::engine::alerting::playbook::Playbook;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::segment::{Bounds, Segment, Segments};
use churnwatch::engine::customer::uniform;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{ClockMode, Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::alert_line::warning;
use churnwatch::wire::calendar::day_text;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::outcome_facts::{Facts, facts};
use churnwatch::wire::outcome_lines::opening;
use iso_currency::Currency;

use crate::support::model::model;
use crate::support::responses::{START, WINDOW_DAYS};

/// Most warnings a day.
pub(crate) const PER_DAY: u32 = 100;
/// Days of silence at a warning.
const SILENCE_DAYS: i32 = 7;
/// People who look in every morning and never buy: as many as must agree on what day it is.
const PASSERS_BY: u32 = 3;
/// Scores at which the bands begin: whoever is silent for long enough is warned of, and stays in one band.
const THRESHOLDS: [f64; 3] = [0.06, 0.998, 0.999];

/// How people answer.
#[derive(Clone, Copy)]
pub(crate) struct Answers {
    /// Actions with the probability that who is treated by them returns.
    pub(crate) actions: [(&'static str, f64); 3],
    /// The same of those held out.
    pub(crate) holdout: f64,
    /// Newcomers a day.
    pub(crate) newcomers: u32,
    /// Share of the newcomers who buy on two days, and whom alone it helps that something is done;
    /// absent: everybody buys once and is helped.
    pub(crate) regulars: Option<f64>,
}

/// The town's segments.
pub(crate) fn segments() -> Segments {
    Segments(vec![
        Segment { purchase_days: Bounds::from(2), ..Segment::everybody("regular") },
        Segment::everybody("passing"),
    ])
}

fn read(plays: &Path) -> Playbook {
    playbook(plays, Currency::CNY, &segments()).unwrap()
}

/// The default model with a shorter horizon: whoever stays silent is given up soon after the outcome is known, and is
/// looked at no more. What it scores is of no matter here.
fn short_model() -> Arc<Model> {
    let mut model = Model::clone(&model());
    model.constants.horizon_days = SILENCE_DAYS + WINDOW_DAYS + 3;
    Arc::new(model)
}

/// What happens to a person, in the order of a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    /// Buys for the first time.
    Join,
    /// Was contacted: episode and action.
    Contacted(u128, &'static str),
    /// Buys again.
    Return,
}

/// A town under way.
pub(crate) struct Town {
    seed: u64,
    answers: Answers,
    setup: Setup,
    processor: Processor,
    batch: Batch,
    /// The newest value of every key, as the changelog's compacted topic keeps it.
    changelog: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    offset: i64,
    joined: u32,
    today: Day,
    due: BTreeMap<Day, Vec<(String, Deed)>>,
    /// Every record of the topic of outcomes, in its order.
    pub(crate) outcomes: Vec<Vec<u8>>,
    /// The same, read once, since `optimize` reads them anew every week.
    read: Vec<Facts>,
    /// Openings by day.
    pub(crate) opened: BTreeMap<Day, u32>,
    /// Openings of treated people by action.
    pub(crate) treated: BTreeMap<&'static str, u32>,
    /// Margin that each of them adds, by the day it opened: what the person's purchase is worth, as likely as it is owed to it.
    pub(crate) added: BTreeMap<Day, Vec<f64>>,
}

impl Town {
    /// A town whose first warnings open on [`START`].
    pub(crate) fn new(seed: u64, answers: Answers, plays: &Path) -> Self {
        let setup = load(None).unwrap().setup(1);
        let policy = Policy {
            thresholds: Some(THRESHOLDS),
            capacity: [Some(0), Some(0), Some(PER_DAY)],
            min_silence_days: SILENCE_DAYS,
            holdout_share: 0.1,
            holdout_salt: format!("town {seed}"),
            outcome_days: WINDOW_DAYS,
            segments: segments(),
            playbook: read(plays),
            ..(*setup.policy).clone()
        };
        let setup = Setup { policy: Arc::new(policy), clock: ClockMode::Event, ..setup };
        Self {
            seed,
            answers,
            processor: Processor::new(Arc::new(setup.clone()), 0, short_model()),
            setup,
            batch: Batch::new(),
            changelog: BTreeMap::new(),
            offset: 0,
            joined: 0,
            today: START.plus(-SILENCE_DAYS),
            due: BTreeMap::new(),
            outcomes: Vec::new(),
            read: Vec::new(),
            opened: BTreeMap::new(),
            treated: BTreeMap::new(),
            added: BTreeMap::new(),
        }
    }

    /// The service is stopped and started with another playbook: all that it has is its changelog.
    pub(crate) fn restart(&mut self, plays: &Path) {
        let policy = Policy { playbook: read(plays), ..(*self.setup.policy).clone() };
        self.setup.policy = Arc::new(policy);
        let mut processor = Processor::new(Arc::new(self.setup.clone()), 0, short_model());
        for (key, value) in &self.changelog {
            processor.restore(key, value.as_deref()).unwrap();
        }
        assert!(processor.restored(midnight(self.today)).is_empty());
        assert_eq!(processor.offsets(), self.processor.offsets());
        self.processor = processor;
    }

    /// Plays until the morning of `until`, on which the day before is heard of. Newcomers come as long as their silence
    /// can be warned of before `newcomers_until`.
    pub(crate) fn play(&mut self, until: Day, newcomers_until: Day) {
        while self.today <= until {
            self.day(self.today.plus(SILENCE_DAYS) < newcomers_until);
        }
    }

    /// One day: the passers-by in the morning, at which the day before is settled and people hear; then all else.
    fn day(&mut self, newcomers: bool) {
        for number in 0..PASSERS_BY {
            self.send(&format!("passer-by {number}"), 3, "\"type\":\"visit\"");
        }
        self.commit();
        let mut deeds = self.due.remove(&self.today).unwrap_or_default();
        for _ in 0..if newcomers { self.answers.newcomers } else { 0 } {
            deeds.push((format!("c{:06}", self.joined), Deed::Join));
            self.joined += 1;
        }
        deeds.sort_by_key(|(_, deed)| *deed);
        for (person, deed) in deeds {
            match deed {
                Deed::Join => {
                    self.buy(&person, 9);
                    if self.answers.regulars.is_some() && self.is_helped(&person) {
                        self.due.entry(self.today.plus(1)).or_default().push((person, Deed::Return));
                    }
                }
                Deed::Contacted(episode, action) => {
                    let episode = uuid::Uuid::from_u128(episode);
                    let told = format!("\"type\":\"contacted\",\"episode_id\":\"{episode}\",\"action\":\"{action}\"");
                    self.send(&person, 11, &told);
                }
                Deed::Return => self.buy(&person, 15),
            }
        }
        self.commit();
        self.today = self.today.plus(1);
    }

    fn is_helped(&self, person: &str) -> bool {
        self.answers.regulars.is_none_or(|share| uniform(&[b"regular", person.as_bytes()]) < share)
    }

    /// What a person pays for an order.
    fn amount(person: &str) -> f64 {
        // Enough for the highest tier before the first warning, whose capacity is the town's.
        2_000.0 + 3_000.0 * uniform(&[b"amount", person.as_bytes()])
    }

    fn buy(&mut self, person: &str, hour: u32) {
        let amount = Self::amount(person);
        let told = format!(
            "\"type\":\"purchase\",\"order_id\":\"o{}\",\"amount\":\"{amount:.2}\",\"currency\":\"CNY\"",
            self.offset
        );
        self.send(person, hour, &told);
    }

    fn send(&mut self, person: &str, hour: u32, told: &str) {
        let value = format!(
            "{{\"id\":\"e{}\",\"customer_id\":\"{person}\",\"time\":\"{}T{hour:02}:00:00Z\",{told}}}",
            self.offset,
            day_text(self.today)
        );
        let wall = midnight(self.today.plus(1));
        let record = RawRecord::new(Some(person.as_bytes()), Some(value.as_bytes()), wall);
        self.processor.process(0, self.offset, &record, wall, &mut self.batch);
        self.offset += 1;
        let time = Time { wall, at_end: &[false], source_alive: true };
        while self.processor.advance(&time, &mut self.batch) == Progress::More {}
    }

    /// What the service does at the end of a transaction; then the town hears.
    fn commit(&mut self) {
        self.processor.flush(&mut self.batch);
        let batch = std::mem::take(&mut self.batch);
        for record in batch.iter() {
            match (record.topic, record.value) {
                (OutTopic::Profiles, value) => {
                    self.changelog.insert(record.key.unwrap().to_vec(), value.map(<[u8]>::to_vec));
                }
                (OutTopic::Alerts, Some(value)) => self.hear_alert(value),
                (OutTopic::Outcomes, Some(value)) => self.hear_outcome(value),
                (OutTopic::DeadLetters, value) => assert_eq!(value.map(String::from_utf8_lossy), None),
                (OutTopic::Risk | OutTopic::Alerts | OutTopic::Outcomes | OutTopic::Events, _) => {}
            }
        }
        self.batch = batch;
        self.batch.clear();
        self.processor.committed();
    }

    /// The sales team does what an alert says, on the day that it hears of it.
    fn hear_alert(&mut self, value: &[u8]) {
        let Some(warning) = warning(value).unwrap() else { return };
        let named = warning.action.unwrap();
        let (action, rate) = self.answers.actions.into_iter().find(|(name, _)| *name == named).unwrap();
        *self.treated.entry(action).or_default() += 1;
        let contact = Deed::Contacted(warning.episode.as_u128(), action);
        self.due.entry(self.today).or_default().push((warning.customer.clone().into_owned(), contact));
        assert_eq!(warning.opened.plus(1), self.today);
        let rate = if self.is_helped(&warning.customer) { rate } else { self.answers.holdout };
        let margin = self.setup.policy.margin_rate * Self::amount(&warning.customer);
        self.added.entry(warning.opened).or_default().push(margin * (rate - self.answers.holdout));
        self.answer(&warning.customer, warning.opened, rate);
    }

    /// Nobody acts on the held-out; some of them return all the same.
    fn hear_outcome(&mut self, value: &[u8]) {
        self.outcomes.push(value.to_vec());
        self.read.extend(facts(value).unwrap());
        let Some(opening) = opening(value).unwrap() else { return };
        *self.opened.entry(opening.opened).or_default() += 1;
        if opening.arm == Arm::Holdout {
            self.answer(&opening.customer, opening.opened, self.answers.holdout);
        }
    }

    /// With probability `rate` a person returns on one of the days after a warning that its outcome counts.
    fn answer(&mut self, person: &str, opened: Day, rate: f64) {
        let draw = |what: &[u8]| uniform(&[what, &self.seed.to_le_bytes(), person.as_bytes(), &opened.0.to_le_bytes()]);
        if draw(b"returns") < rate {
            let day = opened.plus(1 + (draw(b"day") * f64::from(WINDOW_DAYS)) as i32);
            self.due.entry(day).or_default().push((person.to_owned(), Deed::Return));
        }
    }

    /// The study that `report` and `optimize` would make of what is known by now.
    pub(crate) fn study(&self) -> Option<Study> {
        let mut collector = Collector::new(None, None, None);
        for facts in &self.read {
            collector.take(Ok(Some(facts.clone())));
        }
        collector.study().ok()
    }
}

fn midnight(day: Day) -> Millis {
    Millis(i64::from(day.0) * 86_400_000)
}
