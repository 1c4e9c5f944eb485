//! The shop of the examples: the program's own processor and model over some customers who are not there. Examples are what it
//! answers, so they cannot differ from what is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::load::check;
use crate::effect_study::boundary::Spending;
use crate::effect_study::collect::Collector;
use crate::effect_study::goals::Goals;
use crate::effect_study::json::report_json;
use crate::effect_study::periods::Period;
use crate::effect_study::report::report;
use crate::engine::coming::Forecast;
use crate::engine::day::{Day, Millis};
use crate::processor::batch::{Batch, OutTopic};
use crate::processor::setup::{Progress, Setup, Time};
use crate::processor::topology::Processor;
use crate::service::http::ask::{Coming, FORTNIGHT, coming_json, page_json, summary_json};
use crate::service::http::gather::Listing;
use crate::service::http::list_query::{ListQuery, Page};
use crate::service::http::tally::Tally;
use crate::service::models::Models;
use crate::service::status::Roster;
use crate::service::telemetry::metrics::Metrics;
use crate::shop::event_json::{customer_id, write_json};
use crate::shop::generator::{Shop, ShopSettings};
use crate::wire::artifact::Artifact;
use crate::wire::event::RawRecord;
use crate::wire::outcome_facts::facts;

/// The shop, closed on 2026-11-27.
const SHOP: ShopSettings = ShopSettings { customers: 150, days: 400, seed: 1, end: Day(20_785) };
/// Longer lists are cut to so many elements.
const LONGEST_LIST: usize = 3;
/// What is left of them.
const SHORTENED: usize = 2;
/// Figures are rounded to so much: further digits tell a reader nothing, and are not the same on every processor.
const ROUNDED: f64 = 1e4;

/// A service with one partition, as the answers of the document show it.
pub struct ExampleShop {
    setup: Arc<Setup>,
    processor: Processor,
    roster: Roster,
    metrics: Metrics,
    models: Models,
    outcomes: Vec<Vec<u8>>,
}

impl ExampleShop {
    /// The shop after its last day; `None` would be a fault of the program, and leaves the examples out.
    pub fn open() -> Option<Self> {
        let settings = check(json!({})).ok()?.until(Some(SHOP.end));
        let setup = Arc::new(settings.setup(1));
        let model = Artifact::read(include_bytes!("../../../../models/default.json")).ok()?.model().ok()?;
        let mut processor = Processor::new(setup.clone(), 0, Arc::new(model));
        let outcomes = play(&mut processor, setup.locale.currency.code());
        let mut roster = Roster { partitions: vec![(0, processor.closed_day())], ..Roster::default() };
        processor.engine().roster(0, usize::MAX, &mut roster.listed);
        let metrics = Metrics::new().ok()?;
        let models = Models::new(metrics.clone());
        models.holds(0, processor.engine().in_force(), processor.engine().drift());
        Some(Self { setup, processor, roster, metrics, models, outcomes })
    }

    /// A page of one customer.
    pub fn page(&self, warned: bool) -> Option<Value> {
        let parameters = BTreeMap::from([("limit".to_owned(), "1".to_owned())]);
        let Page { count, value_at_risk, picked, next } =
            ListQuery::read(&parameters, warned).ok()?.page(&self.roster.listed);
        let customers = picked.iter().filter_map(|one| self.processor.customer_at(one.slot, one.hash)).collect();
        let page = Listing { partitions: 1, age_seconds: 0, count, value_at_risk, customers, next };
        serde_json::to_value(page_json(page, &self.setup)).ok()
    }

    /// A customer with an open warning.
    pub fn customer(&self) -> Option<Value> {
        self.processor.customer_json(&self.warned()?)
    }

    /// The same day by day.
    pub fn timeline(&self) -> Option<Value> {
        self.processor.timeline_json(&self.warned()?)
    }

    /// What a purchase would change for it.
    pub fn what_if(&self) -> Option<Value> {
        self.processor.what_if_json(&self.warned()?, None)
    }

