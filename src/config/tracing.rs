//! `[tracing]`, checked. The values of its headers are secret and never shown.

use std::path::Path;

use http::{HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};

use crate::config::checker::{Checker, is_open, names_user, secret};
use crate::config::file_tracing::Tracing as TracingFile;
use crate::config::http_tls::read_authority;

/// Where spans go, and which events have some.
#[derive(Clone)]
pub struct Tracing {
    /// Where spans are posted to.
    pub url: String,
    /// More headers for it.
    pub headers: Vec<(String, SecretString)>,
    /// The authority that vouches for its certificate, as PEM.
    pub authority: Option<Vec<u8>>,
    /// Share of the records without a trace of their own that are sampled.
    pub sample_ratio: f64,
    /// Name of the service in its spans.
    pub service_name: String,
}

/// Checks the table; `None`: nothing is traced.
pub(crate) fn tracing(file: &TracingFile, check: &mut Checker) -> Option<Tracing> {
    let ratio = file.sample_ratio;
    check.must("tracing.sample_ratio", (0.0..=1.0).contains(&ratio), "must lie between 0 and 1");
    check.must("tracing.service_name", !file.service_name.is_empty(), "must not be empty");
    let headers = file.headers_file.as_deref().map(headers).transpose();
    let headers = check.take("tracing.headers_file", headers, None);
    let authority = file.ca_file.as_deref().map(read_authority).transpose();
    let authority = check.take("tracing.ca_file", authority, None);
    let may_be_read = file.headers_file.is_none() || file.allow_http;
    let url = file.endpoint.as_deref().map(|endpoint| url(endpoint, may_be_read)).transpose();
    let url = check.take("tracing.endpoint", url, None);
    let (headers, service_name) = (headers.unwrap_or_default(), file.service_name.clone());
    url.map(|url| Tracing { url, headers, authority, sample_ratio: ratio, service_name })
}

/// Where a collector takes spans. The address is not repeated: it may be secret.
fn url(endpoint: &str, may_be_read: bool) -> Result<String, String> {
    let uri: Uri = endpoint.parse().unwrap_or_default();
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if !is_http || uri.authority().is_none() || names_user(&uri) || uri.query().is_some() {
        let sentence = "is the address of a collector, like \"http://localhost:4318\": no user, no password, no query";
        return Err(sentence.into());
    }
    if is_open(&uri) && !may_be_read {
        let sentence =
            "must begin with https://, or the headers can be read on the way; tracing.allow_http = true lets it";
        return Err(sentence.into());
    }
    Ok(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
}

fn headers(path: &Path) -> Result<Vec<(String, SecretString)>, String> {
    let text = secret(path)?;
    let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
    let header = |(at, line): (usize, &str)| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        let (name, value) = (name.trim(), value.trim());
        let right = name.parse::<HeaderName>().is_ok() && !value.is_empty() && value.parse::<HeaderValue>().is_ok();
        let wrong = || format!("{}: write header {} like \"Authorization: Bearer ...\"", path.display(), at + 1);
        right.then(|| (name.to_owned(), SecretString::from(value))).ok_or_else(wrong)
    };
    lines.enumerate().map(header).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use crate::config::load::check;

    fn faults(tracing: &Value) -> Vec<String> {
        let faults = check(json!({ "tracing": tracing })).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_is_traced_unless_a_collector_is_named() {
        assert!(check(json!({})).unwrap().tracing.is_none());
        let tracing = check(json!({ "tracing": { "endpoint": "http://localhost:4318/" } })).unwrap().tracing.unwrap();
        assert_eq!(tracing.url, "http://localhost:4318/v1/traces");
        assert_eq!((tracing.sample_ratio, tracing.service_name.as_str()), (0.001, "churnwatch"));
    }

    #[test]
    fn headers_are_read_and_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Authorization: Bearer a:b\n\nX-Scope-OrgID: shop\n").unwrap();
        let table = json!({ "endpoint": "https://tempo.example/otlp", "headers_file": file.path() });
        let settings = check(json!({ "tracing": table })).unwrap();
        assert!(!settings.print().contains("a:b"));
        let headers = settings.tracing.unwrap().headers;
        let read: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        assert_eq!(read, [("Authorization", "Bearer a:b"), ("X-Scope-OrgID", "shop")]);
        let open = json!({ "endpoint": "http://tempo:4318", "headers_file": file.path() });
        assert!(faults(&open).concat().contains("must begin with https://"));
        let let_through = json!({ "endpoint": "http://tempo:4318", "headers_file": file.path(), "allow_http": true });
        assert_eq!(faults(&let_through), Vec::<String>::new());
        std::fs::write(file.path(), "token-without-a-name").unwrap();
        let told = faults(&json!({ "headers_file": file.path() }));
        assert!(told.len() == 1 && told[0].contains("header 1") && !told[0].contains("token"), "{told:?}");
    }

    #[test]
    fn every_fault_is_told_at_once() {
        for endpoint in ["localhost:4318", "grpc://localhost:4317", "http://ann:secret@host:4318", "http://host/?key=1"]
        {
            let told = faults(
                &json!({ "endpoint": endpoint, "sample_ratio": 1.5, "service_name": "", "ca_file": "/nowhere" }),
            );
            assert_eq!(told.len(), 4, "{endpoint}: {told:?}");
            assert!(!told.concat().contains("secret"));
        }
    }
}
