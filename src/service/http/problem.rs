//! RFC 9457 problem documents: every error that HTTP tells.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

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

/// Why there is no answer, by RFC 9457.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Problem")]
pub struct ProblemDocument<'a> {
    /// A sentence that says what to do.
    #[schemars(length(min = 10))]
    detail: &'a str,
    /// The status.
    #[schemars(range(min = 300, max = 599))]
    status: u16,
    /// The status' name.
    title: &'static str,
    /// No page tells more.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "about:blank"))]
    kind: &'static str,
}

impl Problem {
    /// One that leads nowhere else.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), location: None }
    }

    /// As it is sent.
    pub fn document(&self) -> ProblemDocument<'_> {
        let (status, title) = (self.status.as_u16(), self.title());
        ProblemDocument { detail: &self.detail, status, title, kind: "about:blank" }
    }

    /// The reason phrase of its status.
    pub fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("error")
    }
}

impl IntoResponse for Problem {
    /// The document; the problem itself goes with it, for whoever shows it otherwise.
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, Json(self.document())).into_response();
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
