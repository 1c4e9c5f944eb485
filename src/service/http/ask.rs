//! What the API and the pages ask alike: workers, the outcomes topic, the models. Each question has one answer, whoever shows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, Uri};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::config::settings::Settings;
use crate::effect_study::boundary::Spending;
use crate::effect_study::collect::{Collector, NoStudy};
use crate::effect_study::periods::Period;
use crate::effect_study::report::{Report, report};
use crate::engine::coming::add;
use crate::engine::money::Money;
use crate::engine::roster::Listed;
use crate::service::http::api::{Api, Running};
use crate::service::http::kept::Seen;
use crate::service::http::list_query::{ListQuery, Page};
use crate::service::http::peers::Owner;
use crate::service::http::problem::Problem;
use crate::service::kafka::history::each_value;
use crate::service::status::{Expected, Question, Roster, Status};
use crate::wire::amount::amount;
use crate::wire::forecast_json::forecast_json;
use crate::wire::outcome_facts::facts;
use crate::wire::shapes::listing::CustomersShape;
use crate::wire::shapes::scalars::MoneyText;

/// How long the workers may take to answer about one customer, or about a page of them.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same about all customers.
const SCAN_PATIENCE: Duration = Duration::from_mins(2);
/// Days of a fortnight.
pub const FORTNIGHT: i32 = 14;

fn unavailable(detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
}

fn busy() -> Problem {
    unavailable("partitions are on the move or too busy; ask again in a moment")
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

/// What the worker that has the customer answers, or where the replica is that has it; `asked`: the path that leads there.
pub async fn one(
    api: &Api,
    asked: &Uri,
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
    let nobody = || Problem::new(StatusCode::NOT_FOUND, "no such customer in the partitions of this replica");
    // The group may still tell where this replica was reached before it was restarted.
    let partition = peers.partition(customer);
    for answer in api.status.ask(|answer| Question::Owns { partition, answer }) {
        if let Ok(Ok(Some(()))) = timeout_at(deadline, answer).await {
            return Err(nobody());
        }
    }
    let Some(Owner { partition, address }) = peers.owner(customer).await else { return Err(nobody()) };
    let path = asked.path_and_query().map_or("/", |path| path.as_str());
    let words = format!("{address} answers for partition {partition}, which this customer would be in: ask there");
    let location = HeaderValue::try_from(format!("{address}{path}")).map_err(|_| nobody())?;
    Err(Problem { location: Some(location), ..Problem::new(StatusCode::TEMPORARY_REDIRECT, words) })
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
    if !api.status.ready() {
        return Err(busy());
    }
    let status = Arc::clone(&api.status);
    let look = || async move {
        let mut whole = Roster::default();
        for roster in all(&status, |answer| Question::Roster { answer }, SCAN_PATIENCE).await? {
            whole.partitions.extend(roster.partitions);
            whole.listed.extend(roster.listed);
        }
        Ok::<_, Problem>(whole)
    };
    api.roster.seen(look).await
}

/// A page of customers.
pub async fn list(api: &Api, query: ListQuery) -> Result<CustomersShape, Problem> {
    let setup = &running(api)?.setup;
    let seen = roster(api).await?;
    let age_seconds = seen.age().as_secs();
    let incomplete = seen.answer.partitions.len() < setup.policy.partitions as usize;
    // A million customers take some milliseconds, which other requests don't wait for.
    let read = tokio::task::spawn_blocking(move || (query.page(&seen.answer.listed), query)).await;
    let (Page { count, value_at_risk, picked, next }, query) = read.map_err(|_| busy())?;
    let picked: Arc<[Listed]> = picked.into();
    let mut found: Vec<(usize, Value)> =
        all(&api.status, |answer| Question::Picked { picked: Arc::clone(&picked), answer }, PATIENCE).await?.concat();
    found.sort_unstable_by_key(|(at, _)| *at);
    let customers = found.into_iter().map(|(_, customer)| customer).filter(|customer| query.still_fits(customer));
    Ok(CustomersShape {
        currency: setup.locale.currency.into(),
        incomplete,
        age_seconds,
        count,
        value_at_risk: MoneyText::of(value_at_risk, setup.locale.currency),
        customers: customers.collect(),
        next,
    })
}

/// The warnings that the next `days` closes will bring.
pub async fn forecast(status: &Status, days: i32) -> Result<Expected, Problem> {
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

/// Those of the coming fortnight, as of now or of a moment ago.
pub async fn expected_now(api: &Api) -> Result<Arc<Seen<Expected>>, Problem> {
    let status = Arc::clone(&api.status);
    api.fortnight.seen(|| async move { forecast(&status, FORTNIGHT).await }).await
}

/// The same as JSON.
pub fn expected_json(expected: &Expected, days: i32, running: &Running) -> Value {
    let incomplete = expected.partitions.len() < running.setup.policy.partitions as usize;
    let closed = expected.partitions.iter().filter_map(|(_, closed)| *closed).min();
    forecast_json(&expected.forecast, days, closed, incomplete, &running.setup.locale)
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
            NoStudy::NothingTold => {
                "no warning has opened yet, so there is nothing to compare; ask again once some have"
            }
            NoStudy::Currencies(_) | NoStudy::OtherCurrencies(_) => {
                "every outcome is in another currency than money.currency: `churnwatch report --currency` tells of each"
            }
        };
        Problem::new(StatusCode::NOT_FOUND, sentence)
    })?;
    Ok(report(&study, &Spending::yearly(), &settings.goals, Period::Month))
}
