//! W3C trace context in the headers of records: what came in, and what goes out.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use rdkafka::message::{Headers as _, Message};

use crate::wire::dead_letter::{Header, header};

/// The names of the headers.
const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";
/// Longest value that is looked at, in bytes: the standard asks for no more.
const MAX_BYTES: usize = 512;
/// Bytes of a `traceparent`, and where its parts end: version, trace, span, flags.
const BYTES: usize = 55;
const DASHES: [usize; 3] = [2, 35, 52];

/// What the headers of a record say.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// Nothing that can be read.
    Nothing,
    /// It belongs to a trace that is not sampled.
    Unsampled,
    /// It belongs to a trace that is.
    Sampled(SpanContext),
}

/// What the headers of a record say. Where they say that nothing is sampled, or there are none, that costs one look.
pub fn told(message: &impl Message) -> Told {
    let Some(headers) = message.headers() else { return Told::Nothing };
    let of = |name: &str| {
        let header = headers.iter().find(|header| header.key.eq_ignore_ascii_case(name))?;
        header.value.filter(|value| value.len() <= MAX_BYTES)
    };
    let Some(parent) = of(PARENT) else { return Told::Nothing };
    match flags(parent) {
        None => Told::Nothing,
        Some(flags) if flags & 1 == 0 => Told::Unsampled,
        Some(_) => read(parent, of(STATE)),
    }
}

/// The lower flags of a `traceparent`, the lowest of which says "sampled"; `None` where it is not laid out as one.
fn flags(parent: &[u8]) -> Option<u32> {
    let ends = parent.len() == BYTES || parent.get(BYTES) == Some(&b'-');
    let is_one = ends && DASHES.iter().all(|at| parent.get(*at) == Some(&b'-'));
    let digit = parent.get(BYTES - 1).filter(|_| is_one)?;
    char::from(*digit).to_digit(16)
}

/// The context in the values of `traceparent` and `tracestate`.
fn read(parent: &[u8], state: Option<&[u8]>) -> Told {
    let texts = [(PARENT, Some(parent)), (STATE, state)];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, std::str::from_utf8(value?).ok()?)));
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Carried(texts.collect()));
    let context = context.span().span_context().clone();
    if context.is_valid() && context.is_sampled() { Told::Sampled(context) } else { Told::Nothing }
}

struct Carried<'a>(HashMap<&'a str, &'a str>);

impl Extractor for Carried<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).copied()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().copied().collect()
    }
}

/// A new span of the same trace.
pub fn next(of: &SpanContext) -> SpanContext {
    with(of, RandomIdGenerator::default().new_span_id())
}

/// The span of that id in the same trace.
pub fn with(of: &SpanContext, span: SpanId) -> SpanContext {
    SpanContext::new(of.trace_id(), span, TraceFlags::SAMPLED, false, of.trace_state().clone())
}

/// The headers by which a record, or a request, tells of the span that it came from.
pub fn headers(of: &SpanContext) -> Vec<Header> {
    let mut headers = vec![header(PARENT, &format!("00-{}-{}-01", of.trace_id(), of.span_id()))];
    let state = of.trace_state().header();
    if !state.is_empty() {
        headers.push(header(STATE, &state));
    }
    headers
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    use super::{Told, headers, next, told};

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn message(headers: &[(&str, &str)]) -> OwnedMessage {
        let owned = headers
            .iter()
            .fold(OwnedHeaders::new(), |owned, (key, value)| owned.insert(Header { key, value: Some(*value) }));
        let headers = (!headers.is_empty()).then_some(owned);
        OwnedMessage::new(None, None, "churn.events".into(), Timestamp::NotAvailable, 0, 0, headers)
    }

    #[test]
    fn only_a_sampled_trace_is_followed() {
        let parent = |flags: &str| format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
        assert_eq!(told(&message(&[])), Told::Nothing);
        for flags in ["00", "02"] {
            assert_eq!(told(&message(&[("traceparent", &parent(flags))])), Told::Unsampled);
        }
        for broken in ["", "01", &parent("zz"), &parent("01")[1..], &"0".repeat(55)] {
            assert!(!matches!(told(&message(&[("traceparent", broken)])), Told::Sampled(_)), "{broken}");
        }
        for flags in ["01", "03"] {
            let Told::Sampled(context) = told(&message(&[("traceparent", &parent(flags))])) else { panic!("{flags}") };
            assert_eq!((context.trace_id().to_string().as_str(), context.is_remote()), (TRACE, true));
        }
    }

    #[test]
    fn what_goes_out_is_the_trace_and_the_state_that_came_in() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let Told::Sampled(context) = told(&message(&[("Traceparent", &parent), ("tracestate", "shop=1,crm=b")])) else {
            panic!("it is sampled")
        };
        let span = next(&context);
        let out = headers(&span);
        let out: Vec<_> = out.iter().map(|(key, value)| (&**key, std::str::from_utf8(value).unwrap())).collect();
        assert_eq!(out[0].1, format!("00-{TRACE}-{}-01", span.span_id()));
        assert_eq!(out[1], ("tracestate", "shop=1,crm=b"));
        assert_ne!(span.span_id(), context.span_id());
        let Told::Sampled(again) = told(&message(&out)) else { panic!("it is sampled") };
        assert_eq!((again.trace_id(), again.span_id()), (context.trace_id(), span.span_id()));
    }
}
