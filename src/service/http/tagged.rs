//! Answers that change seldom, with a tag: who has one already is told that it still holds (RFC 9110, `If-None-Match`).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use xxhash_rust::xxh3::xxh3_64;

/// The kind of what the API answers.
pub const JSON: &str = "application/json";

/// The body, or word that the one that the client has is the same. It holds nothing about a customer, so a browser may keep it.
pub fn tagged(headers: &HeaderMap, kind: &'static str, body: Vec<u8>) -> Response {
    let tag = format!("\"{:016x}\"", xxh3_64(&body));
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let holds = known.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.trim_start_matches("W/") == tag
    });
    let mut response =
        if holds { StatusCode::NOT_MODIFIED.into_response() } else { ([(CONTENT_TYPE, kind)], body).into_response() };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ETAG, IF_NONE_MATCH};
    use axum::http::{HeaderMap, HeaderValue};

    use super::tagged;

    #[test]
    fn who_has_the_same_is_told_so_and_who_has_another_gets_it() {
        let ask = |known: Option<&HeaderValue>, body: &[u8]| {
            let headers: HeaderMap = known.map(|tag| (IF_NONE_MATCH, tag.clone())).into_iter().collect();
            tagged(&headers, "text/plain", body.to_vec())
        };
        let first = ask(None, b"one");
        let tag = first.headers().get(ETAG).unwrap();
        assert_eq!(first.status(), 200);
        assert_eq!(ask(Some(tag), b"one").status(), 304);
        assert_eq!(ask(Some(tag), b"two").status(), 200);
        let weak = HeaderValue::try_from(format!("\"x\", W/{}", tag.to_str().unwrap())).unwrap();
        assert_eq!(ask(Some(&weak), b"one").status(), 304);
    }
}