    /// The warnings of the coming fortnight.
    pub fn forecast(&self) -> Option<Value> {
        let mut forecast = Forecast::new();
        self.processor.engine().forecast(FORTNIGHT, 0, usize::MAX, &mut forecast);
        let coming = Coming { partitions: 1, closed: self.processor.closed_day(), forecast };
        Some(coming_json(&coming, FORTNIGHT, &self.setup))
    }

    /// Customers and warnings, counted.
    pub fn summary(&self) -> Option<Value> {
        serde_json::to_value(summary_json(&Tally::of(&self.roster), &self.setup)).ok()
    }

    /// The model in force.
    pub fn model(&self) -> Option<Value> {
        Some(self.models.json())
    }

    /// Whether acting on the warnings helped.
    pub fn report(&self) -> Option<Value> {
        let mut collector = Collector::new(None, None, None);
        self.outcomes.iter().for_each(|outcome| collector.take(facts(outcome)));
        let study = collector.study().ok()?;
        Some(report_json(&report(&study, &Spending::yearly(), &Goals::default(), Period::Month)))
    }

    /// One of the metrics.
    pub fn metrics(&self) -> Option<Value> {
        let text = self.metrics.text();
        let lines = text.split_inclusive('\n').filter(|line| line.contains("churnwatch_model_in_force"));
        Some(lines.collect::<String>().into())
    }

    /// Who has an open warning and was last heard of, so that there is little to show of the silence.
    fn warned(&self) -> Option<String> {
        let warned = self.roster.listed.iter().filter(|one| one.opened.is_some());
        let newest = warned.min_by_key(|one| (one.silence_days, one.hash))?;
        let shown = self.processor.customer_at(newest.slot, newest.hash)?;
        Some(shown.get("customer_id")?.as_str()?.to_owned())
    }
}

/// Plays the whole shop; gives what became of its warnings.
fn play(processor: &mut Processor, currency: &str) -> Vec<Vec<u8>> {
    let (mut shop, mut batch, mut outcomes) = (Shop::with_habits(SHOP), Batch::new(), Vec::new());
    let wall = Millis(i64::from(SHOP.end.0) * 86_400_000);
    let mut offset = 0;
    while let Some(events) = shop.next_day() {
        for event in events {
            let mut value = Vec::new();
            write_json(event, currency, &mut value);
            let key = customer_id(event.customer);
            let record = RawRecord::new(Some(key.as_bytes()), Some(&value), wall);
            processor.process(0, offset, &record, wall, &mut batch);
            offset += 1;
            close(processor, wall, false, &mut batch, &mut outcomes);
        }
    }
    close(processor, wall, true, &mut batch, &mut outcomes);
    outcomes
}

/// Closes what is due.
fn close(processor: &mut Processor, wall: Millis, at_end: bool, batch: &mut Batch, outcomes: &mut Vec<Vec<u8>>) {
    let time = Time { wall, at_end: &[at_end], source_alive: true };
    while processor.advance(&time, batch) == Progress::More {}
    if batch.is_empty() {
        return;
    }
    outcomes.extend(
        batch
            .iter()
            .filter(|record| record.topic == OutTopic::Outcomes)
            .filter_map(|record| Some(record.value?.to_vec())),
    );
    batch.clear();
    processor.committed();
}

/// Long lists cut to their first elements, figures rounded.
pub fn shortened(mut value: Value) -> Value {
    match &mut value {
        Value::Array(list) => {
            if list.len() > LONGEST_LIST {
                list.truncate(SHORTENED);
            }
            for one in list {
                *one = shortened(one.take());
            }
        }
        Value::Object(fields) => {
            for one in fields.values_mut() {
                *one = shortened(one.take());
            }
        }
        Value::Number(number) if number.is_f64() => {
            return number.as_f64().map_or(Value::Null, |figure| ((figure * ROUNDED).round() / ROUNDED).into());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}
