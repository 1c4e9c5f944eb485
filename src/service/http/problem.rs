//! RFC 9457 problem documents: every error that HTTP tells.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A problem document of `status`; `detail` says what to do.
pub fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("error");
    let body = Json(json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail}));
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}
