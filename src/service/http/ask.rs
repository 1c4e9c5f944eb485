//! What the API and the pages ask alike: workers, the outcomes topic, other replicas. Each question has one answer, whoever
//! shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::config::settings::Settings;
use crate::effect_study::boundary::Spending;
use crate::effect_study::collect::{Collector, NoStudy};
use crate::effect_study::periods::Period;
use crate::effect_study::report::{Report, report};
use crate::engine::coming::{Forecast, add};
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::roster::Listed;
use crate::processor::setup::Setup;
use crate::service::http::api::{Api, Running};
use crate::service::http::gather::{Listing, expected, listing, merged, tally};
use crate::service::http::kept::Seen;
use crate::service::http::list_query::{ListQuery, Page};
use crate::service::http::peers::Owner;
use crate::service::http::problem::Problem;
use crate::service::http::tally::Tally;
use crate::service::kafka::history::each_value;
use crate::service::status::{Absent, Expected, Question, Roster, Status};
use crate::wire::amount::amount;
use crate::wire::forecast_json::{forecast_json, tiers_shape};
use crate::wire::outcome_facts::facts;
use crate::wire::rules::EventRules;
use crate::wire::shapes::listing::{BandsShape, CustomersShape, SummaryShape};
use crate::wire::shapes::scalars::MoneyText;

/// How long the workers may take to answer about one customer, or about a page of them.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same about all customers.
const SCAN_PATIENCE: Duration = Duration::from_mins(2);
/// Days of a fortnight.
pub const FORTNIGHT: i32 = 14;

/// What is said where not every worker answers.
pub const BUSY: &str = "partitions are on the move or too busy; ask again in a moment";
/// What is said of a customer that nobody has, and of one that another replica may have, which can't be asked.
pub const NOBODY: &str = "no such customer: an id is written just as the events have it";
const NOBODY_HERE: &str =
    "no such customer in the partitions of this replica: an id is written just as the events have it";
/// What is said while there is nothing to report.
pub const NO_WARNING_YET: &str = "no warning has opened yet, so there is nothing to compare; ask again once some have";

fn unavailable(detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

fn busy() -> Problem {
    unavailable(BUSY)
}

/// What there is once the topics were looked at.
pub fn running(api: &Api) -> Result<&Running, Problem> {
    api.running.get().ok_or_else(|| unavailable("starting: looking at the topics; ask again in a moment"))
}

/// What would be paid, if that is said.
pub fn paid(api: &Api, parameters: &BTreeMap<String, String>) -> Result<Option<Money>, Problem> {
    let wrong = |fault: String| Problem::new(StatusCode::BAD_REQUEST, fault);
    if let Some(name) = parameters.keys().find(|name| *name != "amount") {
        return Err(wrong(format!("{name:?} is no parameter of this path: there is amount")));
    }
    let Some(text) = parameters.get("amount") else { return Ok(None) };
    let rules = &running(api)?.setup.rules;
    let read = amount(text, rules.currency, rules);
    read.map(Some).map_err(|_| wrong(format!("amount is what would be paid, a number in {}", rules.currency.code())))
}

/// What the worker that has the customer answers; `asked`: the path that leads to the same on the replica that has it.
pub async fn one(
    api: &Api,
    asked: String,
    followed: Followed,
    customer: &str,
    question: impl Fn(oneshot::Sender<Option<Value>>) -> Question,
) -> Result<Value, Problem> {
    let answers = api.status.ask(question);
    let mut silent = answers.len() < api.status.phases().len();
    let deadline = Instant::now() + PATIENCE;
    for answer in answers {
        match timeout_at(deadline, answer).await {
            Ok(Ok(Some(customer))) => return Ok(customer),
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => silent = true,
        }
    }
    if silent || !api.status.ready() {
        return Err(unavailable("a partition is being restored; ask again in a moment"));
    }
    let peers = &running(api)?.peers;
    let nobody = |words: &str| Problem::new(StatusCode::NOT_FOUND, words);
    let owns = |answer| Question::Owns { partition: peers.partition(customer), customer: customer.to_owned(), answer };
    // The group may still tell where this replica was reached before it was restarted.
    for answer in api.status.ask(owns) {
        match timeout_at(deadline, answer).await {
            Ok(Ok(Some(Absent::Unknown))) => return Err(nobody(NOBODY)),
            Ok(Ok(Some(Absent::Merged(id)))) => return Err(nobody(&merged_into(&id))),
            Ok(Ok(None) | Err(_)) | Err(_) => {}
        }
    }
    let Some(owner) = peers.owner(customer).await else { return Err(nobody(NOBODY_HERE)) };
    if followed == Followed::Here {
        let (status, document) = peers.ask(&owner, asked).await.ok_or_else(busy)?;
        let detail = document.get("detail").and_then(Value::as_str).unwrap_or_default();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        return if status.is_success() { Ok(document) } else { Err(Problem::new(status, detail)) };
    }
    let Owner { partition, url, .. } = &owner;
    let location = HeaderValue::try_from(format!("{url}{asked}")).map_err(|_| nobody(NOBODY_HERE))?;
    Err(Problem {
        location: Some(location),
        ..Problem::new(StatusCode::TEMPORARY_REDIRECT, elsewhere(url, *partition))
    })
}

/// What is said of an id that is another name of a customer.
fn merged_into(id: &str) -> String {
    format!("no such customer any more: this is another name of the customer {id:?}; ask for that id")
}

/// What is said of a customer that the replica at `url` has.
pub fn elsewhere(url: &str, partition: u32) -> String {
    format!("{url} answers for partition {partition}, which this customer would be in: ask there")
}

/// What is done where another replica has the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Whoever asks is sent there.
    ByTheAsker,
    /// It is asked from here.
    Here,
}

