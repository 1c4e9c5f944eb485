//! The pages' handlers: each asks what the API asks, and shows it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::effect_study::document::goals;
use crate::effect_study::goals::Goals;
use crate::effect_study::words::Words;
use crate::service::http::api::Api;
use crate::service::http::ask::{FORTNIGHT, Followed, effect, forecast, list, one, paid, running, summary};
use crate::service::http::customers::{Id, customer_id};
use crate::service::http::dashboard::customer::{Asked, customer};
use crate::service::http::dashboard::figures::Fields;
use crate::service::http::dashboard::frame::{Place, page};
use crate::service::http::dashboard::list::{self as customers_page, ANY, CHURNED, WARNED};
use crate::service::http::dashboard::reader::{Reader, steps_in_path};
use crate::service::http::dashboard::today::{Today, today};
use crate::service::http::dashboard::{effect as effect_page, health, model};
use crate::service::http::problem::Problem;
use crate::service::status::Question;
use crate::service::telemetry::recent::Readings;

/// Open warnings that are shown at once.
const FIRST: &str = "10";

/// `/`.
pub async fn today_page(State(api): State<Api>, reader: Reader) -> Result<Response, Problem> {
    let running = running(&api)?;
    let tally = summary(&api, false).await?;
    let first = list(&api, &BTreeMap::from([("limit".to_owned(), FIRST.to_owned())]), true).await?;
    let coming = forecast(&api, FORTNIGHT, false).await?;
    let has_goals = running.settings.goals != Goals::default();
    // Reading all outcomes may take long, and nobody waits for the goals with the warnings: the next look has them.
    let report = api.report.kept();
    if has_goals && report.is_none() {
        let api = api.clone();
        tokio::spawn(async move { drop(effect(&api).await) });
    }
    let words = Words { language: reader.words.language };
    let shown = Today {
        incomplete: first.incomplete,
        tally,
        first: &first,
        forecast: coming.forecast,
        goals: report.and_then(|report| goals(&report.answer, &words)),
        has_goals,
        currency: running.setup.locale.currency,
    };
    Ok(page(&reader, Some(Place::Today), &reader.words.today(), &today(&reader, &shown)))
}

/// `/customers`.
pub async fn customers_list(State(api): State<Api>, reader: Reader) -> Result<Response, Problem> {
    let mut asked = filled(&reader);
    match asked.remove("id") {
        Some(id) if steps_in_path(&id) => return show_customer(&api, &id, &reader, &asked).await,
        Some(id) => return Ok(Redirect::to(&reader.customer(&id)).into_response()),
        None => {}
    }
    let running = running(&api)?;
    let mut parameters = asked.clone();
    // Whom to call comes before everybody.
    let warned = parameters.remove(WARNED).is_none_or(|warned| warned != ANY) || parameters.contains_key("opened");
    // Of the lost ones nothing can be made good, so they are shown to whoever asks for them.
    match parameters.get(CHURNED).map(String::as_str) {
        None => drop(parameters.insert(CHURNED.to_owned(), "false".to_owned())),
        Some(ANY) => drop(parameters.remove(CHURNED)),
        Some(_) => {}
    }
    let shape = list(&api, &parameters, warned).await?;
    let body = customers_page::list(&reader, &asked, &running.setup.policy.segments, &shape);
    Ok(page(&reader, Some(Place::Customers), &reader.words.customers(), &body))
}

/// `/customers/{id}`.
pub async fn customer_page(State(api): State<Api>, id: Id, reader: Reader) -> Result<Response, Problem> {
    show_customer(&api, &customer_id(id)?, &reader, &filled(&reader)).await
}

/// The parameters that are filled in: a form sends every field, chosen or not.
fn filled(reader: &Reader) -> BTreeMap<String, String> {
    reader.parameters.iter().filter(|(_, value)| !value.is_empty()).cloned().collect()
}

async fn show_customer(
    api: &Api,
    id: &str,
    reader: &Reader,
    parameters: &BTreeMap<String, String>,
) -> Result<Response, Problem> {
    let path = format!("/v1/customers/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
    let profile =
        one(api, path.clone(), Followed::Here, id, |answer| Question::Customer { customer: id.to_owned(), answer })
            .await?;
    let timeline = one(api, format!("{path}/timeline"), Followed::Here, id, |answer| Question::Timeline {
        customer: id.to_owned(),
        answer,
    })
    .await?;
    let what_if = match paid(api, parameters) {
        Ok(amount) => {
            let question = |answer| Question::WhatIf { customer: id.to_owned(), amount, answer };
            let path = format!("{path}/what-if{}", asked_amount(parameters));
            Some(one(api, path, Followed::Here, id, question).await?)
        }
        Err(_) => None,
    };
    let running = running(api)?;
    let shown = Asked {
        profile: Fields(&profile),
        timeline: Fields(&timeline),
        what_if: what_if.as_ref().map(Fields),
        hidden_id: steps_in_path(id).then_some(id),
        amount: parameters.get("amount").map(String::as_str).unwrap_or_default(),
        horizon_days: running.settings.file.churn.horizon_days,
        has_playbook: !running.setup.policy.playbook.actions.is_empty(),
    };
    Ok(page(reader, Some(Place::Customers), id, &customer(reader, &shown)))
}

/// The amount as another replica is asked for it.
fn asked_amount(parameters: &BTreeMap<String, String>) -> String {
    let amount = parameters.get("amount").map(|amount| utf8_percent_encode(amount, NON_ALPHANUMERIC));
    amount.map_or_else(String::new, |amount| format!("?amount={amount}"))
}

/// `/effect`.
pub async fn effect_of(State(api): State<Api>, reader: Reader) -> Result<Response, Problem> {
    let body = match effect(&api).await {
        Ok(report) => effect_page::effect(&reader, &report.answer, &running(&api)?.setup.policy.playbook),
        Err(Problem { status: StatusCode::NOT_FOUND, .. }) => effect_page::nothing_yet(&reader),
        Err(problem) => return Err(problem),
    };
    Ok(page(&reader, Some(Place::Effect), &reader.words.effect_title(), &body))
}

/// `/model`.
pub async fn model_page(State(api): State<Api>, reader: Reader) -> Result<Response, Problem> {
    running(&api)?;
    let models = api.models.json();
    Ok(page(&reader, Some(Place::Model), &reader.words.model(), &model::model(&reader, Fields(&models))))
}

/// `/health`.
pub async fn health_page(State(api): State<Api>, reader: Reader) -> Response {
    let (readings, samples) = (Readings::of(&api.metrics), api.recent.samples());
    let body = health::health(&reader, api.status.not_ready(), &readings, &samples);
    page(&reader, Some(Place::Health), &reader.words.health(), &body)
}
