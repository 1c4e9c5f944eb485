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
    /// The metrics in Prometheus's text format, told whether the command is ready.
    figures: Arc<dyn Fn(bool) -> String + Send + Sync>,
    /// Members of groups that have no partitions yet.
    pub joining: Arc<AtomicUsize>,
    /// The process was asked to end.
    pub is_draining: Arc<AtomicBool>,
}

impl Probes {
    /// With so many members, none of which has begun.
    pub fn new(figures: impl Fn(bool) -> String + Send + Sync + 'static, members: usize) -> Self {
        let figures = Arc::new(figures);
        Self { figures, joining: Arc::new(AtomicUsize::new(members)), is_draining: Arc::default() }
    }

    /// Why it is not ready, if it is not.
    fn not_ready(&self) -> Option<&'static str> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Some("draining: finishing what was begun");
        }
        (self.joining.load(Ordering::Relaxed) > 0).then_some("joining the groups; ask again in a moment")
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
    match probes.not_ready() {
        Some(why) => problem(StatusCode::SERVICE_UNAVAILABLE, why),
        None => "ready\n".into_response(),
    }
}

async fn metrics(State(probes): State<Probes>) -> Response {
    let figures = (probes.figures)(probes.not_ready().is_none());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], figures).into_response()
}

async fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there are {}", OPEN.join(", ")))
}
