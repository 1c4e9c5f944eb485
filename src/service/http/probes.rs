//! Probes and metrics, which need no token. They hold no customer data.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::service::http::api::Api;
use crate::service::http::openapi::example::ExampleShop;
use crate::service::http::openapi::pen::{Pen, operation};
use crate::service::http::openapi::route::Route;
use crate::service::http::openapi::shared::Shared;
use crate::service::http::problem::problem;

/// Said while every worker lives.
const ALIVE: &str = "alive\n";
/// Said while every partition is restored.
const READY: &str = "ready\n";

/// Its routes.
pub fn routes() -> [Route; 4] {
    [
        Route::get("/livez", livez, |pen| {
            let good = said(pen, "It does.", ALIVE);
            let description = "An orchestrator restarts it where it does not.";
            operation("livez", "Whether the process lives", description, good, &[Shared::NotNow])
        }),
        Route::get("/readyz", readyz, |pen| {
            let good = said(pen, "They are.", READY);
            let summary = "Whether all partitions of this replica are restored";
            operation("readyz", summary, "", good, &[Shared::NotNow])
        }),
        Route::get("/startupz", readyz, |pen| {
            let good = said(pen, "They are.", READY);
            let summary = "The same as `/readyz`, for a probe of its own with more patience";
            operation("startupz", summary, "", good, &[Shared::NotNow])
        }),
        Route::get("/metrics", metrics, |pen| {
            let schema = json!({"type": "string", "pattern": "^# HELP "});
            let good = pen.text("Prometheus' text format.", schema, ExampleShop::metrics);
            operation("metrics", "The metrics of docs/metrics.md, for Prometheus", "", good, &[])
        }),
    ]
}

fn said(pen: &Pen, description: &str, words: &'static str) -> aide::openapi::Response {
    pen.text(description, json!({"type": "string", "const": words}), |_| None)
}

async fn livez(State(api): State<Api>) -> Response {
    if !api.status.alive() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "a worker has ended; the log says why");
    }
    ALIVE.into_response()
}

async fn readyz(State(api): State<Api>) -> Response {
    match api.status.not_ready() {
        None => READY.into_response(),
        Some(why) => problem(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

async fn metrics(State(api): State<Api>) -> Response {
    api.metrics.phases(&api.status.phases(), api.status.ready());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], api.metrics.text()).into_response()
}
