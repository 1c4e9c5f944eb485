//! The HTTP server. Probes and metrics are open; customer data needs the token once one is set.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::service::http::problem::problem;
use crate::service::models::Models;
use crate::service::status::{Phase, Status};
use crate::service::telemetry::metrics::Metrics;

/// How long the workers may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

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
    let asked = api.status.ask(&id);
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

async fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, "there are /livez, /readyz, /startupz, /metrics, /v1/customers/{id} and /v1/model")
}
