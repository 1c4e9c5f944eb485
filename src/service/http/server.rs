//! The HTTP server. Probes and metrics are open; customer data needs the token once one is set.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::engine::coming::add;
use crate::processor::setup::Setup;
use crate::service::http::problem::problem;
use crate::service::models::Models;
use crate::service::status::{Expected, Phase, Question, Status};
use crate::service::telemetry::metrics::Metrics;
use crate::wire::forecast_json::forecast_json;

/// How long the workers may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a question about all customers may take.
const SCAN_PATIENCE: Duration = Duration::from_mins(2);
/// Furthest forecast.
const MAX_AHEAD_DAYS: i32 = 365;

/// What handlers need.
#[derive(Clone)]
pub struct Api {
    /// Where the workers stand.
    pub status: Arc<Status>,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// The bearer token; absent only on loopback.
    pub token: Option<Arc<SecretString>>,
    /// The models.
    pub models: Models,
    /// What the processors are made with.
    pub setup: Arc<Setup>,
}

/// Binds to an address; port 0 takes a free one.
pub async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let taken =
        |fault| format!("cannot listen on {address} ({fault}): choose another http.listen, or port 0 for a free one");
    let listener = TcpListener::bind(address).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok((listener, address))
}

/// Serves until the process ends. `with_customers`: also what needs the token.
pub async fn serve(listener: TcpListener, api: Api, with_customers: bool) {
    let mut router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/startupz", get(readyz))
        .route("/metrics", get(metrics));
    if with_customers {
        let guarded = Router::new()
            .route("/v1/customers/{id}", get(customer))
            .route("/v1/forecast", get(forecast))
            .route("/v1/model", get(model))
            .route_layer(middleware::from_fn_with_state(api.clone(), guard));
        router = router.merge(guarded);
    }
    let router = router.fallback(missing).with_state(api);
    if let Err(fault) = axum::serve(listener, router).await {
        tracing::error!(%fault, "http server ended");
    }
}

async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(token) = &api.token else { return next.run(request).await };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if same(given.as_bytes(), token.expose_secret().as_bytes()) {
        return next.run(request).await;
    }
    problem(StatusCode::UNAUTHORIZED, "send the token of http.token_file as `Authorization: Bearer TOKEN`")
}

/// Compares in a time that does not tell how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

async fn livez(State(api): State<Api>) -> Response {
    if api.status.phases().contains(&Phase::Stopped) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "a worker has ended; the log says why");
    }
    "alive\n".into_response()
}

async fn readyz(State(api): State<Api>) -> Response {
    if api.status.ready() {
        return "ready\n".into_response();
    }
    problem(StatusCode::SERVICE_UNAVAILABLE, "still joining the group or restoring; ask again in a moment")
}

async fn metrics(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], api.metrics.text()).into_response()
}

async fn model(State(api): State<Api>) -> Json<Value> {
    Json(api.models.json())
}

async fn customer(State(api): State<Api>, Path(id): Path<String>) -> Response {
    let asked = api.status.ask(|answer| Question::Customer { customer: id.clone(), answer });
    let mut silent = asked.len() < api.status.phases().len();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for answer in asked {
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(Some(customer))) => return Json(customer).into_response(),
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => silent = true,
        }
    }
    if silent || !api.status.ready() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "a partition is being restored; ask again in a moment");
    }
    problem(StatusCode::NOT_FOUND, "no such customer in the partitions of this replica")
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
    if !whole || !api.status.ready() {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "partitions are on the move or too busy; ask again in a moment",
        );
    }
    let incomplete = all.partitions.len() < api.setup.policy.partitions as usize;
    let closed = all.partitions.iter().filter_map(|(_, closed)| *closed).min();
    Json(forecast_json(&all.forecast, days, closed, incomplete, &api.setup.locale)).into_response()
}

async fn missing() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "there are /livez, /readyz, /startupz, /metrics, /v1/customers/{id}, /v1/forecast and /v1/model",
    )
}
