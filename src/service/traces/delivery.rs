//! A sampled alert's way to an endpoint: the span of its delivery, and one of each try.
//!
//! Invariant: no span holds the address, which may be a secret; the endpoint is told by its name.

use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanKind, Status};
use rdkafka::message::Message;

use crate::service::traces::context::next;
use crate::service::traces::tracer::{Begun, Span, Tracer, messaging, place};

/// One alert.
#[derive(Clone, Debug)]
pub struct Delivery {
    span: Begun,
    begun: SystemTime,
    partition: u32,
    offset: i64,
}

/// What became of a try, as its span tells it.
pub(crate) struct Answer<'a> {
    /// The name of the endpoint.
    pub(crate) endpoint: &'a str,
    /// The status, if anything was answered.
    pub(crate) status: Option<u16>,
    /// What was wrong.
    pub(crate) error: Option<&'static str>,
    /// Tries before this one.
    pub(crate) tries: u32,
}

impl Delivery {
    /// An alert was read, if it is sampled.
    pub(crate) fn begin(tracer: &Tracer, message: &impl Message) -> Option<Self> {
        let span = tracer.sampled(message)?;
        let (partition, offset) = (message.partition() as u32, message.offset());
        Some(Self { span, begun: SystemTime::now(), partition, offset })
    }

    /// A span for the next try, which its request tells of.
    pub(crate) fn attempt(&self) -> (SpanContext, SystemTime) {
        (next(&self.span.own), SystemTime::now())
    }

    /// A try has ended.
    pub(crate) fn tried(&self, tracer: &Tracer, (own, begun): (SpanContext, SystemTime), answer: &Answer<'_>) {
        let Answer { endpoint, status, error, tries } = answer;
        let status = status.map(|status| KeyValue::new("http.response.status_code", i64::from(status)));
        let resent = (*tries > 0).then(|| KeyValue::new("http.request.resend_count", i64::from(*tries)));
        let error_type = error.map(|error| KeyValue::new("error.type", error));
        let method = KeyValue::new("http.request.method", "POST");
        let endpoint = KeyValue::new("churnwatch.webhook.endpoint", (*endpoint).to_owned());
        tracer.tell(Span {
            own,
            parent: Some((self.span.own.span_id(), false)),
            kind: SpanKind::Client,
            name: "POST".into(),
            time: (begun, SystemTime::now()),
            attributes: [method, endpoint].into_iter().chain(status).chain(resent).chain(error_type).collect(),
            status: error.map_or(Status::Unset, Status::error),
        });
    }

    /// The alert was delivered, or put aside because of that error.
    pub(crate) fn done(&self, tracer: &Tracer, error: Option<&'static str>) {
        let topics = tracer.topics();
        let name = topics.inputs.first().map_or("", String::as_str);
        let mut attributes = messaging(("process", "process"), name);
        attributes.extend(place(&topics.group, self.partition, self.offset));
        attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
        tracer.tell(Span {
            own: self.span.own.clone(),
            parent: self.span.parent.map(|parent| (parent, true)),
            kind: SpanKind::Consumer,
            name: format!("process {name}").into(),
            time: (self.begun, SystemTime::now()),
            attributes,
            status: error.map_or(Status::Unset, Status::error),
        });
    }
}
