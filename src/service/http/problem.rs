//! RFC 9457 problem documents: every error that HTTP tells.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why there is no answer, and what to do.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What to do, in a sentence.
    pub detail: String,
    /// Where to ask instead.
    pub location: Option<HeaderValue>,
}

impl Problem {
    /// One that leads nowhere else.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), location: None }
    }

    /// The reason phrase of its status.
    pub fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("error")
    }
}

impl IntoResponse for Problem {
    /// The document; the problem itself goes with it, for whoever shows it otherwise.
    fn into_response(self) -> Response {
        let body = json!({"type": "about:blank", "title": self.title(), "status": self.status.as_u16(), "detail": self.detail});
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, Json(body)).into_response();
        if let Some(location) = &self.location {
            response.headers_mut().insert(header::LOCATION, location.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem document of `status`; `detail` says what to do.
pub fn problem(status: StatusCode, detail: &str) -> Response {
    Problem::new(status, detail).into_response()
}
