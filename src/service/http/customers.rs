//! What is answered about customers: one, a list of them, and what a purchase would change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::engine::money::Money;
use crate::engine::roster::Listed;
use crate::service::http::api::Api;
use crate::service::http::list_query::{ListQuery, Page};
use crate::service::http::peers::Owner;
use crate::service::http::problem::problem;
use crate::service::status::Question;
use crate::wire::amount::amount;
use crate::wire::shapes::listing::CustomersShape;
use crate::wire::shapes::scalars::MoneyText;

/// How long the workers may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Parameters as they came.
type Parameters = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// `/v1/customers/{id}`.
pub async fn customer(State(api): State<Api>, asked: Uri, id: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(id)) = id else { return no_id() };
    one(&api, &asked, &id, |answer| Question::Customer { customer: id.clone(), answer }).await
}

/// `/v1/customers/{id}/what-if`.
pub async fn what_if(
    State(api): State<Api>,
    asked: Uri,
    id: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Response {
    let Ok(Path(id)) = id else { return no_id() };
    match parameters.map_err(|fault| fault.body_text()).and_then(|Query(found)| paid(&api, &found)) {
        Ok(amount) => one(&api, &asked, &id, |answer| Question::WhatIf { customer: id.clone(), amount, answer }).await,
        Err(fault) => problem(StatusCode::BAD_REQUEST, &fault),
    }
}

/// `/v1/customers`.
pub async fn customers(State(api): State<Api>, parameters: Parameters) -> Response {
    list(&api, parameters, false).await
}

/// `/v1/alerts`.
pub async fn alerts(State(api): State<Api>, parameters: Parameters) -> Response {
    list(&api, parameters, true).await
}

fn no_id() -> Response {
    problem(StatusCode::BAD_REQUEST, "a customer's id is UTF-8, with what is special in a path encoded by %")
}

/// What would be paid, if that is said.
fn paid(api: &Api, parameters: &BTreeMap<String, String>) -> Result<Option<Money>, String> {
    if let Some(name) = parameters.keys().find(|name| *name != "amount") {
        return Err(format!("{name:?} is no parameter of this path: there is amount"));
    }
    let (Some(text), Some(setup)) = (parameters.get("amount"), api.setup.get()) else { return Ok(None) };
    let rules = &setup.rules;
    let read = amount(text, rules.currency, rules);
    read.map(Some).map_err(|_| format!("amount is what would be paid, a number in {}", rules.currency.code()))
}

/// What the worker that has the customer answers, or where the replica is that has it.
async fn one(
    api: &Api,
    asked: &Uri,
    customer: &str,
    question: impl Fn(oneshot::Sender<Option<Value>>) -> Question,
) -> Response {
    let answers = api.status.ask(question);
    let mut silent = answers.len() < api.status.phases().len();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for answer in answers {
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(Some(customer))) => return Json(customer).into_response(),
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => silent = true,
        }
    }
    if silent || !api.status.ready() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "a partition is being restored; ask again in a moment");
    }
    let Some(peers) = api.peers.get() else { return nobody() };
    // The group may still tell where this replica was reached before it was restarted.
    let partition = peers.partition(customer);
    for answer in api.status.ask(|answer| Question::Owns { partition, answer }) {
        if let Ok(Ok(Some(()))) = tokio::time::timeout_at(deadline, answer).await {
            return nobody();
        }
    }
    let Some(Owner { partition, address }) = peers.owner(customer).await else { return nobody() };
    let path = asked.path_and_query().map_or("/", |path| path.as_str());
    let words = format!("{address} answers for partition {partition}, which this customer would be in: ask there");
    let Ok(location) = HeaderValue::try_from(format!("{address}{path}")) else { return nobody() };
    let mut answer = problem(StatusCode::TEMPORARY_REDIRECT, &words);
    answer.headers_mut().insert(header::LOCATION, location);
    answer
}

fn nobody() -> Response {
    problem(StatusCode::NOT_FOUND, "no such customer in the partitions of this replica")
}

async fn list(api: &Api, parameters: Parameters, warned: bool) -> Response {
    let parameters = parameters.map_err(|fault| fault.body_text());
    let query = match parameters.and_then(|Query(found)| ListQuery::read(&found, warned)) {
        Ok(query) => query,
        Err(fault) => return problem(StatusCode::BAD_REQUEST, &fault),
    };
    let busy =
        || problem(StatusCode::SERVICE_UNAVAILABLE, "partitions are on the move or too busy; ask again in a moment");
    let Some(setup) = api.setup.get().filter(|_| api.status.ready()) else { return busy() };
    let Some(seen) = api.listing.seen(&api.status).await else { return busy() };
    let age_seconds = seen.age().as_secs();
    let incomplete = seen.partitions < setup.policy.partitions as usize;
    // A million customers take some milliseconds, which other requests don't wait for.
    let read = tokio::task::spawn_blocking(move || (query.page(&seen.listed), query)).await;
    let Ok((Page { count, value_at_risk, picked, next }, query)) = read else { return busy() };
    let Some(customers) = as_they_are(api, picked.into()).await else { return busy() };
    let shape = CustomersShape {
        currency: setup.locale.currency.into(),
        incomplete,
        age_seconds,
        count,
        value_at_risk: MoneyText::of(value_at_risk, setup.locale.currency),
        customers: customers.into_iter().filter(|customer| query.still_fits(customer)).collect(),
        next,
    };
    Json(shape).into_response()
}

/// The picked customers that are still there, in their order, as of now; `None` where a worker does not answer.
async fn as_they_are(api: &Api, picked: Arc<[Listed]>) -> Option<Vec<Value>> {
    let asked = api.status.ask(|answer| Question::Picked { picked: Arc::clone(&picked), answer });
    if asked.len() < api.status.phases().len() {
        return None;
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut found = Vec::new();
    for answer in asked {
        found.extend(tokio::time::timeout_at(deadline, answer).await.ok()?.ok()??);
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    Some(found.into_iter().map(|(_, customer)| customer).collect())
}
