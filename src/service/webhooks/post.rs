//! One try: a request made, sent and its answer read. Nothing of address, token or secret is in what it tells.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::SpanContext;

use crate::config::fault::Fault;
use crate::config::webhooks::Endpoint;
use crate::service::outgoing::{Obstacle, configured, obstacle};
use crate::service::traces::context::headers;
use crate::wire::webhooks::answer::{Verdict, retry_after, told, verdict};
use crate::wire::webhooks::request::{Request, request};
use crate::wire::webhooks::told::Told;

/// Most bytes of an answer that are read.
const MOST_ANSWER: u64 = 64 * 1024;

/// How a try ended, as metrics and dead letters call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was taken.
    Delivered,
    /// It was refused.
    Refused,
    /// It was refused for now, by 429 or 503.
    Busy,
    /// The address wants nothing any more.
    Gone,
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// The other side's certificate is not trusted, or TLS failed otherwise.
    Tls,
    /// A file of secrets or the address could not be read.
    Secrets,
    /// The record is no alert; it was not tried.
    NoAlert,
}

impl Ending {
    /// Every ending that a try can have, in the order of declaration.
    pub const OF_TRIES: [Self; 8] = [
        Self::Delivered,
        Self::Refused,
        Self::Busy,
        Self::Gone,
        Self::Timeout,
        Self::Unreachable,
        Self::Tls,
        Self::Secrets,
    ];

    /// The name in labels and headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Secrets => "secrets",
            Self::NoAlert => "no alert",
        }
    }
}

/// What came of a try.
#[derive(Clone, Debug)]
pub struct Tried {
    /// How it ended.
    pub ending: Ending,
    /// The status that was answered.
    pub status: Option<u16>,
    /// What was answered, in short, or what was in the way.
    pub said: String,
    /// How long the other side asks to be left alone.
    pub rest: Option<Duration>,
}

impl Tried {
    fn failed(ending: Ending, said: impl Into<String>) -> Self {
        Self { ending, status: None, said: said.into(), rest: None }
    }
}

/// Posts to one endpoint.
pub struct Poster {
    endpoint: Arc<Endpoint>,
    agent: ureq::Agent,
}

impl Poster {
    /// Every file that the endpoint names must be readable now; all faults come back at once.
    pub fn new(endpoint: Arc<Endpoint>) -> Result<Self, Vec<Fault>> {
        let mut faults: Vec<Fault> = endpoint.url().err().into_iter().collect();
        faults.extend(endpoint.credentials().err().into_iter().flatten());
        let authority = endpoint.authority().unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let config = configured(authority, endpoint.timeout).max_idle_connections_per_host(endpoint.parallel);
        Ok(Self { agent: config.build().new_agent(), endpoint })
    }

    /// The request for an alert as it would be sent at a time.
    pub fn request(&self, told: &Told, record: &[u8], millis: i64) -> Result<Request, Fault> {
        let url = self.endpoint.url()?;
        let first = |faults: Vec<Fault>| faults.into_iter().next().unwrap_or_else(|| Fault::new("", ""));
        let credentials = self.endpoint.credentials().map_err(first)?;
        Ok(request(&self.endpoint.way(&url), &credentials, told, record, millis))
    }

    /// One try, which tells of its span where it has one.
    pub fn post(&self, told: &Told, record: &[u8], span: Option<&SpanContext>) -> Tried {
        let now = jiff::Timestamp::now();
        let request = match self.request(told, record, now.as_millisecond()) {
            Ok(request) => request,
            Err(fault) => return Tried::failed(Ending::Secrets, fault.to_string()),
        };
        let mut builder = http::Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        for (name, value) in span.map(headers).unwrap_or_default() {
            builder = builder.header(&*name, &*value);
        }
        let Ok(request) = builder.body(request.body) else {
            return Tried::failed(Ending::Secrets, "the address or the token cannot be sent");
        };
        match self.agent.run(request) {
            Ok(response) => self.answered(response, now.as_second()),
            Err(fault) => {
                let (obstacle, said) = obstacle(&fault);
                Tried::failed(obstacle.into(), said)
            }
        }
    }

    fn answered(&self, mut response: http::Response<ureq::Body>, seconds: i64) -> Tried {
        let status = response.status().as_u16();
        let asked = response.headers().get("retry-after").and_then(|header| header.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        // What was not read to its end is judged as far as it came; a status alone may be enough.
        let _ = response.body_mut().as_reader().take(MOST_ANSWER).read_to_end(&mut body);
        let body = String::from_utf8_lossy(&body);
        let is_busy = [429, 503].contains(&status);
        let rest = asked.filter(|_| is_busy).and_then(|asked| retry_after(&asked, seconds)).map(Duration::from_secs);
        let ending = match verdict(self.endpoint.format, status, &body) {
            Verdict::Delivered => Ending::Delivered,
            Verdict::Gone => Ending::Gone,
            Verdict::Refused if is_busy => Ending::Busy,
            Verdict::Refused => Ending::Refused,
        };
        Tried { ending, status: Some(status), said: told(&body), rest }
    }
}

impl From<Obstacle> for Ending {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Timeout => Self::Timeout,
            Obstacle::Unreachable => Self::Unreachable,
            Obstacle::Tls => Self::Tls,
            Obstacle::NotHttp => Self::Refused,
        }
    }
}
