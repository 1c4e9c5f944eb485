//! Which records are followed, and how a span is told, by OpenTelemetry's conventions for messaging.
//!
//! Invariant: a record that is not followed costs a look at its headers and a random number.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample, SpanData, SpanEvents, SpanLinks,
};
use rdkafka::message::Message;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::telemetry::spans::SpanMetrics;
use crate::service::traces::collector::Collector;
use crate::service::traces::context::{Told, next, told};

/// What follows records; shared by all threads of a process.
#[derive(Clone)]
pub struct Tracer {
    shared: Arc<Shared>,
    topics: Arc<Topics>,
}

struct Shared {
    collector: Collector,
    sampler: Sampler,
    scope: InstrumentationScope,
}

/// The names that spans give to what is read and written.
#[derive(Clone)]
pub struct Topics {
    /// The consumer group.
    pub group: String,
    /// The inputs.
    pub inputs: Vec<String>,
    /// The outputs, by [`crate::processor::batch::OutTopic`].
    pub outputs: [String; 6],
}

/// The span of a record that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    /// Its own.
    pub(crate) own: SpanContext,
    /// The one that the record came from.
    pub(crate) parent: Option<SpanId>,
}

/// What a span tells.
pub struct Span {
    /// Its own place in its trace.
    pub own: SpanContext,
    /// The span that it is a part of, and whether that is another process's.
    pub parent: Option<(SpanId, bool)>,
    /// Its kind.
    pub kind: SpanKind,
    /// Its name.
    pub name: Cow<'static, str>,
    /// When it began and ended.
    pub time: (SystemTime, SystemTime),
    /// What else is known; never a key or a value of a record, which may name a customer.
    pub attributes: Vec<KeyValue>,
    /// Whether it went wrong.
    pub status: Status,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tracer").finish_non_exhaustive()
    }
}

impl Tracer {
    /// Starts what posts the spans; `None`: nothing is traced.
    pub fn start(settings: &Settings, topics: Topics, metrics: SpanMetrics) -> Result<Option<Self>, ServiceFault> {
        let Some(tracing) = &settings.tracing else { return Ok(None) };
        let collector = Collector::start(tracing, settings.file.service.instance.as_deref(), metrics)?;
        let scope = InstrumentationScope::builder("churnwatch").with_version(env!("CARGO_PKG_VERSION")).build();
        let sampler = Sampler::TraceIdRatioBased(tracing.sample_ratio);
        let shared = Arc::new(Shared { collector, sampler, scope });
        Ok(Some(Self { shared, topics: Arc::new(topics) }))
    }

    /// The same for what another group of this process reads.
    #[must_use]
    pub fn of_group(&self, group: String) -> Self {
        let topics = Arc::new(Topics { group, ..(*self.topics).clone() });
        Self { shared: self.shared.clone(), topics }
    }

    /// A span for what a record brings about, if it is sampled: because its headers say so, or because it has none and is
    /// drawn.
    pub(crate) fn sampled(&self, message: &impl Message) -> Option<Begun> {
        match told(message) {
            Told::Sampled(parent) => Some(Begun { own: next(&parent), parent: Some(parent.span_id()) }),
            Told::Unsampled => None,
            Told::Nothing => {
                let ids = RandomIdGenerator::default();
                let trace = ids.new_trace_id();
                let drawn = self.shared.sampler.should_sample(None, trace, "", &SpanKind::Consumer, &[], &[]);
                if drawn.decision != SamplingDecision::RecordAndSample {
                    return None;
                }
                let (span, state) = (ids.new_span_id(), TraceState::default());
                Some(Begun { own: SpanContext::new(trace, span, TraceFlags::SAMPLED, false, state), parent: None })
            }
        }
    }

    /// The names of topics.
    pub(crate) fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Hands a span over, which has ended.
    pub(crate) fn tell(&self, span: Span) {
        let (parent_span_id, parent_span_is_remote) = span.parent.unwrap_or((SpanId::INVALID, false));
        self.shared.collector.take(SpanData {
            span_context: span.own,
            parent_span_id,
            parent_span_is_remote,
            span_kind: span.kind,
            name: span.name,
            start_time: span.time.0,
            end_time: span.time.1,
            attributes: span.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.status,
            instrumentation_scope: self.shared.scope.clone(),
        });
    }

    /// A record was not followed, as too many are.
    pub(crate) fn give_up(&self) {
        self.shared.collector.dropped(1);
    }

    /// Posts what waits, bounded; nothing is told after that.
    pub fn end(&self) {
        self.shared.collector.end();
    }
}

/// What every span of a topic tells.
pub(crate) fn messaging(operation: (&'static str, &'static str), topic: &str) -> Vec<KeyValue> {
    let (name, kind) = operation;
    vec![
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.operation.name", name),
        KeyValue::new("messaging.operation.type", kind),
        KeyValue::new("messaging.destination.name", topic.to_owned()),
    ]
}

/// Where a record stood.
pub(crate) fn place(group: &str, partition: u32, offset: i64) -> [KeyValue; 3] {
    [
        KeyValue::new("messaging.consumer.group.name", group.to_owned()),
        KeyValue::new("messaging.destination.partition.id", partition.to_string()),
        KeyValue::new("messaging.kafka.offset", offset),
    ]
}
