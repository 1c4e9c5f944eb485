//! The routes and what they answer. Who may ask is not asked here: `gate` has done that.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

use crate::effect_study::json::report_json;
use crate::service::http::api::Api;
use crate::service::http::ask::{self, FORTNIGHT, coming_json, effect, running, summary_json};
use crate::service::http::customers::{alerts, customer, customers, timeline, what_if};
use crate::service::http::dashboard::frame::{Place, STYLE, show_problems, style};
use crate::service::http::dashboard::pages::{
    customer_page, customers_list, effect_of, health_page, model_page, today_page,
};
use crate::service::http::gate::{Gate, OPEN, pass};
use crate::service::http::problem::{Problem, problem};
use crate::service::http::tagged::tagged;
use crate::wire::shapes::listing::SummaryShape;

/// What needs the token.
pub const GUARDED: [&str; 9] = [
    "/v1/alerts",
    "/v1/customers",
    "/v1/customers/{id}",
    "/v1/customers/{id}/timeline",
    "/v1/customers/{id}/what-if",
    "/v1/forecast",
    "/v1/model",
    "/v1/report",
    "/v1/summary",
];
/// The kind of what the API answers.
const JSON: &str = "application/json";
/// The page of a customer.
const CUSTOMER: &str = "/customers/{id}";
/// Furthest forecast.
const MAX_AHEAD_DAYS: i32 = 365;

/// The routes. `with_customers`: also those that need the token.
pub fn routes(api: Api, gate: Gate, with_customers: bool) -> Router {
    let [lives, is_ready, has_started, figures] = OPEN;
    let mut router = Router::new()
        .route(lives, get(livez))
        .route(is_ready, get(readyz))
        .route(has_started, get(readyz))
        .route(figures, get(metrics));
    if with_customers {
        let [warnings, all, one, past, supposed, coming, models, effects, counts] = GUARDED;
        router = router
            .route(warnings, get(alerts))
            .route(all, get(customers))
            .route(one, get(customer))
            .route(past, get(timeline))
            .route(supposed, get(what_if))
            .route(coming, get(forecast))
            .route(models, get(model))
            .route(effects, get(report))
            .route(counts, get(summary))
            .route(Place::Today.path(), get(today_page))
            .route(Place::Customers.path(), get(customers_list))
            .route(CUSTOMER, get(customer_page))
            .route(Place::Effect.path(), get(effect_of))
            .route(Place::Model.path(), get(model_page))
            .route(Place::Health.path(), get(health_page))
            .route(STYLE, get(style));
    }
    let router = router.fallback(missing).method_not_allowed_fallback(not_allowed);
    let router = router.layer(middleware::from_fn_with_state(gate, pass)).with_state(api);
    if with_customers { router.layer(middleware::from_fn(show_problems)) } else { router }
}

async fn livez(State(api): State<Api>) -> Response {
    if !api.status.alive() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "a worker has ended; the log says why");
    }
    "alive\n".into_response()
}

async fn readyz(State(api): State<Api>) -> Response {
    match api.status.not_ready() {
        None => "ready\n".into_response(),
        Some(why) => problem(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

async fn metrics(State(api): State<Api>) -> Response {
    api.metrics.phases(&api.status.phases(), api.status.ready());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], api.metrics.text()).into_response()
}

async fn model(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    running(&api).map(|_| tagged(&headers, JSON, api.models.json().to_string().into_bytes()))
}

async fn report(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    let seen = effect(&api).await?;
    Ok(tagged(&headers, JSON, report_json(&seen.answer).to_string().into_bytes()))
}

/// How far ahead is asked, and whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ahead {
    #[serde(default = "fortnight")]
    days: i32,
    #[serde(default)]
    scope: Scope,
}

const fn fortnight() -> i32 {
    FORTNIGHT
}

/// Whose partitions are counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Those of every replica that answers.
    #[default]
    All,
    /// This one's.
    Here,
}

/// Whom is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whom {
    #[serde(default)]
    scope: Scope,
}

async fn summary(
    State(api): State<Api>,
    whom: Result<Query<Whom>, QueryRejection>,
) -> Result<Json<SummaryShape>, Problem> {
    let wrong = |_| Problem::new(StatusCode::BAD_REQUEST, "there is one parameter, scope: all or here");
    let Query(Whom { scope }) = whom.map_err(wrong)?;
    let tally = ask::summary(&api, scope == Scope::Here).await?;
    Ok(Json(summary_json(&tally, running(&api)?)))
}

async fn forecast(State(api): State<Api>, ahead: Result<Query<Ahead>, QueryRejection>) -> Result<Json<Value>, Problem> {
    let wrong = || {
        let words = format!("days is a whole number from 1 to {MAX_AHEAD_DAYS}, scope is all or here");
        Problem::new(StatusCode::BAD_REQUEST, words)
    };
    let Query(Ahead { days, scope }) = ahead.map_err(|_| wrong())?;
    if !(1..=MAX_AHEAD_DAYS).contains(&days) {
        return Err(wrong());
    }
    let coming = ask::forecast(&api, days, scope == Scope::Here).await?;
    Ok(Json(coming_json(&coming, days, running(&api)?)))
}

async fn not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here")
}

async fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there are {} and {}", OPEN.join(", "), GUARDED.join(", ")))
}