/// Every worker's answer about all of its customers; only all of them together are one.
async fn all<T>(
    status: &Status,
    question: impl Fn(oneshot::Sender<Option<T>>) -> Question,
    patience: Duration,
) -> Result<Vec<T>, Problem> {
    let asked = status.ask(question);
    if asked.is_empty() || asked.len() < status.phases().len() {
        return Err(busy());
    }
    let deadline = Instant::now() + patience;
    let mut answers = Vec::with_capacity(asked.len());
    for answer in asked {
        let answer = timeout_at(deadline, answer).await.ok().and_then(Result::ok).flatten();
        answers.push(answer.ok_or_else(busy)?);
    }
    Ok(answers)
}

/// All customers, as of now or of a moment ago.
pub async fn roster(api: &Api) -> Result<Arc<Seen<Roster>>, Problem> {
    let status = Arc::clone(&api.status);
    api.roster.seen(|| async move { roster_here(&status).await }).await
}

async fn roster_here(status: &Status) -> Result<Roster, Problem> {
    if !status.ready() {
        return Err(busy());
    }
    let mut whole = Roster::default();
    for roster in all(status, |answer| Question::Roster { answer }, SCAN_PATIENCE).await? {
        whole.partitions.extend(roster.partitions);
        whole.listed.extend(roster.listed);
    }
    Ok(whole)
}

/// Looks at all customers again for those who look at lists and forecasts every day, so that they need not wait.
pub async fn keep_warm(api: &Api) {
    api.roster.keep_warm(|| roster_here(&api.status)).await;
    api.fortnight.keep_warm(|| expected_here(&api.status, FORTNIGHT)).await;
}

/// A page of customers, or of those with an open warning: of all replicas that answer, or, where `scope=here`, of this one.
pub async fn list(api: &Api, parameters: &BTreeMap<String, String>, warned: bool) -> Result<CustomersShape, Problem> {
    let read = ListQuery::read(parameters, warned);
    let query = read.map_err(|fault| Problem::new(StatusCode::BAD_REQUEST, fault))?;
    let setup = &running(api)?.setup;
    let (mut whole, here, query) = listing_here(api, query).await?;
    if !query.is_here_alone() {
        let path = if warned { "/v1/alerts" } else { "/v1/customers" };
        let mut pages = others(api, &here, path, parameters, listing).await?;
        pages.push(whole);
        whole = merged(&query, pages, &setup.rules);
    }
    Ok(page_json(whole, setup))
}

/// A page as JSON.
pub fn page_json(page: Listing, setup: &Setup) -> CustomersShape {
    CustomersShape {
        currency: setup.locale.currency.into(),
        partitions: page.partitions,
        incomplete: page.partitions < u64::from(setup.policy.partitions),
        age_seconds: page.age_seconds,
        count: page.count,
        value_at_risk: MoneyText::of(page.value_at_risk, setup.locale.currency),
        customers: page.customers,
        next: page.next,
    }
}

/// The page of this replica's customers, the partitions that they are in, and the query again.
async fn listing_here(api: &Api, query: ListQuery) -> Result<(Listing, BTreeSet<u32>, ListQuery), Problem> {
    let seen = roster(api).await?;
    let here = partitions(&seen.answer.partitions);
    let age_seconds = seen.age().as_secs();
    // A million customers take some milliseconds, which other requests don't wait for.
    let read = tokio::task::spawn_blocking(move || (query.page(&seen.answer.listed), query)).await;
    let (Page { count, value_at_risk, picked, next }, query) = read.map_err(|_| busy())?;
    let picked: Arc<[Listed]> = picked.into();
    let mut found: Vec<(usize, Value)> =
        all(&api.status, |answer| Question::Picked { picked: Arc::clone(&picked), answer }, PATIENCE).await?.concat();
    found.sort_unstable_by_key(|(at, _)| *at);
    let customers = found.into_iter().map(|(_, customer)| customer).filter(|customer| query.still_fits(customer));
    let customers = customers.collect();
    Ok((Listing { partitions: here.len() as u64, age_seconds, count, value_at_risk, customers, next }, here, query))
}

fn partitions(closed: &[(u32, Option<Day>)]) -> BTreeSet<u32> {
    closed.iter().map(|(partition, _)| *partition).collect()
}

