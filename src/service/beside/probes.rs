//! Probes and metrics of a command beside the service: the same four paths as of the service, and nothing about anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::service::http::gate::{Gate, OPEN, pass};
use crate::service::http::problem::problem;

/// What the handlers look at.
#[derive(Clone)]
pub struct Probes {
    /// The metrics in Prometheus's text format.
    figures: Arc<dyn Fn() -> String + Send + Sync>,
    /// Members of groups that have no partitions yet.
    pub joining: Arc<AtomicUsize>,
    /// The process was asked to end.
    pub is_draining: Arc<AtomicBool>,
}

impl Probes {
    /// With so many members, none of which has begun.
    pub fn new(figures: impl Fn() -> String + Send + Sync + 'static, members: usize) -> Self {
        let figures = Arc::new(figures);
        Self { figures, joining: Arc::new(AtomicUsize::new(members)), is_draining: Arc::default() }
    }

    /// The routes, behind a gate of their own.
    pub fn routes(self, per_second: u32) -> Router {
        let gate = Gate::new(None, per_second, false, None);
        let [lives, is_ready, has_started, figures] = OPEN;
        Router::new()
            .route(lives, get(|| async { "alive\n" }))
            .route(is_ready, get(readyz))
            .route(has_started, get(readyz))
            .route(figures, get(metrics))
            .fallback(missing)
            .layer(middleware::from_fn_with_state(gate, pass))
            .with_state(self)
    }
}

async fn readyz(State(probes): State<Probes>) -> Response {
    if probes.is_draining.load(Ordering::Relaxed) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "draining: finishing what was begun");
    }
    if probes.joining.load(Ordering::Relaxed) > 0 {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "joining the groups; ask again in a moment");
    }
    "ready\n".into_response()
}

async fn metrics(State(probes): State<Probes>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (probes.figures)()).into_response()
}

async fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there are {}", OPEN.join(", ")))
}
