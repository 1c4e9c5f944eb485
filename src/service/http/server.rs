//! The routes and what they answer. Who may ask is not asked here: `gate` has done that.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::engine::coming::add;
use crate::service::http::api::Api;
use crate::service::http::customers::{alerts, customer, customers, what_if};
use crate::service::http::gate::{Gate, OPEN, pass};
use crate::service::http::problem::problem;
use crate::service::status::{Expected, Question};
use crate::wire::forecast_json::forecast_json;

/// What needs the token.
pub const GUARDED: [&str; 6] =
    ["/v1/alerts", "/v1/customers", "/v1/customers/{id}", "/v1/customers/{id}/what-if", "/v1/forecast", "/v1/model"];
/// How long a question about all customers may take.
const SCAN_PATIENCE: Duration = Duration::from_mins(2);
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
        let [warnings, all, one, supposed, coming, models] = GUARDED;
        router = router
            .route(warnings, get(alerts))
            .route(all, get(customers))
            .route(one, get(customer))
            .route(supposed, get(what_if))
            .route(coming, get(forecast))
            .route(models, get(model));
    }
    let router = router.fallback(missing).method_not_allowed_fallback(not_allowed);
    router.layer(middleware::from_fn_with_state(gate, pass)).with_state(api)
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

async fn model(State(api): State<Api>) -> Response {
    if api.setup.get().is_none() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "no model is in force yet; ask again in a moment");
    }
    Json(api.models.json()).into_response()
}

/// How far ahead is asked.
#[derive(Deserialize)]
struct Ahead {
    #[serde(default = "fortnight")]
    days: i32,
}

const fn fortnight() -> i32 {
    14
}

async fn forecast(State(api): State<Api>, ahead: Result<Query<Ahead>, QueryRejection>) -> Response {
    let Some(days) = ahead.ok().map(|Query(ahead)| ahead.days).filter(|days| (1..=MAX_AHEAD_DAYS).contains(days))
    else {
        return problem(StatusCode::BAD_REQUEST, &format!("days is a whole number from 1 to {MAX_AHEAD_DAYS}"));
    };
    let asked = api.status.ask(|answer| Question::Forecast { days, answer });
    let mut whole = asked.len() == api.status.phases().len();
    let deadline = tokio::time::Instant::now() + SCAN_PATIENCE;
    let mut all = Expected::default();
    for answer in asked {
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(Some(expected))) => {
                add(&mut all.forecast, &expected.forecast);
                all.partitions.extend(expected.partitions);
            }
            Ok(Ok(None) | Err(_)) | Err(_) => whole = false,
        }
    }
    let Some(setup) = api.setup.get().filter(|_| whole && api.status.ready()) else {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "partitions are on the move or too busy; ask again in a moment",
        );
    };
    let incomplete = all.partitions.len() < setup.policy.partitions as usize;
    let closed = all.partitions.iter().filter_map(|(_, closed)| *closed).min();
    Json(forecast_json(&all.forecast, days, closed, incomplete, &setup.locale)).into_response()
}

async fn not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here")
}

async fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there are {} and {}", OPEN.join(", "), GUARDED.join(", ")))
}