/// What the other replicas say that have partitions besides those that are `here`, each of its own.
async fn others<T>(
    api: &Api,
    here: &BTreeSet<u32>,
    path: &str,
    parameters: &BTreeMap<String, String>,
    read: impl Fn(&Value, &EventRules) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let Running { setup, peers, .. } = running(api)?;
    if here.len() >= setup.policy.partitions as usize {
        return Ok(Vec::new());
    }
    let asked = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1)
        .extend_pairs(parameters.iter().filter(|(name, _)| *name != "scope"))
        .append_pair("scope", "here")
        .finish();
    let answers = peers.ask_others(here, &asked).await;
    Ok(answers.iter().filter_map(|answer| read(answer, &setup.rules)).collect())
}

/// Customers and warnings, counted.
pub async fn summary(api: &Api, here_alone: bool) -> Result<Tally, Problem> {
    let seen = roster(api).await?;
    let mut whole = Tally::of(&seen.answer);
    if !here_alone {
        let here = partitions(&seen.answer.partitions);
        for tally in others(api, &here, "/v1/summary", &BTreeMap::new(), tally).await? {
            whole.add(&tally);
        }
    }
    Ok(whole)
}

/// The same as JSON.
pub fn summary_json(tally: &Tally, setup: &Setup) -> SummaryShape {
    let locale = &setup.locale;
    let [low, watch, high, critical] = tally.bands;
    SummaryShape {
        currency: locale.currency.into(),
        partitions: tally.partitions,
        incomplete: tally.partitions < u64::from(setup.policy.partitions),
        closed_day: tally.closed.map(Into::into),
        customers: tally.customers,
        churned: tally.churned,
        bands: BandsShape { low, watch, high, critical },
        opened: tiers_shape(tally.opened, locale),
        open: tiers_shape(tally.open, locale),
    }
}

/// Warnings to come.
pub struct Coming {
    /// How many partitions are counted.
    pub partitions: u64,
    /// The last day that they all closed.
    pub closed: Option<Day>,
    /// By day and tier.
    pub forecast: Forecast,
}

/// The warnings that the next `days` closes will bring. Those of the fortnight may be some seconds old.
pub async fn forecast(api: &Api, days: i32, here_alone: bool) -> Result<Coming, Problem> {
    let status = Arc::clone(&api.status);
    let work = || async move { expected_here(&status, days).await };
    let seen = if days == FORTNIGHT { api.fortnight.seen(work).await? } else { Seen::now(work().await?) };
    let Expected { forecast, partitions: closed } = &seen.answer;
    let here = partitions(closed);
    let mut coming = Coming {
        partitions: here.len() as u64,
        closed: closed.iter().filter_map(|(_, closed)| *closed).min(),
        forecast: forecast.clone(),
    };
    if !here_alone {
        let asked = BTreeMap::from([("days".to_owned(), days.to_string())]);
        for (partitions, closed, forecast) in others(api, &here, "/v1/forecast", &asked, expected).await? {
            coming.partitions += partitions;
            coming.closed = [coming.closed, closed].into_iter().flatten().min();
            add(&mut coming.forecast, &forecast);
        }
    }
    Ok(coming)
}

async fn expected_here(status: &Status, days: i32) -> Result<Expected, Problem> {
    if !status.ready() {
        return Err(busy());
    }
    let mut whole = Expected::default();
    for expected in all(status, |answer| Question::Forecast { days, answer }, SCAN_PATIENCE).await? {
        add(&mut whole.forecast, &expected.forecast);
        whole.partitions.extend(expected.partitions);
    }
    Ok(whole)
}

/// The same as JSON.
pub fn coming_json(coming: &Coming, days: i32, setup: &Setup) -> Value {
    let partitions = [coming.partitions, u64::from(setup.policy.partitions)];
    forecast_json(&coming.forecast, days, coming.closed, partitions, &setup.locale)
}

/// Whether acting on warnings helps, from all outcomes there are.
pub async fn effect(api: &Api) -> Result<Arc<Seen<Report>>, Problem> {
    let running = running(api)?;
    let (settings, partitions) = (Arc::clone(&running.settings), running.setup.policy.partitions);
    let work = move || async move {
        let read = tokio::task::spawn_blocking(move || study(&settings, partitions)).await;
        read.map_err(|fault| unavailable(&format!("the outcomes could not be read: {fault}")))?
    };
    api.report.seen(work).await
}

fn study(settings: &Settings, partitions: u32) -> Result<Report, Problem> {
    let mut collector = Collector::new(None, None, Some(settings.rules.currency.code().to_owned()));
    let take = |value: &[u8]| {
        collector.take(facts(value));
        Ok(())
    };
    let topic = &settings.file.topics.outcomes;
    each_value(settings, topic, partitions, &|_| {}, take).map_err(|fault| unavailable(&fault.to_string()))?;
    let study = collector.study().map_err(|why| {
        let sentence = match why {
            NoStudy::NothingTold => NO_WARNING_YET,
            NoStudy::Currencies(_) | NoStudy::OtherCurrencies(_) => {
                "every outcome is in another currency than money.currency: `churnwatch report --currency` tells of each"
            }
        };
        Problem::new(StatusCode::NOT_FOUND, sentence)
    })?;
    Ok(report(&study, &Spending::yearly(), &settings.goals, Period::Month))
}
